"""Messages in batches: one wake-up and one checkpoint for many of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TypeVar, final

import attrs
from trio.lowlevel import (
    cancel_shielded_checkpoint,
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
    wait_task_rescheduled,
)

from .._errors import ConfigurationError, FilterFailed, Lagged
from .._util import NoPublicConstructor
from ._gathering import Gatherer, fill
from ._queue import Numbered
from ._state import ChannelState
from ._waiting import OVER, Item, Seat, leave, wait_to_receive

T = TypeVar("T")


def check_batch(limit: object, within: float | None) -> None:
    """Refuse options that no batch can have.

    Raises:
        ConfigurationError: `limit` is not a whole number of at least 1, or `within` is negative.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise ConfigurationError(
            "size of a batch", f"{limit!r} is not a whole number of at least 1", "write 100, say"
        )
    if within is not None and not within >= 0:
        raise ConfigurationError(
            "within", f"{within!r} is no time to wait", "give seconds, 0 or more, or None"
        )


@final
@attrs.define(eq=False, repr=False)
class Batches(AsyncIterator[list[T]], metaclass=NoPublicConstructor):
    """What `ReceiveChannel.batches` returns, for ``async for``; any number of tasks may use it."""

    _state: ChannelState
    _seat: Seat
    """With the most messages of a batch."""
    _within: float | None
    _end: type[Exception]
    """What the end of the channel is told by."""

    @property
    def limit(self) -> int:
        """The most messages of a batch."""
        return self._seat.limit

    @enable_ki_protection
    async def __anext__(self) -> list[T]:
        """Return the next batch. Always a checkpoint.

        Cancelled, it has taken nothing: what it had of a batch goes back to where it was in the
        order of sending.

        Returns:
            The messages in order, at least one.

        Raises:
            StopAsyncIteration: The channel has ended.
            trio.ClosedResourceError: The receive end is closed, also while this waits.
        """
        state = self._state
        seat = self._seat
        # What nearly every batch does is written out, because each call costs 1 % of a small one.
        if not state.bare or seat.hand.closed or state.senders or self._within is not None:
            return await self._next()
        if queue := state.queue:
            await checkpoint_if_cancelled()
            if len(queue) > seat.limit:
                return await self._next()
            items: list[Item] = [*queue]
            queue.clear()
            await cancel_shielded_checkpoint()
        elif state.ended or seat.hand.meter is not None:
            return await self._next()
        else:
            task = current_task()
            state.receivers[task] = seat
            items = await wait_task_rescheduled(partial(leave, state.receivers, task))
            if items is OVER:
                raise self._end
            if len(items) < seat.limit:
                self._take_more(seat, items)
        return items

    async def _next(self) -> list[T]:
        """Do what `__anext__` does in any channel, whatever it has to do for that."""
        state = self._state
        hand = self._seat.hand
        if hand.held:
            state.acknowledge(hand)
        await checkpoint_if_cancelled()
        if hand.closed:
            raise state.closed_error()
        if self._within is None:
            items = await self._take(self._seat, [])
        else:
            gathered = Numbered()
            gatherer = Gatherer(hand, state=state, items=gathered, most=self.limit)
            await self._take(gatherer, gathered)
            # Not on an end that was closed meanwhile, which could only put back what it has: others
            # may have been told by now that the channel has ended, and nobody would come for it.
            if not hand.closed:
                await fill(gatherer, self._within)
            items = state.in_order(gathered)
        return [state.unpack(hand, item) for item in items] if state.tracked else items

    async def _take(self, seat: Seat, items: list[Item]) -> list[Item]:
        """Add what is there to `items`; wait for the first if nothing is.

        Raises:
            StopAsyncIteration: The channel has ended; or whatever else tells of that here.
        """
        state = self._state
        try:
            seat.take_more(state, items)
        except (Lagged, FilterFailed):  # of a subscription: who tries again at once must not spin
            await cancel_shielded_checkpoint()
            raise
        if items:
            await cancel_shielded_checkpoint()
            return items
        if state.ended and state.over:
            raise self._end
        given = await wait_to_receive(state, seat)
        if given is OVER:
            raise self._end
        items += given
        self._take_more(seat, items)
        return items

    def _take_more(self, seat: Seat, items: list[Item]) -> None:
        """Take as well what arrived before this task's turn: nobody else waited for it."""
        if len(items) < self.limit and not seat.hand.closed:
            seat.take_more(self._state, items)
