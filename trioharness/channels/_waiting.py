"""Who waits at a channel, and what for.

One ordered dict a side holds the tasks that wait: leaving from the middle (a cancel) is as cheap as
leaving from the front.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs
from trio.lowlevel import Abort, Task, current_task, wait_task_rescheduled

from ._hand import Hand
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


@attrs.frozen(eq=False)
class Seat:
    """As what a task waits to receive: where the message goes that it is given."""

    hand: Hand
    filling: bool = False
    """It has part of a batch already, so the end of the channel is no news it must wait for."""


def leave(waiting: OrderedDict[Task, Any], task: Task, _: object) -> Abort:
    """Cancel the wait of a task: it takes nothing, or what it sends was not sent."""
    del waiting[task]
    return Abort.SUCCEEDED


async def wait_to_receive(state: ChannelState, seat: Seat) -> Item:
    """Wait until the channel gives this task an item, or `OVER`."""
    task = current_task()
    state.receivers[task] = seat
    meter = seat.hand.meter
    if meter is None:
        return await wait_task_rescheduled(partial(leave, state.receivers, task))
    meter.wait_began()
    try:
        return await wait_task_rescheduled(partial(leave, state.receivers, task))
    finally:
        meter.wait_ended()
