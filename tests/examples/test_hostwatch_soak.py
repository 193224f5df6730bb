"""Hostwatch for an hour of virtual time, under all that can happen to it; see `soak`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import pytest
import trio
from trio.testing import MockClock
from typing_extensions import TypeVarTuple, Unpack

import trioharness as th
from tests.examples.soak import Soak, balance, settings_in

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

HOUR = 3600.0
LIFE = 600.0


async def at_once(
    fn: Callable[[Unpack[Ts]], T], *args: Unpack[Ts], limiter: object = None
) -> T:
    """Stand for a thread: the clock of the test would not wait for one."""
    await trio.lowlevel.checkpoint()
    return fn(*args)


def no_process(_: list[str], *, ready_line: str) -> object:
    """Stand for a program, for which the clock would not wait either."""

    async def command(*, task_status: th.TaskStatus[str]) -> None:
        task_status.started(ready_line)
        await trio.sleep_forever()

    return command


@pytest.fixture(autouse=True)
def in_virtual_time(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """All of it in one thread, and without a log, which pytest would keep."""
    monkeypatch.setattr(trio.to_thread, "run_sync", at_once)
    monkeypatch.setattr(th, "command", no_process)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


async def test_an_hour_of_it_loses_nothing_and_takes_no_more_memory(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    soak = Soak(
        folder=tmp_path,
        seconds=HOUR,
        seed=8,
        settings=settings_in(tmp_path, period=5.0, window=30.0),
        life=LIFE,
        crash_after=(20.0, 600.0),
    )
    await soak.run()
    stored = balance(soak)
    print(stored, soak.did, len(soak.faults.struck), soak.memory, [len(r.channels) for r in soak.receipts])
    assert 0
