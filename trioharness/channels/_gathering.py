"""Waiting for a batch to become fuller.

The items that it has meanwhile belong to nobody yet: a cancel puts them back to where they were in
the order of sending, whatever other such batches have put back before, and a receiver that waits
elsewhere is not told of the end of the channel until it is certain that they will not come back.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

import attrs
import trio

from ._queue import Numbered
from ._state import ChannelState
from ._waiting import OVER, Item, Seat, wait_to_receive

TELL_HOW: Final = -1
"""The limit of a seat that wants to be told how it gets each message."""


@attrs.define(eq=False, kw_only=True)
class Gatherer(Seat):
    """As what a task waits for a batch that may come back: it notes the number of each message."""

    state: ChannelState
    items: Numbered
    """What it has of the batch."""
    most: int
    """The most messages of the batch."""
    limit: int = attrs.field(default=TELL_HOW, init=False)

    @property
    def room(self) -> int:
        """How many messages the batch lacks."""
        return self.most - len(self.items)

    def present(self, item: Item) -> Item:
        """Return the item that is given as a list, as more would be."""
        return self.present_many([item])

    def present_many(self, items: list[Item]) -> Item:
        """Return the items that are given, which are no longer queued, or not yet sent."""
        self.items.numbers += islice(self.state.upcoming(), len(items))
        return items

    def take_more(self, state: ChannelState, items: list[Item]) -> bool:
        """Add what is there to the batch, and say whether it is worth waiting for more."""
        numbers = state.upcoming()
        had = len(items)
        more = state.take_more(self.hand, items, self.most)
        self.items.numbers += islice(numbers, len(items) - had)
        return more


async def fill(  # noqa: ASYNC910 - a batch that is full already has had its checkpoint
    gatherer: Gatherer, within: float
) -> None:
    """Wait up to `within` seconds for more items of a batch that has its first.

    Cancelled, or closed under its feet, it puts all items back: nobody has seen them.
    """
    state, hand, items = gatherer.state, gatherer.hand, gatherer.items
    gatherer.filling = True
    complete = False
    state.gathering += 1
    try:
        with trio.move_on_after(within):  # noqa: ASYNC912 - a full batch needs no cancel point
            while not hand.closed and gatherer.take_more(state, items):
                given = await wait_to_receive(state, gatherer)
                if given is OVER:
                    break
                items += given
        if hand.closed:
            raise state.closed_error()
        complete = True
    finally:
        state.gathering -= 1
        if not complete:
            state.give_back(hand, items)
        state.end_receivers()
