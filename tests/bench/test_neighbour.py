"""The neighbour: its gaps are those that the work leaves, and timed samples have none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import pytest
import trio

from bench._asyncio import run_in_asyncio
from bench._model import OURS, at_least, flow_row, with_gaps
from bench._neighbour import beside_a_neighbour, run
from bench._sample import Clock, Sample

STEPS = 10


class Time:
    """A clock that only work moves."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    async def work(self, give_way: Callable[[], Awaitable[object]] | None) -> int:
        """Take 10 ticks in each step, and give way after it or not at all."""
        for _ in range(STEPS):
            self.now += 10
            if give_way is not None:
                await give_way()
        return self.now


def give_way_in_asyncio() -> Awaitable[None]:
    return asyncio.sleep(0)


GIVE_WAY = {
    "trio": trio.lowlevel.checkpoint,
    "anyio": anyio.lowlevel.checkpoint,
    "asyncio": give_way_in_asyncio,
}


def sample_of(loop: str, time: Time, *, polite: bool, size: int = STEPS) -> Sample:
    give_way = GIVE_WAY[loop] if polite else None
    if loop == "asyncio":
        ticks = run_in_asyncio(time.work(give_way))
    elif loop == "anyio":
        ticks = run(time.work, give_way, loop=partial(anyio.run, backend="trio"))
    else:
        ticks = run(time.work, give_way)
    return Sample(count=size, nanoseconds=ticks)


@pytest.mark.parametrize("loop", GIVE_WAY)
def test_what_gives_way_leaves_short_gaps_and_what_does_not_one_long_one(loop: str) -> None:
    laps: dict[bool, tuple[int, ...]] = {}
    for polite in (True, False):
        time = Time()

        def workload(size: int, _clock: Clock, time: Time = time, polite: bool = polite) -> Sample:
            return sample_of(loop, time, polite=polite, size=size)

        sample = beside_a_neighbour(workload)(STEPS, time)
        assert (sample.count, sample.nanoseconds) == (STEPS, 10 * STEPS)
        laps[polite] = sample.laps
    assert sum(laps[True]) == sum(laps[False]) == 10 * STEPS
    assert max(laps[True]) < 5 * STEPS  # tasks of one turn run in any order
    assert max(laps[False]) == 10 * STEPS


@pytest.mark.parametrize("loop", GIVE_WAY)
def test_a_timed_sample_has_no_neighbour(loop: str) -> None:
    alone: list[int] = []

    async def count() -> None:
        tasks = asyncio.all_tasks() if loop == "asyncio" else None
        alone.append(len(tasks) if tasks else trio.lowlevel.current_statistics().tasks_living)

    def workload(size: int, _clock: Clock) -> Sample:
        if loop == "asyncio":
            run_in_asyncio(count())
        else:
            run(count, loop=partial(anyio.run, backend="trio") if loop == "anyio" else trio.run)
        return Sample(count=size, nanoseconds=0)

    for measure in (workload, beside_a_neighbour(workload), workload):
        measure(STEPS, Time())
    before, beside, after = alone
    assert before == after == beside - 1  # the one before it has moved out


def test_a_loop_that_gets_things_ready_is_not_the_one_that_counts() -> None:
    time = Time()

    def workload(size: int, _clock: Clock) -> Sample:
        sample_of("trio", time, polite=False)
        return sample_of("trio", time, polite=True, size=size)

    assert sum(beside_a_neighbour(workload)(STEPS, time).laps) == 10 * STEPS


def test_each_row_has_its_gaps_behind_it() -> None:
    row = flow_row("one", "made up", "work", 100, "base pykka", at_least(1, against="base"))
    timed, gaps = with_gaps(row, but="pykka")
    assert timed is row
    assert (gaps.name, gaps.workload, gaps.rivals) == ("one: gap", "work", ("base", OURS))
    assert gaps.neighbour
    assert gaps.goals == ()
