"""Who waits at a channel, and what for.

One ordered dict a side holds the tasks that wait: leaving from the middle (a cancel) is as cheap as
leaving from the front.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs
from trio.lowlevel import Abort, Task, current_task, wait_task_rescheduled

from ._hand import Hand, Meter
from ._progress import SendProgress

if TYPE_CHECKING:
    from ._state import ChannelState

Item: TypeAlias = Any
"""What is queued: a message as it was sent or, with `max_deliveries`, an `Entry` around it."""

Waiting: TypeAlias = tuple[object, Item, SendProgress | None]
"""What a task waits to send: through which end, and the message; or, in place of that, the batch of
which the rest waits."""

EMPTY: Final = object()
"""In place of an item: there is nothing to take yet."""
OVER: Final = object()
"""In place of an item: nothing is left to take and nothing can come. It is a mark and no exception
because ``async for`` and `receive` have to raise different ones, and a coroutine in between that
turns one into the other costs 3 % of a message."""


@attrs.define(eq=False)
class Seat:
    """As what a task waits to receive: where the message goes that it is given."""

    hand: Hand
    filling: bool = attrs.field(default=False, init=False)
    """It has part of a batch already, so the end of the channel is no news it must wait for."""
    limit: int = 0
    """The most messages it takes at a time, which come in a list; 0 for one message as it is, and
    less for one that wants to be told how it gets each."""

    @property
    def room(self) -> int:
        """How many messages it takes just now."""
        return self.limit or 1

    def present(self, item: Item) -> Item:
        """Return one item in the form in which it is awaited here."""
        return [item] if self.limit else item

    def present_many(self, items: list[Item]) -> Item:
        """Return items, for which there is `room`, in the form in which they are awaited here."""
        return items if self.limit else items[0]

    def take_more(self, state: ChannelState, items: list[Item]) -> bool:
        """Add what is there to a batch, and say whether it is worth waiting for more."""
        return state.take_more(self.hand, items, self.limit)


def leave(waiting: OrderedDict[Task, Any], task: Task, _: object) -> Abort:
    """Cancel the wait of a task: it takes nothing, or what it sends was not sent."""
    del waiting[task]
    return Abort.SUCCEEDED


def wait_to_receive(state: ChannelState, seat: Seat) -> Coroutine[Any, Any, Item]:
    """Wait until the channel gives this task an item (a list for a seat of a batch), or `OVER`.

    It is to be awaited at once. Without a meter it is trio's own coroutine and none around it.
    """
    task = current_task()
    state.receivers[task] = seat
    wait = wait_task_rescheduled(  # noqa: ASYNC105 - by who calls this
        partial(leave, state.receivers, task)
    )
    meter = seat.hand.meter
    return wait if meter is None else metered(wait, meter)


async def metered(wait: Coroutine[Any, Any, Item], meter: Meter) -> Item:
    """Wait, and tell a meter when that begins and ends."""
    meter.wait_began()
    try:
        return await wait
    finally:
        meter.wait_ended()
