"""Messages in batches: one wake-up and one checkpoint for many of them.

A batch may wait to become fuller. The items it has meanwhile belong to nobody yet: a cancel puts
them back in front of the channel, where they came from (a channel without `max_deliveries` does not
know in which order to put back what several tasks had), and a receiver that waits elsewhere is
not told of the end of the channel until it is certain that they will not come back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar, final

import attrs
import trio

from .._errors import ConfigurationError
from .._util import NoPublicConstructor
from ._hand import Hand
from ._state import ChannelState
from ._waiting import OVER, Item, Seat, wait_to_receive

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


async def fill(  # noqa: ASYNC910 - a batch that is full already has had its checkpoint
    state: ChannelState, hand: Hand, items: list[Item], limit: int, within: float
) -> None:
    """Wait up to `within` seconds for more items of a batch that has its first.

    Cancelled, or closed under its feet, it puts all items back: nobody has seen them.
    """
    seat = Seat(hand, filling=True)
    complete = False
    state.gathering += 1
    try:
        with trio.move_on_after(within):  # noqa: ASYNC912 - a full batch needs no cancel point
            while not hand.closed and state.take_more(hand, items, limit):
                item = await wait_to_receive(state, seat)
                if item is OVER:
                    break
                items.append(item)
        if hand.closed:
            raise state.closed_error()
        complete = True
    finally:
        state.gathering -= 1
        if not complete:
            state.give_back(hand, items)
        state.end_receivers()


@final
@attrs.define(eq=False, repr=False)
class Batches(AsyncIterator[list[T]], metaclass=NoPublicConstructor):
    """What `ReceiveChannel.batches` returns, for ``async for``."""

    _next: Callable[[], Coroutine[Any, Any, list[T]]]

    # Not a coroutine around the one that does it, as in `ReceiveChannel`.
    def __anext__(
        self,
    ) -> Coroutine[Any, Any, list[T]]:
        """Return the next batch. Always a checkpoint.

        Cancelled, it has taken nothing: what it had of a batch goes back in front.

        Returns:
            The messages in order, at least one.

        Raises:
            StopAsyncIteration: The channel has ended.
            trio.ClosedResourceError: The receive end is closed, also while this waits.
        """
        return self._next()
