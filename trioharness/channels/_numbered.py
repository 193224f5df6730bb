"""The state of a channel whose items say themselves where they stand in the order of sending.

A plain channel tells the numbers of what it holds from its counters (see `_queue`). That is free of
charge, but true only while messages come in at the back and leave at the front. Where one may leave
from the middle of the queue, or come back from anywhere, each item has its number, for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from operator import attrgetter
from typing import ClassVar

import attrs

from ._state import ChannelState
from ._waiting import Item


@attrs.define(eq=False)
class NumberedState(ChannelState):
    """The state of a channel whose items have numbers; the queue is always in that order."""

    number_of: ClassVar[attrgetter[int]] = attrgetter("number")
    numbers: Iterator[int] = attrs.field(factory=count, init=False)
    """Those of the items that are packed from now on. No item that is packed later is sent earlier:
    who cannot send at once waits in line."""

    def span(self) -> tuple[int, int]:
        """Return the numbers of the oldest and newest queued item."""
        queue = self.queue
        return (self.number_of(queue[0]), self.number_of(queue[-1])) if queue else (1, 0)

    def in_order(self, items: list[Item]) -> list[Item]:
        """Return items in the order of sending: some may have come back after younger ones."""
        return sorted(items, key=self.number_of)

    def put_in_order(self, items: list[Item]) -> None:
        """Queue items again where they were."""
        number_of = self.number_of
        last = max(map(number_of, items), default=-1)
        older: list[Item] = []
        while self.queue and number_of(self.queue[0]) < last:
            older.append(self.queue.popleft())
        self.queue.extendleft(sorted([*older, *items], key=number_of, reverse=True))
