"""Components that are written for anyio's streams."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, cast

import attrs
import trio

from .._errors import ComponentTypeError
from .._util import callable_name
from ._streams import to_anyio

P = ParamSpec("P")
R = TypeVar("R")


def with_streams(fn: Callable[P, R]) -> Callable[..., R]:
    """Make a component out of one that takes anyio's streams: it gets each channel end as one.

    What else it is written for needs nothing: anyio's task groups, events and locks work in any
    component, a ``task_status`` is what anyio has by that name, and its memory object streams are
    handed over as they are.

    Example::

        async def worker(orders: ObjectReceiveStream[Order]) -> None:
            async for order in orders:
                ...

        app.add(interop.with_streams(worker), orders_in)

    Args:
        fn: The component: an async function, or one that gives an async context manager.

    Returns:
        A component of the same arguments, with ends of channels in place of streams. It says
        nothing of their types, so that `Harness.check` cannot compare those.

    Raises:
        ComponentTypeError: `fn` is a class, or nothing that can be called.
    """
    if isinstance(fn, functools.partial):
        # What is in it stays to be seen from outside: there may be channel ends among it.
        bound = cast("functools.partial[R]", fn)
        return functools.partial(with_streams(bound.func), *bound.args, **bound.keywords)
    if isinstance(fn, type) or not callable(fn):
        raise ComponentTypeError(
            f"with_streams({fn!r})", "it is no function", "give a function that takes streams"
        )
    return _WithStreams(fn, inspect.signature(fn))


@attrs.frozen(eq=False, repr=False, slots=False)
class _WithStreams(Generic[R]):
    """A function that is called with streams in place of ends.

    It is no function around a function: who looks for its annotations is to find none.
    """

    _fn: Callable[..., R]
    _signature: inspect.Signature

    def __attrs_post_init__(self) -> None:
        parameters = [
            parameter.replace(annotation=inspect.Parameter.empty)
            for parameter in self._signature.parameters.values()
        ]
        about = {
            "__name__": callable_name(self._fn),
            "__qualname__": callable_name(self._fn),
            "__doc__": self._fn.__doc__,
            "__signature__": self._signature.replace(parameters=parameters),
        }
        vars(self).update(about)

    def __repr__(self) -> str:
        return f"<{callable_name(self._fn)} with streams>"

    def __call__(self, *args: Any, **keywords: Any) -> R:
        streams = {key: _as_stream(value) for key, value in keywords.items()}
        return self._fn(*map(_as_stream, args), **streams)


def _as_stream(value: object) -> object:
    if isinstance(value, trio.abc.SendChannel | trio.abc.ReceiveChannel):
        return _change(cast("object", value))
    return value


_change = cast("Callable[[object], object]", to_anyio)
"""The same, whatever an end carries."""
