"""aiotools' Supervisor, on asyncio: one task's crash leaves the others alone; it restarts none."""

from __future__ import annotations

import asyncio

from aiotools import Supervisor

from bench._sample import Clock, Sample, check_sum


def children_up(size: int, clock: Clock) -> Sample:
    """Start `size` tasks at once and wait until all have run; the stop is not timed."""
    return asyncio.run(_up(size, clock))


async def _up(size: int, clock: Clock) -> Sample:
    values: list[int] = []
    all_run = asyncio.Event()

    async def idle(number: int) -> None:
        values.append(number)
        if len(values) == size:
            all_run.set()
        await asyncio.Event().wait()

    async with Supervisor() as supervisor:
        begun = clock()
        tasks = [supervisor.create_task(idle(number)) for number in range(size)]
        await all_run.wait()
        elapsed = clock() - begun
        supervisor.abort()
    check_sum("tasks started", len(tasks), size)
    check_sum("sum of the numbers seen", sum(values), size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


def children_down(size: int, clock: Clock) -> Sample:
    """Cancel all `size` tasks, in no order, to the end of the block."""
    return asyncio.run(_down(size, clock))


async def _down(size: int, clock: Clock) -> Sample:
    stopped: list[int] = []

    async def idle(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(number)

    async with Supervisor() as supervisor:
        tasks = [supervisor.create_task(idle(number)) for number in range(size)]
        await asyncio.sleep(0)
        begun = clock()
        supervisor.abort()
    elapsed = clock() - begun
    check_sum("tasks started", len(tasks), size)
    check_sum("children stopped", sorted(stopped), list(range(size)))
    return Sample(count=size, nanoseconds=elapsed)
