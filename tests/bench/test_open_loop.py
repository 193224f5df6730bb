"""The open loop: what is due does not wait for what is late, and lateness counts from then."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import pytest
import trio

from bench import _open_loop
from bench._calls import Ask
from bench._model import CLOCKS, OURS, Row
from bench._open_loop import Load, calls_of, messages_of
from bench._run import load_group
from bench._sample import WorkloadOf, WrongSumError
from bench.rivals import RivalMissingError, load_workload

PERIOD = 1_000
SIZE = 10
LATE = 50 * PERIOD


class Time:
    """A clock that each look moves by one, and work by what it takes."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture
def known_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trio do one in `PERIOD` nanoseconds at most."""

    def most(_workload: str) -> float:
        return 1 / PERIOD

    monkeypatch.setattr(_open_loop, "most", most)


@pytest.mark.usefixtures("known_most")
def test_a_load_is_a_part_of_what_trio_does() -> None:
    assert Load.of("messages_due", 100, SIZE, Time()).period == pytest.approx(PERIOD)
    assert Load.of("messages_due", 20, SIZE, Time()).period == pytest.approx(5 * PERIOD)
    assert Load.of("messages_due", 0, SIZE, Time()).period == 0


def test_what_takes_long_puts_off_nothing_that_is_due() -> None:
    time = Time()
    load = Load(period=PERIOD, size=4, clock=time)
    dues: list[int] = []

    async def take(number: int, due: int) -> None:
        dues.append(due - load.began)
        assert time.now >= due
        time.now += LATE if number == 1 else 0
        await trio.lowlevel.checkpoint()

    trio.run(load.go, trio.lowlevel.checkpoint, take)
    assert dues == [0, PERIOD, 2 * PERIOD, 3 * PERIOD]


@pytest.mark.usefixtures("known_most")
def test_who_is_held_up_once_is_late_for_all_that_was_due_meanwhile() -> None:
    time = Time()

    @asynccontextmanager
    async def answered() -> AsyncGenerator[Ask]:
        async def answer(number: int) -> int:
            time.now += LATE if number == 0 else 0
            await trio.lowlevel.checkpoint()
            return number + 1

        yield answer

    laps = calls_of(answered)(100, SIZE, time).laps
    assert len(laps) == SIZE
    assert min(laps) > LATE - SIZE * PERIOD  # not only the first


@pytest.mark.usefixtures("known_most")
def test_a_message_that_is_lost_or_changed_is_found() -> None:
    class Lossy:
        """An end that sends something else."""

        def __init__(self, inner: trio.MemorySendChannel[int]) -> None:
            self.inner = inner

        def __enter__(self) -> None:
            self.inner.__enter__()

        def __exit__(self, *_args: object) -> None:
            self.inner.close()

        async def send(self, due: int) -> None:
            await self.inner.send(due + 1)

    def open_ends() -> tuple[Lossy, trio.MemoryReceiveChannel[int]]:
        send, receive = trio.open_memory_channel[int](SIZE)
        return Lossy(send), receive

    with pytest.raises(WrongSumError, match="sum of the messages"):
        messages_of(open_ends)(50, SIZE, Time())


def test_what_trio_does_at_most_is_measured_once() -> None:
    most = _open_loop.most("messages_due")
    assert most > 0
    assert _open_loop.most("messages_due") == most
    assert _open_loop.most.cache_info().hits > 0


@pytest.mark.parametrize("row", load_group("latency").rows, ids=lambda row: row.name)
def test_each_lap_is_there(row: Row) -> None:
    assert row.point is not None
    measured: list[str] = []
    for rival in row.rivals:
        with contextlib.suppress(RivalMissingError):
            workload = cast("WorkloadOf", load_workload(rival, row.workload))
            sample = workload(int(row.point.x), SIZE, CLOCKS["cpu"])
            assert (sample.count, len(sample.laps)) == (SIZE, SIZE)
            measured.append(rival)
    assert {OURS, "raw_trio"} <= {*measured}
