"""Hostwatch for an hour of virtual time, under all that can happen to it; see `soak`."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.examples.soak import Soak, balance, settings_in

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

HOUR = 3600.0
LIFE = 600.0
GROWTH = 0.02
"""How much more may be allocated after an hour than after ten minutes, just before a drain each
time: the blocks of memory that Python counts, when all garbage is collected. One block that is kept
of each sample for good would be twice that."""


async def at_once(fn: Callable[[*Ts], T], *args: *Ts, limiter: object = None) -> T:
    """Stand for a thread: the clock of the test would not wait for one."""
    await trio.lowlevel.checkpoint()
    return fn(*args)


def no_process(_: list[str], *, ready_line: str) -> object:
    """Stand for a program, for which the clock would not wait either."""

    async def command(*, task_status: th.TaskStatus[str]) -> None:
        task_status.started(ready_line)
        await trio.sleep_forever()

    return command


CONNECT = sqlite3.connect


def connected_in_haste(path: Path, *, check_same_thread: bool = True) -> sqlite3.Connection:
    """Open a database that waits for no disk: no computer crashes here."""
    connection = CONNECT(path, check_same_thread=check_same_thread)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


@pytest.fixture(autouse=True)
def in_virtual_time(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """All of it in one thread, and without a log, which pytest would keep."""
    monkeypatch.setattr(trio.to_thread, "run_sync", at_once)
    monkeypatch.setattr(th, "command", no_process)
    monkeypatch.setattr(sqlite3, "connect", connected_in_haste)
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
    assert stored["samples"] > 5000
    assert stored["windows"] > 500
    assert len(soak.faults.struck) > 20, "crashes"
    assert soak.did["messages dropped"] == 0, "no queue is ever full"
    assert all(count > 50 for what, count in soak.did.items() if "dropped" not in what), soak.did
    after_10, *_, after_60 = soak.memory
    assert (after_10.time, after_60.time) == (LIFE, HOUR)
    assert after_60.blocks < after_10.blocks * (1 + GROWTH)
