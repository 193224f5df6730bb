"""A neighbour: a task that wants its turn in the same loop, and takes the time from turn to turn.

A throughput says nothing of what it does to others: a loop that never yields is fast, and starves
them. The neighbour is no part of the samples that are timed: it takes part in samples of its own,
so what is measured elsewhere does not pay for it.

Workloads run their loop through `run` or `run_in_asyncio`, which is where a neighbour moves in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar, TypeVarTuple

import attrs
import trio

from bench._model import P50_MICROSECONDS, Clock, Row, Sample, Workload

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

_PART = 4
"""A neighbour sees all there is to see in one of so many parts of the work."""


@attrs.define
class _Gaps:
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


_NEIGHBOUR: ContextVar[_Gaps | None] = ContextVar("_NEIGHBOUR", default=None)


def beside_a_neighbour(workload: Workload) -> Workload:
    """Return `workload` with a neighbour in its loop, whose gaps are the laps of the sample."""

    def beside(size: int, clock: Clock) -> Sample:
        gaps = _Gaps(clock)
        token = _NEIGHBOUR.set(gaps)
        try:
            sample = workload(size, clock)
        finally:
            _NEIGHBOUR.reset(token)
        return attrs.evolve(sample, laps=tuple(gaps.laps))

    return beside


def run(fn: Callable[[*Ts], Awaitable[R]], *args: *Ts, loop: Callable[..., R] = trio.run) -> R:
    """Do what ``trio.run`` does, or another `loop` that runs tasks of trio."""
    gaps = _NEIGHBOUR.get()
    return loop(fn, *args) if gaps is None else loop(_beside, gaps, fn, args)


def run_in_asyncio(work: Coroutine[Any, Any, R]) -> R:
    """Do what ``asyncio.run`` does."""
    gaps = _NEIGHBOUR.get()
    return asyncio.run(work if gaps is None else _beside_in_asyncio(gaps, work))


async def _beside(gaps: _Gaps, fn: Callable[..., Awaitable[R]], args: tuple[Any, ...]) -> R:
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


async def _beside_in_asyncio(gaps: _Gaps, work: Coroutine[Any, Any, R]) -> R:
    async def take_turns() -> None:
        while True:
            await asyncio.sleep(0)
            gaps.turn()

    neighbour = asyncio.create_task(take_turns())
    gaps.begin()
    result = await work
    gaps.turn()
    neighbour.cancel()
    return result


def with_gaps(*rows: Row, but: str = "") -> tuple[Row, ...]:
    """Return `rows`, each with one more behind it: the gaps of a neighbour beside the same work.

    Args:
        rows: Rows about throughput.
        but: Rivals that have no loop a neighbour could live in.
    """
    return tuple(each for row in rows for each in (row, _gap_row(row, but.split())))


def _gap_row(row: Row, but: list[str]) -> Row:
    return attrs.evolve(
        row,
        name=f"{row.name}: gap",
        about="how long a neighbour in the same loop waits for its turn meanwhile",
        rivals=tuple(rival for rival in row.rivals if rival not in but),
        size=max(1, row.size // _PART),
        unit=P50_MICROSECONDS,
        goals=(),
        rounds=3,
        neighbour=True,
    )
