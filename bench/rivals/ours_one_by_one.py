"""trioharness one by one: each child awaited before the next is started, each message by itself."""

from __future__ import annotations

import trio

import trioharness as th
from bench._flow import part_of
from bench._sample import Clock, Sample, check_sum
from bench.rivals.ours._flows import one_by_one
from bench.rivals.ours._supervision import idle


def children_up(size: int, clock: Clock) -> Sample:
    """Start `size` children one after another, each until it is ready; the stop is not timed."""
    return trio.run(_up, size, clock)


async def _up(size: int, clock: Clock) -> Sample:
    total = 0
    async with th.open_supervisor("bench") as supervisor:
        begun = clock()
        for number in range(size):
            child = await supervisor.start(idle, number)
            total += child.value
        elapsed = clock() - begun
        supervisor.cancel_scope.cancel()
    check_sum("sum of the values given", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


neighbour = part_of(one_by_one, 20)
