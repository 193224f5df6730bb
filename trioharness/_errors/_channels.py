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
            f"send what it carries, or open the channel for {self.expected} | {self.got}"
        )


@attrs.define(eq=False, repr=False, slots=False)
class Lagged(TrioharnessError):
    """A subscriber missed messages of its topic; it is told once, where they would have come.

    What comes next is received next, so a subscriber that can do without them just goes on.
    """

    channel: str
    """Name of the subscription."""
    count: int
    """How many messages it missed here."""

    def __str__(self) -> str:
        return (
            f"subscription {self.channel!r} missed {_messages(self.count)}; receive again to go "
            f"on with the next one, or subscribe with more room, or with lagged='count'"
        )


@attrs.define(eq=False, repr=False, slots=False)
class FilterFailed(TrioharnessError):
    """The filter of a subscription raised, so that its subscriber missed messages.

    It is told once, by the next receive, and the first error of the filter is its cause. The
    publisher and the other subscribers do not notice.
    """

    channel: str
    """Name of the subscription."""
    count: int
    """How many messages the filter has failed for since this was told last."""

    def __str__(self) -> str:
        return (
            f"the filter of subscription {self.channel!r} failed for {_messages(self.count)}, "
            f"not queued therefore; mend what it was given as where="
        )


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


@attrs.define(eq=False, repr=False, slots=False)
class NoRoute(TrioharnessError):
    """No rule matches a message that is to be passed on."""

    message: str
    """The message."""
    rules: str
    """The rules."""

    def __str__(self) -> str:
        return (
            f"no rule matches {self.message} ({self.rules}); add a Rule for it, or say with "
            f"otherwise= that it is dropped, or dead"
        )
