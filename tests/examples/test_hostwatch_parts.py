"""The parts of `hostwatch`, each for itself: looks, samples, windows, alerts, rows."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from examples.hostwatch.aggregator import aggregate
from examples.hostwatch.alerter import Alerter
from examples.hostwatch.database import Database, Row, database
from examples.hostwatch.messages import Acknowledge, Alerts, Ask, ListAlerts, Sample, Window
from examples.hostwatch.proc import LOOKS, Reading
from examples.hostwatch.sampler import sample, values_of
from examples.hostwatch.store import forget, store
from tests.examples._hostwatch import make_proc

TICKS = os.sysconf("SC_CLK_TCK")

SHOWN = {
    "cpu": Reading(totals={"cpu.busy": 156 * 50 / TICKS, "cpu.waiting": 50 * 50 / TICKS}),
    "memory": Reading(levels={"memory.used": 75.0}),
    "disks": Reading(totals={"disk.vda.read": 2048 * 512, "disk.vda.written": 4096 * 512}),
    "network": Reading(
        totals={
            "network.lo.received": 1000,
            "network.lo.sent": 1000,
            "network.eth0.received": 2000,
            "network.eth0.sent": 3000,
        }
    ),
    "processes": Reading(
        levels={"processes.all": 3, "processes.running": 1, "processes.zombies": 1}
    ),
}


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    return make_proc(tmp_path)


@pytest.mark.parametrize("part", SHOWN)
def test_a_look_shows_what_the_files_say(proc: Path, part: str) -> None:
    assert LOOKS[part](proc) == SHOWN[part]


def test_every_part_has_a_look() -> None:
    assert LOOKS.keys() == SHOWN.keys()


def test_swap_space_is_watched_where_there_is_some(proc: Path) -> None:
    meminfo = proc / "meminfo"
    meminfo.write_text(
        meminfo.read_text().replace("SwapTotal:          0", "SwapTotal:        100")
    )
    assert LOOKS["memory"](proc).levels["memory.swapped"] == 100.0


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="NOT RUN: this system has no /proc")
@pytest.mark.parametrize("part", ["cpu", "memory", "processes"])
def test_this_host_can_be_looked_at(part: str) -> None:
    reading = LOOKS[part](Path("/proc"))
    values = {**reading.levels, **reading.totals}
    assert values
    assert all(value >= 0 for value in values.values())


def test_levels_count_as_they_are_and_totals_by_their_growth() -> None:
    before = Reading(levels={"a": 1}, totals={"b": 10, "down": 9, "gone": 5})
    now = Reading(levels={"a": 7}, totals={"b": 30, "down": 3, "new": 100})
    assert dict(values_of(before, now, 4.0)) == {"a": 7, "b": 5.0, "down": 0.0}


async def test_a_sampler_looks_once_a_period(autojump_clock: MockClock) -> None:
    looked: list[float] = []
    token = trio.lowlevel.current_trio_token()

    def look(_: Path) -> Reading:
        looked.append(trio.from_thread.run_sync(trio.current_time, trio_token=token))
        return Reading(totals={"bytes": 100 * looked[-1]})

    async def sampler(end: th.SendChannel[Sample], *, task_status: th.TaskStatus[None]) -> None:
        await sample(look, end, proc=Path(), period=2.0, task_status=task_status)

    send, receive = th.open_channel(Sample, 10)
    async with th.open_supervisor("s") as sup, receive:
        child = sup.start_soon(sampler, send)
        values = [(await receive.receive()).value for _ in range(3)]
        await child.stop()
    assert values == [100.0] * 3
    assert looked == [looked[0] + 2 * number for number in range(4)]


def taken(metric: str, *values: float) -> list[Sample]:
    return [Sample(metric=metric, at=float(n), value=value) for n, value in enumerate(values)]


async def test_windows_are_made_of_what_came_within_some_seconds(
    autojump_clock: MockClock,
) -> None:
    send, samples = th.open_channel(Sample, 10)
    windows_out, windows = th.open_channel(Window, 10)

    async def sampler(samples: th.SendChannel[Sample]) -> None:
        await samples.send_many([*taken("a", 1, 2, 6), *taken("b", 5)])
        await trio.sleep(12)
        await samples.send_many(taken("a", 9))

    async def aggregator(
        samples: th.ReceiveChannel[Sample], windows: th.SendChannel[Window]
    ) -> None:
        await aggregate(samples, windows, seconds=10)

    async with th.open_supervisor("s") as sup, windows:
        sup.start_soon(aggregator, samples, windows_out)
        sup.start_soon(sampler, send)
        made = [window async for window in windows]
    assert made == [
        Window(metric="a", at=2.0, count=3, lowest=1, mean=3, highest=6),
        Window(metric="b", at=0.0, count=1, lowest=5, mean=5, highest=5),
        Window(metric="a", at=0.0, count=1, lowest=9, mean=9, highest=9),
    ]


def window(metric: str, at: float, mean: float) -> Window:
    return Window(metric=metric, at=at, count=1, lowest=mean, mean=mean, highest=mean)


async def test_an_alert_begins_is_acknowledged_goes_on_and_ends(
    autojump_clock: MockClock,
) -> None:
    send, windows = th.open_channel(Window, 10)
    client, requests = th.open_requests(Ask, Alerts)

    async def after(ask: Ask, *sent: Window) -> list[tuple[str, float, float, bool]]:
        await send.send_many(sent)
        await trio.testing.wait_all_tasks_blocked()
        reply = await client.call(ask)
        return [(a.metric, a.mean, a.since, a.acknowledged) for a in reply.alerts]

    async with th.open_supervisor("s") as sup, send, client:
        sup.start_soon(Alerter, windows, requests, {"cpu.busy": 90.0})
        assert await after(ListAlerts(), window("cpu.busy", 1, 90), window("x", 1, 999)) == []
        assert await after(ListAlerts(), window("cpu.busy", 2, 91)) == [("cpu.busy", 91, 2, False)]
        assert await after(Acknowledge(metric="x")) == [("cpu.busy", 91, 2, False)]
        assert await after(Acknowledge(metric="cpu.busy")) == [("cpu.busy", 91, 2, True)]
        assert await after(ListAlerts(), window("cpu.busy", 3, 99)) == [("cpu.busy", 99, 2, True)]
        assert await after(ListAlerts(), window("cpu.busy", 4, 12)) == []


def stored(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY metric, at").fetchall()  # noqa: S608


class Crashing:
    """A database that writes, and only then crashes, the first time."""

    def __init__(self, inner: Database) -> None:
        self.inner = inner
        self.batches: list[int] = []

    async def write(self, rows: Sequence[Row]) -> None:
        await self.inner.write(rows)
        self.batches.append(len(rows))
        if len(self.batches) == 1:
            raise OSError("after the transaction")


async def test_a_store_that_crashes_writes_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "rows.sqlite3"
    send, rows = th.open_channel(Sample, 10, max_deliveries=3)
    await send.send_many(taken("a", 1, 2, 3))
    async with database(path) as opened:
        crashing = Crashing(opened)

        async def component(rows: th.ReceiveChannel[Row]) -> None:
            await store(rows, database=cast("Database", crashing))

        async with th.open_supervisor("s", observer=lambda _: None) as sup, send:
            sup.start_soon(component, rows)
    assert crashing.batches[0] == 3
    assert sum(crashing.batches) == 6
    assert stored(path, "samples") == [("a", 0.0, 1.0), ("a", 1.0, 2.0), ("a", 2.0, 3.0)]


async def test_what_is_old_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "rows.sqlite3"
    now = 4e9  # later than any clock that this test sees
    async with database(path) as opened:
        await opened.write([*taken("old", 1), Sample(metric="new", at=now, value=1)])
        await opened.write([window("old", 1, 1), window("new", now, 1)])
        await forget(60, database=opened)
    assert stored(path, "samples") == [("new", now, 1.0)]
    assert stored(path, "windows") == [("new", now, 1, 1.0, 1.0, 1.0)]
