"""How a whole application is: startup, readiness and liveness, with the components to blame."""

from __future__ import annotations

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th


async def forever() -> None:
    await trio.sleep_forever()


async def crashes_once(lives: list[int]) -> None:
    lives.append(len(lives))
    if len(lives) == 1:
        await trio.sleep(1)
        raise ValueError("why")
    await trio.sleep_forever()


def probes(health: th.SupervisorHealth) -> tuple[bool, bool, bool]:
    return health.started, health.ready, health.live


async def test_an_application_that_works(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    app.add(forever)
    async with app.open() as running:
        health = running.health()
        assert str(health) == "'shop' is healthy"
        assert (probes(health), health.children) == ((True, True, True), ())
        running.stop()


async def test_it_has_started_for_good_whatever_is_added(
    autojump_clock: MockClock,
) -> None:
    async def slow(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(5)
        task_status.started()
        await trio.sleep_forever()

    app = th.Harness("shop")
    first = app.add(slow, name="first")
    app.add(slow, name="second", after=[first])
    async with app.open() as running:
        assert trio.current_time() == 10
        late = running.supervisor.start_soon(slow, name="late")
        await wait_all_tasks_blocked()
        assert probes(running.health()) == (True, False, True)
        assert str(running.health()).endswith("'shop/late' is healthy: starting for the first time")
        await late.wait("ready")
        assert probes(running.health()) == (True, True, True)
        running.stop()


async def test_a_restart_a_group_inside_and_the_end(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    with app.supervisor("workers") as workers:
        workers.add(crashes_once, [], name="w", backoff=th.Backoff(10, jitter=0))
    app.add(forever)
    async with app.open() as running:
        await trio.sleep(3)
        health = running.health()
        assert probes(health) == (True, False, True)
        assert str(health).splitlines() == [
            "'shop' is degraded, not ready",
            "  'shop/workers/w' is degraded: restarting in 8 s: ValueError: why",
        ]
        assert health.children[0].since == 1
        await trio.sleep(10)
        health = running.health()
        assert probes(health) == (True, True, True)
        assert health.children[0].reason == "back for only 2 s: ValueError: why"
        await trio.sleep(60)
        assert running.health().children == ()
        running.drain()
        assert probes(running.health()) == (True, False, True)
    assert not running.health().ready


async def test_a_check_of_a_component(autojump_clock: MockClock) -> None:
    class Ill(th.Component):
        async def check_health(self) -> None:
            await trio.lowlevel.checkpoint()
            raise ValueError("no reply")

    app = th.Harness("shop")
    app.add(Ill, name="ill", health=th.Health(check_every=2), background=False)
    async with app.open() as running:
        await trio.sleep(3)
        health = running.health()
        assert probes(health) == (True, False, True)
        assert [child.reason for child in health.children] == [
            "its health check failed: ValueError: no reply"
        ]
        running.stop()
