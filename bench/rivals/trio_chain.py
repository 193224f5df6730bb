"""A task and a scope for each child, on trio alone; who has ended cancels the next.

Less than that a stop in order by cancellation cannot be on trio: nothing is kept, watched or told,
and nothing is restarted. What is left is trio's own cost.
"""

from __future__ import annotations

import trio

from bench._sample import Clock, Sample, check_sum


class Chain:
    """Tasks that can be cancelled one by one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.all_run = trio.Event()
        self.scopes: list[trio.CancelScope] = []
        self.began: list[int] = []
        self.stopped: list[int] = []

    async def run(self, number: int) -> None:
        """Wait for the end, and pass it on."""
        with trio.CancelScope() as scope:
            self.scopes.append(scope)
            self.began.append(number)
            if len(self.scopes) == self.size:
                self.all_run.set()
            try:
                await trio.sleep_forever()
            finally:
                self.stopped.append(number)
        self.stop_last()

    async def start_all(self, nursery: trio.Nursery) -> None:
        """Start all of them, and wait until all run."""
        for number in range(self.size):
            nursery.start_soon(self.run, number)
        await self.all_run.wait()

    def stop_last(self) -> None:
        """Cancel the last one that runs; the others follow."""
        if self.scopes:
            self.scopes.pop().cancel()


def children_up(size: int, clock: Clock) -> Sample:
    """Start `size` tasks at once and wait until all have run; the stop is not timed."""
    return trio.run(_up, size, clock)


async def _up(size: int, clock: Clock) -> Sample:
    chain = Chain(size)
    async with trio.open_nursery() as nursery:
        begun = clock()
        await chain.start_all(nursery)
        elapsed = clock() - begun
        nursery.cancel_scope.cancel()
    check_sum("sum of the numbers seen", sum(chain.began), size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


def children_down(size: int, clock: Clock) -> Sample:
    """Cancel `size` tasks one after another, to the end of the block."""
    return trio.run(_down, size, clock)


async def _down(size: int, clock: Clock) -> Sample:
    chain = Chain(size)
    async with trio.open_nursery() as nursery:
        await chain.start_all(nursery)
        begun = clock()
        chain.stop_last()
    elapsed = clock() - begun
    check_sum("order of the stops", chain.stopped, [*reversed(chain.began)])
    return Sample(count=size, nanoseconds=elapsed)
