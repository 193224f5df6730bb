"""Hostwatch under test, as its authors would: minutes of it, with doubles for the outside."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import pytest
import trio

import trioharness as th
from examples.hostwatch.app import watch
from examples.hostwatch.database import Row
from examples.hostwatch.messages import Alerts, Ask, ListAlerts, Sample, Window
from examples.hostwatch.proc import LOOKS, Look
from examples.hostwatch.settings import Limit, Settings
from tests.testing.virtual import virtual
from trioharness.testing import EventRecorder, Faults, open_harness


class Table:
    """In place of the SQLite file; it keeps its rows when it is opened again."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.opened = 0

    @contextlib.asynccontextmanager
    async def open(self, path: Path) -> AsyncGenerator[Table]:
        self.opened += 1
        await trio.lowlevel.checkpoint()
        yield self

    async def write(self, rows: Sequence[Row]) -> None:
        await trio.sleep(0.1)
        self.rows += rows

    async def forget(self, before: float) -> None:
        await trio.lowlevel.checkpoint()


async def busy(
    look: Look,
    samples: th.SendChannel[Sample],
    *,
    proc: Path,
    period: float,
    task_status: th.TaskStatus[None],
) -> None:
    task_status.started()
    async for _ in th.every(period):
        await samples.send(Sample(metric="cpu.busy", at=trio.current_time(), value=95.0))


async def quiet(*_: object) -> None:
    await trio.sleep_forever()


def doubles(table: Table) -> dict[str, Callable[..., object]]:
    outside: dict[str, Callable[..., object]] = {"database": table.open, "probe": quiet}
    return {**outside, **{f"samplers/{part}": busy for part in LOOKS}}


@virtual
async def test_ten_minutes_of_samples_become_ten_windows_and_a_rest() -> None:
    table = Table()
    async with open_harness(
        watch(Settings(window=60)), replaced={**doubles(table), "desk": quiet}
    ) as running:
        await trio.sleep(600 + 30)
        running.drain()
    windows = [row for row in table.rows if isinstance(row, Window)]
    assert len(windows) == 11
    assert running.receipt().ended == "drained"
    assert sum(window.count for window in windows) == len(table.rows) - len(windows)


@virtual
async def test_no_row_is_lost_when_the_database_crashes() -> None:
    table, faults, recorder = Table(), Faults(seed=3), EventRecorder()
    broken = faults.crash(table.open, at=(10, 20))
    async with open_harness(
        watch(Settings()),
        replaced={**doubles(table), "database": broken, "desk": quiet},
        observer=recorder,
    ) as running:
        await trio.sleep(60)
        running.drain()
    assert (len(faults.struck), table.opened) == (1, 2)
    assert len(recorder.restarts("hostwatch/database")) == 1
    sent = {channel.name: channel.sent for channel in running.receipt().channels}
    assert len(table.rows) >= sent["stored samples"] + sent["stored windows"]


@virtual
async def test_a_part_that_cannot_be_read_stays_down_and_raises_no_alert() -> None:
    asked: list[Alerts] = []

    async def ask_later(client: th.RequestClient[Ask, Alerts], port: int) -> None:
        await trio.sleep(50)
        asked.append(await client.call(ListAlerts()))
        await trio.sleep_forever()

    recorder, faults = EventRecorder(), Faults(error=OSError)
    cpu = faults.crash(busy, at=1, incarnations=None)
    settings = Settings(limits=(Limit(metric="cpu.busy", above=90.0),))
    replaced = {**doubles(Table()), "samplers/cpu": cpu, "desk": ask_later}
    async with open_harness(watch(settings), replaced=replaced, observer=recorder) as running:
        await trio.sleep(60)
        assert running.child("samplers/cpu").state == "parked"
        assert running.health().condition == "down"
    assert [alert.metric for alert in asked[0].alerts] == ["cpu.busy"]
    assert len(recorder.of(th.ChildParked)) == 1


def test_a_double_that_takes_something_else_is_refused() -> None:
    async def windows_only(windows: th.ReceiveChannel[Window], *, database: object) -> None: ...

    app = watch(Settings()).replacing({"store-samples": windows_only})
    assert [finding.code for finding in app.check()] == ["TH101"]
    with pytest.raises(th.ConfigurationError, match=r"name one of 'samplers/cpu'"):
        app.replacing({"samplers/gpu": quiet})
