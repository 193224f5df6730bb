"""What becomes of messages, as data, and as the events that tell of it.

Apart from the events of children: who wants channels alone does not wait for those.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from .._frozen import frozen

Fate: TypeAlias = Literal["acknowledged", "returned", "dead"]
"""What became of a message in hand: done with, back in front of its channel, or a dead letter."""


@frozen(kw_only=True)
class InHand:
    """A message that an incarnation had received and not yet acknowledged when it ended."""

    channel: str
    """Name of the channel."""
    message: str
    """The message, as a shortened `repr`: an event keeps no message alive."""
    attempt: int
    """Which delivery this was, from 1."""
    max_deliveries: int
    """How many deliveries the channel allows."""
    fate: Fate
    """What became of it."""


@frozen(kw_only=True)
class DeadLettered:
    """A message was delivered as often as its channel allows, and crashed each of its receivers."""

    channel: str
    time: float
    message: str
    """The message, as a shortened `repr`."""
    attempts: int
    error: str
    """The last error, in one line."""


@frozen(kw_only=True)
class MessagesDropped:
    """A full channel dropped messages, as its ``overflow`` says.

    Told to the ``observer`` of the channel: the first drop at once, then at most one event a
    second, with all since the last; the rest when nothing can be sent any more.
    """

    channel: str
    time: float
    overflow: str
    """Which of the channel's messages were dropped: its ``overflow`` in `open_channel`."""
    count: int
    """How many since the last event of this channel."""
    dropped: int
    """How many in all."""
