"""What waits in a channel, in the order of sending.

Messages have numbers in that order, from 1 on. No message carries its own: those of the queue
follow from the counters, because messages leave at the front and new ones come in at the back. Only
who takes a message that may come back has to note its number, so that it comes back to where it
was; where a message may also leave from the middle, it keeps its number instead (`NumberedState`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain, count
from operator import itemgetter
from typing import Final

import attrs

from ._ends import Ends
from ._waiting import Item


class Numbered(list[Item]):
    """Messages that were taken and may come back, with the number of each of them."""

    def __init__(self) -> None:
        """Make it empty."""
        super().__init__()
        self.numbers: list[int] = []


_number: Final = itemgetter(0)


@attrs.define(eq=False)
class Queue(Ends):
    """The queue of one channel."""

    max_buffer_size: float
    queue: deque[Item] = attrs.field(factory=deque[Item], init=False)
    returned: list[int] = attrs.field(factory=list[int], init=False)
    """The numbers of the messages at the front that had been away, when somebody last looked."""
    unmoved: int = attrs.field(default=1, init=False)
    """The number of the message behind them, where they are still queued: from there on each
    follows from the one before."""

    @property
    def buffered(self) -> int:
        """How many messages wait in the channel."""
        return len(self.queue)

    @property
    def load(self) -> str:
        """What it holds, for the `repr`."""
        return f"{self.buffered}/{self.max_buffer_size} queued"

    @property
    def has_room(self) -> bool:
        """Whether one more message may wait in the channel."""
        return self.buffered < self.max_buffer_size

    @property
    def newest(self) -> int:
        """The number of the message that was queued or given to a receiver last."""
        return self.sent - self.unqueued

    def span(self) -> tuple[int, int]:
        """Return the numbers of the oldest and newest queued message.

        The first is greater than the second if nothing is queued.
        """
        return next(self.upcoming()), self.newest

    def upcoming(self) -> Iterator[int]:
        """Return the numbers of the messages that are received next, without an end."""
        back = self.came_back()
        return chain(back, count(self.newest - len(self.queue) + len(back) + 1))

    def came_back(self) -> list[int]:
        """Return the numbers of the queued messages that had been away; they are at the front."""
        left = len(self.queue) - (self.newest - self.unmoved + 1)
        self.returned = self.returned[-left:] if left > 0 else []  # forget what is gone
        return self.returned

    def put_in_order(self, items: Numbered) -> None:
        """Queue messages again where they were."""
        back = self.came_back()
        front = [(number, self.queue.popleft()) for number in back]
        self.unmoved = self.newest - len(self.queue) + 1
        front += zip(items.numbers, items, strict=True)
        front.sort(key=_number)
        self.returned = [number for number, _ in front]
        self.queue.extendleft(item for _, item in reversed(front))

    def in_order(self, items: Numbered) -> list[Item]:
        """Return messages in the order of sending: some may have come back after younger ones."""
        return [item for _, item in sorted(zip(items.numbers, items, strict=True), key=_number)]

    def drop_queued(self) -> None:
        """Drop the message that has been queued for longest."""
        self.queue.popleft()
        self.dropped += 1
