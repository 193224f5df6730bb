"""A delay before a restart: only the start waits."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, forever, sleeps, slow_to_start

STEADY = th.Backoff(1, 8, jitter=0)


async def test_the_schedule(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", max_restarts=10, observer=log) as sup:
        sup.start_soon(crashes(6, then=sleeps(0)), backoff=STEADY)
    assert [event.delay for event in log.of(th.ChildRestarting)] == [1, 2, 4, 8, 8, 8]
    assert log.times("ready") == [0, 1, 3, 7, 15, 23, 31]


async def test_jitter_only_shortens(autojump_clock: MockClock, log: Log) -> None:
    backoff = th.Backoff(1, 1, jitter=0.5)
    async with th.open_supervisor("s", max_restarts=50, within=1000, observer=log) as sup:
        sup.start_soon(crashes(50, then=sleeps(0)), backoff=backoff)
    delays = [event.delay for event in log.of(th.ChildRestarting)]
    assert all(0.5 <= delay <= 1 for delay in delays)
    assert len(set(delays)) > 40


async def test_no_delay_at_all(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(crashes(3, then=sleeps(0)), backoff=th.Backoff(0, 0))
    assert trio.current_time() == 0


async def test_the_decision_is_not_delayed(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(crashes(1), backoff=th.Backoff(5, jitter=0))
        await child.wait("restarting")
        assert trio.current_time() == 0
        assert (child.state, child.restarts, child.incarnation) == ("restarting", 1, 1)
        await child.wait("ready")
        assert trio.current_time() == 5
        await child.stop()


async def test_the_limit_counts_while_it_backs_off(autojump_clock: MockClock) -> None:
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor(max_restarts=1) as sup:
            sup.start_soon(crashes(), backoff=th.Backoff(10, jitter=0))
            sup.start_soon(crashes(1, after=1))
    assert trio.current_time() == 1


async def test_others_are_served_meanwhile(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        backs_off = sup.start_soon(crashes(1), backoff=th.Backoff(100, jitter=0, maximum=100))
        await trio.sleep(1)
        other = await sup.start(slow_to_start(2))
        await other.stop()
        await other.restart()
        assert trio.current_time() == 5
        assert backs_off.state == "restarting"
        sup.cancel_scope.cancel()
    assert trio.current_time() == 5


async def test_a_stop_wins(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(crashes(1), name="c", backoff=th.Backoff(10, jitter=0))
        await trio.sleep(3)
        await child.stop()
        assert (trio.current_time(), child.state) == (3, "stopped")
    assert trio.current_time() == 3
    assert log.about("ready") == ["c 1 ready"]


async def test_a_restart_by_hand_wins(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(crashes(1), name="c", backoff=th.Backoff(10, jitter=0))
        await trio.sleep(3)
        await child.restart()
        assert (trio.current_time(), child.state, child.incarnation) == (3, "ready", 2)
        await trio.sleep(100)
        assert child.incarnation == 2
        await child.stop()


async def test_a_kill_finds_nothing_to_kill(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = sup.start_soon(crashes(1, then=sleeps(0)), backoff=th.Backoff(10, jitter=0))
        await trio.sleep(3)
        child.kill()
        assert child.state == "restarting"
    assert trio.current_time() == 10


async def test_it_starts_anew_after_a_sustained_healthy_run(
    autojump_clock: MockClock, log: Log
) -> None:
    runs = iter([0, 9, 10, 9, 0])
    backoff, health = th.Backoff(1, 100, jitter=0), th.Health(healthy_after=10)

    async def component() -> None:
        await trio.sleep(next(runs, 0))
        if log.of(th.ChildRestarting)[4:]:
            return
        raise Boom

    async with th.open_supervisor("s", max_restarts=100, observer=log) as sup:
        sup.start_soon(component, backoff=backoff, health=health)
    assert [event.delay for event in log.of(th.ChildRestarting)] == [1, 2, 1, 2, 4]


async def test_a_slow_start_is_no_healthy_run(autojump_clock: MockClock, log: Log) -> None:
    async def component(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1000)
        if len(log.of(th.ChildRestarting)) == 3:
            task_status.started()
            return
        raise Boom

    async with th.open_supervisor("s", observer=log) as sup:
        health = th.Health(healthy_after=10)
        sup.start_soon(component, backoff=th.Backoff(1, jitter=0), health=health)
    assert [event.delay for event in log.of(th.ChildRestarting)] == [1, 2, 4]


async def test_a_backing_off_child_holds_the_supervisor_open(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = sup.start_soon(crashes(1, then=sleeps(0)), backoff=th.Backoff(10, jitter=0))
    assert (trio.current_time(), child.incarnation) == (10, 2)


async def test_an_endless_delay_ends_with_the_supervisor(autojump_clock: MockClock) -> None:
    backoff = th.Backoff(float("inf"), float("inf"))
    async with th.open_supervisor() as sup:
        child = sup.start_soon(crashes(), backoff=backoff)
        await trio.sleep(7)
        assert child.state == "restarting"
        sup.cancel_scope.cancel()
    assert trio.current_time() == 7


async def test_stopped_in_the_instant_in_which_it_wakes(autojump_clock: MockClock) -> None:
    """Whatever the order of the two, nothing runs afterwards and nothing hangs."""
    for _ in range(20):
        begin = trio.current_time()
        async with th.open_supervisor() as sup:
            child = sup.start_soon(crashes(1), backoff=th.Backoff(1, jitter=0))
            await trio.sleep_until(begin + 1)
            await child.stop()
            assert child.state == "stopped"
            probe = await sup.start(forever)
            await probe.stop()
