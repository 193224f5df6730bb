"""What a channel does with a message for which it has no room.

A policy is asked only when nobody waits to receive and the channel is full, so a channel that never
is full, or that lets its senders wait, pays nothing for there being policies. Whatever is lost by
one is counted by `drop_queued` and `drop_new` of the state.

What has been delivered is no policy's business: a message in hand is never dropped, nor is one that
waits for room among the dead letters. What comes back from a hand may exceed the bound; it stays
then, and is the first to go when the next message needs room (`drop_oldest`), or keeps new ones out
until there is room again (`drop_newest`, `error`). Only `latest` lets nothing come back that is
older than what is queued.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

import trio

if TYPE_CHECKING:
    from ._state import ChannelState

Overflow: TypeAlias = Literal["wait", "drop_oldest", "drop_newest", "latest", "error"]
"""What a send into a full channel does; see `open_channel`."""


class Policy(ABC):
    """What is done in place of letting a sender wait."""

    __slots__ = ()
    keeps_one: ClassVar[bool] = False
    """Whether the queue holds the newest message and no other, whatever comes back."""

    @abstractmethod
    def spill(self, state: ChannelState, item: Any) -> None:
        """Deal with an item for which there is no room: queue it in place of another, or drop it.

        Raises:
            trio.WouldBlock: It is refused.
        """


class DropOldest(Policy):
    """Drop what is queued, oldest first, until there is room.

    Where there never is any, because the channel holds none or all room is taken by messages on
    their way to the dead letters, the item is the oldest there is.
    """

    __slots__ = ()

    def spill(self, state: ChannelState, item: Any) -> None:
        """Make room for the item."""
        while state.queue and not state.has_room and state.max_buffer_size:
            state.drop_queued()
        if state.has_room:
            state.queue.append(item)
        else:
            state.drop_new()


class DropNewest(Policy):
    """Drop the item itself."""

    __slots__ = ()

    def spill(self, state: ChannelState, item: Any) -> None:
        """Drop the item."""
        state.drop_new()


class Latest(Policy):
    """Keep nothing but the newest."""

    __slots__ = ()
    keeps_one = True

    def spill(self, state: ChannelState, item: Any) -> None:
        """Queue the item in place of all others."""
        state.queue.append(item)
        state.drop_outdated()


class Refuse(Policy):
    """Have the sender told."""

    __slots__ = ()

    def spill(self, state: ChannelState, item: Any) -> None:
        """Refuse the item.

        Raises:
            trio.WouldBlock: Always.
        """
        raise trio.WouldBlock(
            f"channel {state.name!r} is full, {state.buffered}/{state.max_buffer_size} queued, "
            f"and does not let a send wait, because it was opened with overflow='error'"
        )


POLICIES: Final[Mapping[str, Policy | None]] = MappingProxyType(
    {
        "wait": None,
        "drop_oldest": DropOldest(),
        "drop_newest": DropNewest(),
        "latest": Latest(),
        "error": Refuse(),
    }
)
"""All there are, by the word for `open_channel`; None lets senders wait."""
