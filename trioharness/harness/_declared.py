"""What a harness is described with, before anything of it exists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias, final

import attrs
from typing_extensions import TypeForm

from .._errors import ConfigurationError
from ..supervision import Options


@attrs.frozen(eq=False)
class DeclaredChannel:
    """A channel that each run of the harness opens anew."""

    name: str
    message_type: TypeForm[Any]
    max_buffer_size: float
    max_deliveries: int | None


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

    def __repr__(self) -> str:
        side = "send" if self.sends else "receive"
        return f"<declared {side} end of channel {self.declared.name!r}>"

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        raise ConfigurationError(
            repr(self),
            f"it was asked for {attribute!r}, but exists only while the harness runs",
            "give it to a component with add(), and use it there",
        )


@final
@attrs.frozen(eq=False, repr=False)
class DeclaredChild:
    """A component that was added to a harness: what ``needs=`` and ``after=`` name."""

    name: str
    """Its name; with ``copies``, the part that they share."""
    fn: Callable[..., object]
    args: tuple[object, ...]
    options: Options
    needs: Mapping[str, Reference]
    after: Sequence[Reference]
    copies: int

    def __repr__(self) -> str:
        copies = f" x {self.copies}" if self.copies > 1 else ""
        return f"<declared component {self.name!r}{copies}>"


Reference: TypeAlias = DeclaredChild | str
"""What ``needs=`` and ``after=`` of a harness take: what `Harness.add` returned, or a name."""
