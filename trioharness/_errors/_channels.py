"""Errors of channels and topics, in addition to trio's own."""

from __future__ import annotations

import attrs

from ._root import TrioharnessError


@attrs.define(eq=False, repr=False, slots=False)
class MessageTypeError(TrioharnessError, TypeError):
    """A channel was given a value of a type it does not carry; nothing was queued."""

    channel: str
    """Name of the channel."""
    expected: str
    """The type the channel was opened with, as written."""
    got: str
    """Type of the offending value."""

    def __str__(self) -> str:
        return (
            f"channel {self.channel!r} carries {self.expected}, but was given {self.got}; "
            f"send a {self.expected}, or open the channel for {self.expected} | {self.got}"
        )
