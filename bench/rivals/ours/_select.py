"""Our `select` over one channel that is busy and others that are not."""

from __future__ import annotations

from functools import partial

import trioharness as th
from bench._flow import flow, send_each
from bench._neighbour import run
from bench._sample import Clock, Sample


def _one_busy(
    size: int, clock: Clock, *, idle: int = 0, timers: int = 0, room: int = 100
) -> Sample:
    others = [th.open_channel(int, room) for _ in range(idle)]
    sources = (*(receive for _, receive in others), *(th.every(3600) for _ in range(timers)))

    async def produce(end: th.SendChannel[int], numbers: range) -> None:
        await send_each(end, numbers)
        for other, _ in others:
            other.close()

    async def consume(end: th.ReceiveChannel[int]) -> int:
        total = 0
        async with th.select(end, *sources) as ready:
            async for _, number in ready:
                total += number
        return total

    transfer = partial(flow, produce=produce, consume=consume)
    return run(transfer, th.open_channel(int, room), size, clock)


def one_busy_of_11(size: int, clock: Clock) -> Sample:
    """Select from one busy channel and 10 idle ones."""
    return _one_busy(size, clock, idle=10)


def one_busy_of_101(size: int, clock: Clock) -> Sample:
    """Select from one busy channel and 100 idle ones."""
    return _one_busy(size, clock, idle=100)


def one_busy_and_a_timer(size: int, clock: Clock) -> Sample:
    """Select from one busy channel and a timer that has no time to tick."""
    return _one_busy(size, clock, timers=1)


def one_busy_without_room(size: int, clock: Clock) -> Sample:
    """Select from one busy channel and 10 idle ones, all without room."""
    return _one_busy(size, clock, idle=10, room=0)
