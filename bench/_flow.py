"""Numbers through a channel, whoever made it: the same work for every rival that has such ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import trio

from bench._sample import Clock, Sample, Workload, check_sum

ROOM_IN_BATCHES = 2
"""How many batches may wait, so that neither side has to stop for the other one to fill up."""

End: TypeAlias = Any
"""An end of trio's, anyio's or our channels: they have no class in common."""

Produce: TypeAlias = Callable[[End, range], Awaitable[None]]
"""``produce(end, numbers)`` sends the numbers."""

Consume: TypeAlias = Callable[[End], Awaitable[int]]
"""``consume(end)`` receives until the channel ends, and returns the sum of the numbers."""


async def send_each(end: End, numbers: range) -> None:
    """Send the numbers one by one."""
    for number in numbers:
        await end.send(number)


async def sum_each(end: End) -> int:
    """Receive the numbers one by one."""
    total = 0
    async for number in end:
        total += number
    return total


async def flow(
    ends: tuple[End, End],
    size: int,
    clock: Clock,
    *,
    produce: Produce,
    consume: Consume,
    producers: int = 1,
    consumers: int = 1,
) -> Sample:
    """Let `size` numbers through a channel; every task has an end of its own."""
    send, receive = ends
    sums: list[int] = []

    async def producer(end: End, numbers: range) -> None:
        with end:
            await produce(end, numbers)

    async def consumer(end: End) -> None:
        with end:
            sums.append(await consume(end))

    begun = clock()
    async with trio.open_nursery() as nursery:
        with send, receive:
            for first in range(producers):
                nursery.start_soon(producer, send.clone(), range(first, size, producers))
            for _ in range(consumers):
                nursery.start_soon(consumer, receive.clone())
    elapsed = clock() - begun
    check_sum("sum of the numbers received", sum(sums), size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


async def strict(
    ends: tuple[End, End], size: int, clock: Clock, producers: int = 1, consumers: int = 1
) -> Sample:
    """Let `size` numbers through a channel, one by one."""
    return await flow(
        ends,
        size,
        clock,
        produce=send_each,
        consume=sum_each,
        producers=producers,
        consumers=consumers,
    )


def part_of(workload: Workload, parts: int) -> Workload:
    """Return a workload that does one of so many parts of the work: each number costs the same."""

    def part(size: int, clock: Clock) -> Sample:
        return workload(size // parts + 1, clock)

    return part
