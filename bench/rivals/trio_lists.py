"""Lists of numbers through a trio channel: the batches that one writes by hand."""

from __future__ import annotations

from functools import partial

import trio

from bench._flow import ROOM_IN_BATCHES, flow
from bench._model import Clock, Sample
from bench._neighbour import run


async def _send_lists(end: trio.MemorySendChannel[list[int]], numbers: range, *, of: int) -> None:
    for first in range(0, len(numbers), of):
        await end.send([*numbers[first : first + of]])


async def _sum_lists(end: trio.MemoryReceiveChannel[list[int]]) -> int:
    total = 0
    async for numbers in end:
        for number in numbers:
            total += number
    return total


def _flow(size: int, clock: Clock, of: int) -> Sample:
    ends = trio.open_memory_channel[list[int]](ROOM_IN_BATCHES)
    transfer = partial(flow, produce=partial(_send_lists, of=of), consume=_sum_lists)
    return run(transfer, ends, size, clock)


def batches_of_10(size: int, clock: Clock) -> Sample:
    """Send `size` numbers in lists of 10."""
    return _flow(size, clock, 10)


def batches_of_100(size: int, clock: Clock) -> Sample:
    """Send `size` numbers in lists of 100."""
    return _flow(size, clock, 100)


def batches_of_1000(size: int, clock: Clock) -> Sample:
    """Send `size` numbers in lists of 1,000."""
    return _flow(size, clock, 1_000)
