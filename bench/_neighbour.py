"""A neighbour: a task that wants its turn in the same loop, and takes the time from turn to turn.

A throughput says nothing of what it does to others: a loop that never yields is fast, and starves
them. The neighbour is no part of the samples that are timed: it takes part in samples of its own,
so what is measured elsewhere does not pay for it.

Workloads run their loop through `run`, or `run_in_asyncio` in `bench._asyncio`, which is where a
neighbour moves in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypeVar, TypeVarTuple

import attrs
import trio

from bench._sample import Clock, Sample, Workload

R = TypeVar("R")
Ts = TypeVarTuple("Ts")


@attrs.define
class Gaps:
    """The gaps of one neighbour."""

    clock: Clock
    laps: list[int] = attrs.field(factory=list[int])
    last: int = 0

    def begin(self) -> None:
        """Forget earlier loops of the same workload, which get things ready for the last one."""
        self.laps.clear()
        self.last = self.clock()

    def turn(self) -> None:
        """Note how long it took until this turn."""
        now = self.clock()
        self.laps.append(now - self.last)
        self.last = now


NEIGHBOUR: ContextVar[Gaps | None] = ContextVar("NEIGHBOUR", default=None)
"""The gaps of the neighbour that moves in with the next loop, if one does."""


def beside_a_neighbour(workload: Workload) -> Workload:
    """Return `workload` with a neighbour in its loop, whose gaps are the laps of the sample."""

    def beside(size: int, clock: Clock) -> Sample:
        gaps = Gaps(clock)
        token = NEIGHBOUR.set(gaps)
        try:
            sample = workload(size, clock)
        finally:
            NEIGHBOUR.reset(token)
        return attrs.evolve(sample, laps=tuple(gaps.laps))

    return beside


def run(fn: Callable[[*Ts], Awaitable[R]], *args: *Ts, loop: Callable[..., R] = trio.run) -> R:
    """Do what ``trio.run`` does, or another `loop` that runs tasks of trio."""
    gaps = NEIGHBOUR.get()
    return loop(fn, *args) if gaps is None else loop(_beside, gaps, fn, args)


async def _beside(gaps: Gaps, fn: Callable[..., Awaitable[R]], args: tuple[Any, ...]) -> R:
    async def take_turns() -> None:
        while True:
            await trio.lowlevel.checkpoint()
            gaps.turn()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_turns)
        gaps.begin()
        result = await fn(*args)
        gaps.turn()  # else one that never had its turn would have no gap to show
        nursery.cancel_scope.cancel()
    return result
