"""What a harness refuses while it is described: each error is raised where the line is written."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import partial
from typing import cast

from .._errors import ConfigurationError, UnknownNeedError
from ..supervision import AsIs, Options, check_name
from ._channels import DeclaredTopic
from ._declared import DeclaredChannel, DeclaredEnd, DeclaredMember


def check_harness(name: object, grace: float, dead_letters: object, observer: object) -> None:
    """Refuse options that no harness can have.

    Raises:
        ConfigurationError: One cannot be; the error names it and the cure.
    """
    subject = f"harness {name!r}"
    check_name(subject, name)
    Options(grace=grace).check(subject)
    if dead_letters is not None and not isinstance(dead_letters, str | os.PathLike):
        raise ConfigurationError(
            subject, f"dead_letters={dead_letters!r} is no path", "give the path of a file"
        )
    check_observer(subject, observer)


def check_observer(subject: str, observer: object) -> None:
    """Refuse what cannot be told events.

    Raises:
        ConfigurationError: It is not callable.
    """
    if observer is not None and not callable(observer):
        raise ConfigurationError(
            subject, f"observer={observer!r} is not callable", "give a function of one event"
        )


def check_copies(subject: str, copies: object) -> None:
    """Refuse what is no number of copies.

    Raises:
        ConfigurationError: It is no whole number of at least 1.
    """
    if not isinstance(copies, int) or isinstance(copies, bool) or copies < 1:
        raise ConfigurationError(subject, f"copies={copies!r} is no count", "give 1 or more")


def check_references(subject: str, needs: object, after: object) -> None:
    """Refuse what cannot name other components; whether they exist is seen when it is run.

    Raises:
        ConfigurationError: ``needs`` is no mapping by keyword, or ``after`` no list.
        UnknownNeedError: Something in them is neither a component nor a name.
    """
    if needs is not None and not isinstance(needs, Mapping):
        raise ConfigurationError(
            subject,
            f"needs={needs!r} is no mapping",
            "give needs={'keyword': component}; for order alone use after=[component]",
        )
    if not isinstance(after, Sequence) or isinstance(after, str):
        raise ConfigurationError(subject, f"after={after!r} is no list", "give after=[component]")
    wanted = cast("Mapping[object, object]", needs or {})
    for keyword in wanted:
        if not isinstance(keyword, str):
            raise ConfigurationError(
                subject,
                f"needs has the key {keyword!r}",
                "give the keyword that the component takes the value by",
            )
    for reference in (*wanted.values(), *cast("Sequence[object]", after)):
        if not isinstance(reference, DeclaredMember | str):
            raise UnknownNeedError(
                subject,
                f"it needs {reference!r}, which is no component",
                "give what add() returned, or a name",
            )


def check_ends(fn: object, args: Sequence[object], channels: Container[DeclaredChannel]) -> None:
    """Refuse ends and topics that this harness did not declare, or that it could not open.

    Raises:
        ConfigurationError: An end is another harness's.
        EndNotOpen: An end or a topic is marked with `as_is`.
    """
    for argument in (*_bound(fn), *args):
        if isinstance(argument, AsIs):
            marked = cast("AsIs[object]", argument).value
            if isinstance(marked, DeclaredEnd | DeclaredTopic):
                raise marked.not_open("it was marked with as_is()")
        if isinstance(argument, DeclaredEnd | DeclaredTopic):
            declared = argument.declared
            if declared not in channels:
                how = {"subscription": "topic"}.get(declared.kind, declared.kind)
                raise ConfigurationError(
                    repr(argument),
                    "it was declared by another harness",
                    f"declare it with this one's {how}()",
                )


def _bound(fn: object) -> Iterator[object]:
    """Yield the arguments that a `functools.partial` has already."""
    if isinstance(fn, partial):
        bound = cast("partial[object]", fn)
        yield from bound.args
        yield from bound.keywords.values()
