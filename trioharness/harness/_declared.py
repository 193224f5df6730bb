"""What a harness is described with, before anything of it exists."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NoReturn, TypeAlias, final

import attrs
from typing_extensions import TypeForm

from .._errors import EndNotOpen
from ..supervision import Options, shape_of


@attrs.frozen(eq=False)
class DeclaredChannel:
    """A channel, or something like it, that each run of the harness opens anew."""

    kind: Literal["channel", "topic", "subscription", "requests"]
    name: str
    message_type: TypeForm[Any]
    max_deliveries: int | None = None
    max_buffer_size: float = math.inf
    overflow: str = "wait"
    of: DeclaredChannel | None = None
    """The topic of a subscription."""
    reply_type: TypeForm[Any] | None = None
    """What requests are answered with."""

    @property
    def source(self) -> DeclaredChannel:
        """What is sent into, for what is received here."""
        return self.of or self


def not_open(subject: str, use: str) -> EndNotOpen:
    """Return the error for a use of what exists only in a run."""
    return EndNotOpen(
        subject,
        f"{use}, but exists only while the harness runs",
        "give it to a component as an argument of its own in add(), and use it there",
    )


def _only_in_a_run(use: str) -> Callable[..., NoReturn]:
    """Return the method of a `DeclaredEnd` that refuses one use of it."""

    def refuse(self: DeclaredEnd, *_: object) -> NoReturn:
        raise self.not_open(f"it was used in {use!r}")

    return refuse


@final
@attrs.frozen(eq=False, repr=False)
class DeclaredEnd:
    """An end of a declared channel: an argument for `Harness.add`, and nothing else yet.

    To the type checker it is the end that the component will get. Whoever uses it as one, outside
    of a run, is told so.
    """

    declared: DeclaredChannel
    sends: bool
    """Whether it is the send end."""

    # What statements ask for goes past `__getattr__`.
    __enter__ = __exit__ = _only_in_a_run("with")
    __aenter__ = __aexit__ = _only_in_a_run("async with")
    __aiter__ = __anext__ = _only_in_a_run("async for")

    def __repr__(self) -> str:
        side = "send" if self.sends else "receive"
        return f"<declared {side} end of {self.declared.kind} {self.declared.name!r}>"

    def __getattr__(self, attribute: str) -> NoReturn:
        # Its own fields only come here while it is half made, by `copy` or `pickle`.
        if attribute.startswith("_") or attribute in {"declared", "sends"}:
            raise AttributeError(attribute)
        raise self.not_open(f"it was asked for {attribute!r}")

    def not_open(self, use: str) -> EndNotOpen:
        """Return the error for a use that only the end itself could be put to."""
        return not_open(repr(self), use)

    def not_exposed(self) -> EndNotOpen:
        """Return the error for a use from outside of the components, whose it is alone."""
        return EndNotOpen(
            repr(self),
            "it was used from outside of the components",
            "call expose() with it where the harness is described, or use it in a component",
        )


@attrs.frozen(eq=False, repr=False, kw_only=True)
class DeclaredMember:
    """What a supervisor of a harness consists of: a component, or a supervisor again."""

    name: str
    """Its name; with ``copies``, the part that they share."""
    options: Options
    after: Sequence[Reference] = ()
    copies: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """What its copies are called."""
        if self.copies == 1:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.copies + 1))


@final
@attrs.frozen(eq=False, repr=False, kw_only=True)
class DeclaredChild(DeclaredMember):
    """A component that was added to a harness: what ``needs=`` and ``after=`` name."""

    fn: Callable[..., object]
    args: tuple[object, ...]
    needs: Mapping[str, Reference] = attrs.field(factory=dict[str, "Reference"])

    def __repr__(self) -> str:
        copies = f" x {self.copies}" if self.copies > 1 else ""
        return f"<declared component {self.name!r}{copies}>"

    @property
    def background(self) -> bool:
        """Whether it does not keep the harness running, and is stopped last."""
        if self.options.background is not None:
            return self.options.background
        return shape_of(without_partial(self.fn)).opens


Reference: TypeAlias = DeclaredMember | str
"""What ``needs=`` and ``after=`` of a harness take: what `add` or `supervisor` returned, or a
name."""


def without_partial(fn: Callable[..., object]) -> Callable[..., object]:
    """Return the function that a `functools.partial` is made of."""
    return fn.func if isinstance(fn, functools.partial) else fn


def name_of(reference: Reference) -> str:
    """Return the name that a reference stands for."""
    return reference if isinstance(reference, str) else reference.name
