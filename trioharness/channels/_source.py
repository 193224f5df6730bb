"""What `select` and `merge` need of whatever they take from: the protocol of a source.

There are two steps to it, so that what users hold need not show any of this. What is given to
`select` has one private method, `_source`, which returns an object of its own for this one select:

    def _source(self) -> Source[tuple[Subscription[T], T]]:
        return ChannelSource(self, self._state, self._hand)

The type argument is what ``async for`` yields: the very object that was given, and an item of it.
Whatever stands on a `ChannelState` and a `Hand` returns a `ChannelSource`; a source of another kind
has the methods of `Source`. All of them are called in one step of a task, and none of them waits.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, TypeGuard, TypeVar, final

import attrs
import trio

from ._hand import Hand, Meter
from ._state import ChannelState
from ._waiting import EMPTY, OVER, Item
from ._watching import Watcher, unwatch, watch

Pair_co = TypeVar("Pair_co", covariant=True)
"""``tuple[X, T]``: the object that was given to `select`, and an item of it."""
End = TypeVar("End")
T = TypeVar("T")


class Source(Protocol[Pair_co]):
    """What a select asks of one of its sources."""

    lasting: bool
    """Whether it never ends, so that a select does not wait for its end either."""

    def take(self) -> Pair_co | None:
        """Take the next item, which leaves the source with this; None if there is none just now.

        Raises:
            trio.EndOfChannel: There is none and there will be none.
            trio.ClosedResourceError: What was given has been closed.
        """
        ...

    def acknowledge(self) -> None:
        """Take note that whoever has got the last item is done with it."""
        ...

    def watch(self, watcher: Watcher) -> float:
        """Call the watcher once, when `take` may have something to say; called after a None.

        Returns:
            The trio time at which it has, without anybody being called; infinite for none.
        """
        ...

    def unwatch(self, watcher: Watcher) -> None:
        """Do not call the watcher, if it has not been called yet."""
        ...

    def meter(self) -> Meter | None:
        """Return what is to be told of waits, see `ReceiveChannel.watch`; None for nothing."""
        ...

    def problem(self) -> tuple[str, str] | None:
        """Say why nothing could ever be taken in a select, and the cure; None if it can be."""
        ...


class Selectable(Protocol[Pair_co]):
    """What can be given to `select` and `merge`."""

    def _source(self) -> Source[Pair_co]:
        """Return the source, for one select."""
        ...


def is_selectable(value: object) -> TypeGuard[Selectable[Any]]:
    """Say whether something can be given to `select`."""
    return hasattr(value, "_source")


@final
@attrs.define(eq=False)
class ChannelSource(Source[tuple[End, T]]):
    """A receive end, or anything else that receives from a channel of its own.

    An item is in hand as after a receive on that end, whose hand it is.
    """

    end: End
    """What was given."""
    state: ChannelState
    hand: Hand
    lasting: bool = attrs.field(default=False, init=False)

    def take(self) -> tuple[End, T] | None:
        """Take the next message, as `ReceiveChannel.receive_nowait` does.

        Raises:
            trio.EndOfChannel: The channel has ended.
            trio.ClosedResourceError: The end is closed.
        """
        state, hand = self.state, self.hand
        if hand.closed:
            raise state.closed_error()
        if hand.held:
            state.acknowledge(hand)
        item: Item = state.take(hand)
        if item is EMPTY:
            return None
        if item is OVER:
            raise trio.EndOfChannel
        return self.end, state.unpack(hand, item) if state.tracked else item

    def acknowledge(self) -> None:
        """Acknowledge what the end has in hand."""
        if self.hand.held:
            self.state.acknowledge(self.hand)

    def watch(self, watcher: Watcher) -> float:
        """Call the watcher when something comes, or ends."""
        watch(self.state, watcher)
        if self.state.answers:  # whoever deals with another source could not answer meanwhile
            self.hand.at_work = self
        return math.inf

    def unwatch(self, watcher: Watcher) -> None:
        """Do not call the watcher."""
        unwatch(self.state, watcher)
        if self.hand.at_work is self:
            self.hand.at_work = None

    def meter(self) -> Meter | None:
        """Return the meter of the end."""
        return self.hand.meter

    def problem(self) -> tuple[str, str] | None:
        """Refuse a channel that has no room and lets no sender wait.

        It drops or refuses whatever nobody waits to receive, and a select only looks for what is
        there: it would never see anything.
        """
        if self.state.max_buffer_size or self.state.overflow is None:
            return None
        name = self.state.name
        problem = f"channel {name!r} neither keeps a message nor lets a send wait for a select"
        return problem, "open it with max_buffer_size=1, say, or with overflow='wait'"
