"""asyncio's queue, whose put and get do not yield unless they have to wait."""

from __future__ import annotations

import asyncio

from bench._model import Clock, Sample, check_sum
from bench._neighbour import run_in_asyncio


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a queue, one by one."""
    return run_in_asyncio(_flow(size, clock))


def ten_producers(size: int, clock: Clock) -> Sample:
    """The same, from ten tasks."""
    return run_in_asyncio(_flow(size, clock, producers=10))


def ten_consumers(size: int, clock: Clock) -> Sample:
    """The same, to ten tasks."""
    return run_in_asyncio(_flow(size, clock, consumers=10))


def producers(many: int, size: int, clock: Clock) -> Sample:
    """The same, from so many tasks."""
    return run_in_asyncio(_flow(size, clock, producers=many))


def consumers(many: int, size: int, clock: Clock) -> Sample:
    """The same, to so many tasks."""
    return run_in_asyncio(_flow(size, clock, consumers=many))


async def _flow(size: int, clock: Clock, *, producers: int = 1, consumers: int = 1) -> Sample:
    queue = asyncio.Queue[int | None](100)
    sums: list[int] = []

    async def producer(numbers: range) -> None:
        for number in numbers:
            await queue.put(number)

    async def consumer() -> None:
        total = 0
        while (number := await queue.get()) is not None:
            total += number
        sums.append(total)

    begun = clock()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(consumers):
            tasks.create_task(consumer())
        async with asyncio.TaskGroup() as sources:
            for first in range(producers):
                sources.create_task(producer(range(first, size, producers)))
        for _ in range(consumers):  # a queue cannot be closed before Python 3.13
            await queue.put(None)
    elapsed = clock() - begun
    check_sum("sum of the numbers received", sum(sums), size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)
