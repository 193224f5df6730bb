"""What the parameters of a component get when it is called, as far as that can be seen before."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, cast

from ._forms import Form, hint_of

Parameters: TypeAlias = Sequence[tuple[str, Form, object]]
"""For each argument the name of its parameter, the annotation of that, and the argument."""

_PASS_ALL_ON = ("contextlib", __name__.partition(".")[0])
"""Modules whose wrappers call what they wrap with the arguments that they get, no more, no less."""


def call_of(
    fn: Callable[..., object], args: Sequence[object], needs: Mapping[str, object]
) -> Parameters | str:
    """Return what the parameters of a component get, or why it cannot be called like that.

    Args:
        fn: The component.
        args: Its arguments.
        needs: What it gets by keyword, whatever that will be.
    """
    keywords: dict[str, object] = {**dict.fromkeys(needs)}
    if isinstance(fn, partial):
        bound = cast("partial[object]", fn)
        fn, args, keywords = bound.func, (*bound.args, *args), {**bound.keywords, **keywords}
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):  # some callables of C have none to show
        return ()
    if "task_status" in signature.parameters:
        keywords["task_status"] = None
    try:
        arguments = signature.bind(*args, **keywords).arguments
    except TypeError as error:
        return () if _takes_anyhow(fn, args, keywords) else str(error)
    return [*_each(signature, _annotated(fn), arguments)]


def _takes_anyhow(
    fn: Callable[..., object], args: Sequence[object], keywords: Mapping[str, object]
) -> bool:
    """Say whether somebody's decorator takes arguments that what it decorates does not.

    It may add some and take some out, and shows the signature of the other all the same.
    """

    def is_foreign(layer: Callable[..., object]) -> bool:
        module = str(getattr(layer, "__globals__", {}).get("__name__"))
        return module.partition(".")[0] not in _PASS_ALL_ON

    outer = inspect.unwrap(fn, stop=is_foreign)
    if not hasattr(outer, "__wrapped__") or hasattr(outer, "__signature__"):
        return False
    try:
        inspect.signature(outer, follow_wrapped=False).bind(*args, **keywords)
    except TypeError:
        return False
    return True


def _each(
    signature: inspect.Signature, annotated: object, arguments: Mapping[str, Any]
) -> Iterator[tuple[str, Form, object]]:
    for name, value in arguments.items():
        hint, kind = hint_of(annotated, name), signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            values: Sequence[object] = value
        else:
            values = [*value.values()] if kind is inspect.Parameter.VAR_KEYWORD else [value]
        for each in values:
            yield name, hint, each


def _annotated(fn: object) -> object:
    """Return what carries the annotations of a component."""
    if isinstance(fn, type):
        return getattr(fn, "__init__", fn)
    inner = inspect.unwrap(cast("Callable[..., object]", fn))
    # The annotations of an object are those of its attributes.
    return inner if inspect.isroutine(inner) else inspect.unwrap(type(inner).__call__)
