"""Needs meet copies: each copy has the live value, and the restart of a need is one for all."""

from __future__ import annotations

import itertools

import pytest
import trio

import trioharness as th
from tests.harness._pieces import forever, paths

pytestmark = pytest.mark.usefixtures("virtual_time")


def test_each_copy_has_the_live_value_and_restarts_with_it(events: list[th.Event]) -> None:
    lives = itertools.count(1)
    got: list[str] = []

    async def pool(*, task_status: th.TaskStatus[str]) -> None:
        life = next(lives)
        await trio.sleep(1)
        task_status.started(f"pool {life}")
        await trio.sleep(5)
        if life == 1:
            raise OSError("gone")
        await trio.sleep_forever()

    async def worker(*, pool: str) -> None:
        got.append(pool)
        await trio.sleep(10)

    app = th.Harness("shop", max_restarts=1, observer=events.append)
    needed = app.add(pool, background=True)
    app.add(worker, copies=3, needs={"pool": needed})
    app.run()
    assert got == ["pool 1"] * 3 + ["pool 2"] * 3
    # One restart is counted, and told; who needs it stops first, in reverse, and starts after it.
    assert [e.path for e in events if isinstance(e, th.ChildRestarting)] == ["shop/pool"]
    stops = [e.path for e in events if isinstance(e, th.ChildStopping)][:3]
    assert stops == ["shop/worker-3", "shop/worker-2", "shop/worker-1"]
    ready = paths(events, th.ChildReady)
    assert ready[4] == "shop/pool"
    assert sorted(ready[5:]) == ["shop/worker-1", "shop/worker-2", "shop/worker-3"]


def test_a_copy_that_crashes_takes_nobody_along(events: list[th.Event]) -> None:
    crash = iter([OSError("once")])

    async def worker(*, it: None) -> None:
        await trio.sleep(1)
        for error in crash:
            raise error
        await trio.sleep(1)

    app = th.Harness("shop", observer=events.append)
    app.add(worker, copies=3, needs={"it": app.add(forever, background=True)})
    app.run()
    assert len([e for e in events if isinstance(e, th.ChildRestarting)]) == 1
    ends = [e for e in events if isinstance(e, th.ChildEnded) and e.path != "shop/forever"]
    assert len(ends) == 4
