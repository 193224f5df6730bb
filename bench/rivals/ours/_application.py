"""Our harness with many components: up, in memory, and idle."""

from __future__ import annotations

from typing import cast

import trio

import trioharness as th
from bench._memory import WARM, Look, memory_apart
from bench._sample import Clock, Sample, check_sum
from bench._wakeups import wake_ups_apart
from bench.rivals.ours._supervision import idle


def describe(size: int) -> th.Harness:
    """Describe an application of `size` components that give a value and wait for the end."""
    app = th.Harness("bench")
    for number in range(size):
        app.add(idle, number, name=f"idle-{number}")
    return app


def values_of(running: th.Running) -> int:
    """Return the sum of the values that the components have given."""
    return sum(cast("int", child.value) for child in running.supervisor.children.values())


def application_up(size: int, clock: Clock) -> Sample:
    """Describe and start `size` components and wait until all are ready; the stop is not timed."""
    return trio.run(_up, size, clock)


async def _up(size: int, clock: Clock) -> Sample:
    begun = clock()
    async with describe(size).open() as running:
        elapsed = clock() - begun
        total = values_of(running)
        running.stop()
    check_sum("sum of the values given", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


def application_memory(size: int, clock: Clock) -> Sample:
    """Hold `size` components that are ready, with what they were described by."""
    return memory_apart(__name__, size, clock)


def hold_children(size: int, look: Look) -> None:
    """See `bench._memory.Hold`."""
    trio.run(_hold, size, look)


async def _hold(size: int, look: Look) -> None:
    async with describe(WARM).open() as running:
        running.stop()
    look()
    async with describe(size).open() as running:
        look()
        total = values_of(running)
        running.stop()
    check_sum("sum of the values given", total, size * (size - 1) // 2)


def idle_application(size: int, clock: Clock) -> Sample:
    """Leave an application of 100 components alone for `size` milliseconds."""
    return wake_ups_apart("bench.rivals.ours._idle_application", size, clock)
