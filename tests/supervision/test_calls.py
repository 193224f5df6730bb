"""Calls on children: one thing at a time, in order; none waits for itself or for ever."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import (
    Boom,
    Log,
    crashes,
    forever,
    sleeps,
    slow_to_start,
    slow_to_stop,
)


async def test_stop_and_restart(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child = await sup.start(slow_to_stop(1), name="c", restart="permanent")
        await child.stop("first")
        assert (trio.current_time(), child.state) == (1, "stopped")
        await child.stop("second")
        await child.restart()
        assert (child.state, child.incarnation, child.restarts) == ("ready", 2, 0)
        await child.restart("third")
        assert (trio.current_time(), child.incarnation) == (2, 3)
        await child.stop("fourth")
    assert [event.reason for event in log.of(th.ChildStopping)] == ["first", "third", "fourth"]


async def test_restart_waits_until_it_is_ready(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(slow_to_start(2))
        await child.restart()
        assert (trio.current_time(), child.value) == (4, 2)
        await child.stop()


async def test_restart_that_fails_is_the_policys(autojump_clock: MockClock, log: Log) -> None:
    lives: list[int] = []

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(1)
        if len(lives) == 2:
            raise Boom
        task_status.started()
        await trio.sleep_forever()

    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(component, name="c", backoff=th.Backoff(5, jitter=0))
        await child.restart()
        assert child.state == "restarting"
        await child.wait("ready")
        assert trio.current_time() == 5
        await child.stop()


async def test_calls_are_answered_in_order_of_arrival(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup, trio.open_nursery() as nursery:
        child = await sup.start(slow_to_stop(1), name="c")
        calls: list[Callable[[], Awaitable[object]]] = [
            child.restart,
            child.stop,
            child.restart,
            functools.partial(sup.start, forever, name="d"),
            child.stop,
        ]
        for call in calls:
            nursery.start_soon(call)
            for _ in range(5):
                await trio.lowlevel.checkpoint()
        await trio.sleep(10)
        sup.cancel_scope.cancel()
    assert log.lines == [
        "c 1 ready",
        "c 1 stopping",
        "c 1 stopped",
        "c 2 ready",
        "c 2 stopping",
        "c 2 stopped",
        "c 3 ready",
        "d 1 ready",
        "c 3 stopping",
        "c 3 stopped",
        "d 1 stopping",
        "d 1 stopped",
        "s ended",
    ]


async def test_a_call_waits_for_a_slow_restart(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        slow = await sup.start(slow_to_start(10, then=crashes(1, after=1)), name="slow")
        other = await sup.start(forever, name="other")
        await trio.sleep(5)
        assert slow.state == "starting"
        await other.stop()
        assert trio.current_time() == 21
        await slow.stop()
    assert log.about("stopped") == ["other 1 stopped", "slow 2 stopped"]


async def test_deaths_wait_for_a_slow_restart_too(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(slow_to_start(10, then=crashes(1, after=1)), name="slow")
        sup.start_soon(crashes(1, after=5), name="a")
        sup.start_soon(sleeps(5), name="b")
        await trio.sleep(6)
        assert sup.children["a"].state == "restarting"
        assert sup.children["b"].state == "stopped"
        await sup.children["a"].wait("ready")
        sup.cancel_scope.cancel()
    assert log.times("restarting") == [11, 21]  # decided when the turn is free again


async def test_waiting_calls_come_between_two_attempts_to_restart(
    autojump_clock: MockClock, log: Log
) -> None:
    lives: list[int] = []

    async def fails(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(1)
        await trio.sleep(1)
        if len(lives) > 1:
            raise Boom
        task_status.started()
        raise Boom

    async with th.open_supervisor("s", max_restarts=100, observer=log) as sup:
        child = await sup.start(fails, name="fails")
        await trio.sleep(0.5)
        await child.stop()
        assert trio.current_time() == 2
        assert (child.state, child.incarnation) == ("stopped", 2)


async def test_a_cancelled_call_is_carried_out_all_the_same(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(slow_to_stop(3))
        with trio.move_on_after(1) as scope:
            await child.stop()
        assert scope.cancelled_caught
        assert child.state == "stopping"
        assert await child.wait("stopped") == "stopped"
        with trio.CancelScope() as scope:
            scope.cancel()
            await child.restart()
        await child.wait("ready")
        await child.stop()


async def test_kill_is_a_crash(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(slow_to_stop(100), name="c", grace=1000)
        await trio.sleep(1)
        child.kill("a hunch")
        await child.wait("restarting")
        await child.wait("ready")
        assert trio.current_time() == 1
        assert (child.restarts, child.last_error) == (1, "ChildKilled: killed: a hunch")
        child.kill()
        child.kill()
        await child.wait("restarting")
        await child.wait("ready")
        assert child.incarnation == 3
        sup.cancel_scope.cancel()
        child.kill()
    first = log.of(th.ChildEnded)[0]
    assert isinstance(first.exit, th.Crashed)
    assert isinstance(first.exit.error, th.ChildKilled)
    assert first.exit.error.reason == "a hunch"


async def test_kill_ends_a_start_that_hangs(autojump_clock: MockClock) -> None:
    killed: Exception = AssertionError("it was not killed")
    async with th.open_supervisor() as sup:
        with pytest.raises(th.ChildKilled):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_kill_at, sup, 5)
                with trio.CancelScope(shield=True):
                    try:
                        await sup.start(slow_to_start(1000))
                    except th.ChildKilled as error:
                        killed = error
                nursery.cancel_scope.cancel()
            raise killed
        assert trio.current_time() == 5


async def _kill_at(sup: th.Supervisor, time: float) -> None:
    await trio.sleep_until(time)
    for child in sup.children.values():
        child.kill()


async def test_a_kill_during_a_stop_is_a_stop(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup, trio.open_nursery() as nursery:
        child = await sup.start(slow_to_stop(100), name="c", grace=1000)
        nursery.start_soon(child.stop)
        await trio.sleep(1)
        child.kill()
        await trio.sleep(1)
        assert (child.state, child.restarts) == ("stopped", 0)
    assert log.about("stopped", "crashed") == ["c 1 stopped"]


async def test_a_stop_after_a_kill_gives_no_new_grace(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(slow_to_stop(100), grace=1000)
        child.kill()
        await child.stop()
        assert (trio.current_time(), child.state) == (0, "stopped")


async def test_two_stops_at_once(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(slow_to_stop(3), name="c")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child.stop)
            nursery.start_soon(child.stop)
        assert trio.current_time() == 3
    assert log.about("stopping") == ["c 1 stopping"]


async def test_a_component_may_stop_and_restart_itself(autojump_clock: MockClock) -> None:
    lives: list[str] = []

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        task_status.started()
        lives.append("x")
        (me,) = (child for child in sup.children.values() if child.name == "me")
        if len(lives) == 1:
            await me.restart()
        await me.stop()
        lives.append("unreachable")

    async with th.open_supervisor() as sup:
        me = sup.start_soon(component, name="me", restart="permanent")
        await me.wait("stopped")
    assert lives == ["x", "x"]


async def test_a_component_may_stop_what_it_needs(autojump_clock: MockClock, log: Log) -> None:
    async def component(*, need: object) -> None:
        await a.stop()

    async with th.open_supervisor("s", observer=log) as sup:
        a = await sup.start(forever, name="a")
        sup.start_soon(component, name="b", needs={"need": a})
    assert log.about("stopped") == ["b 1 stopped", "a 1 stopped"]


async def test_components_may_start_siblings(autojump_clock: MockClock, log: Log) -> None:
    async def acceptor() -> None:
        for number in range(3):
            await sup.start(sleeps(1), name=f"connection-{number}")

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(acceptor)
    assert len(log.about("ready")) == 4
    assert trio.current_time() == 1


@pytest.mark.parametrize("call", ["start", "stop", "restart"])
@pytest.mark.parametrize("when", ["started", "restarted", "stopped", "entered"])
async def test_a_call_that_waits_for_its_own_caller_is_refused(
    autojump_clock: MockClock, call: str, when: str
) -> None:
    refused: list[str] = []
    lives: list[int] = []

    async def ask() -> None:
        try:
            if call == "start":
                await sup.start(forever, name="new")
            elif call == "stop":
                await other.stop()
            else:
                await other.restart()
        except th.WouldDeadlock as error:
            refused.append(str(error))

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(1)
        if when == "started" or (when == "restarted" and len(lives) == 2):
            await ask()
        task_status.started()
        if when == "restarted" and len(lives) == 1:
            raise Boom
        try:
            await trio.sleep_forever()
        finally:
            if when == "stopped":
                async with th.cleanup():
                    await ask()

    async def nesting(*, task_status: th.TaskStatus[None]) -> None:
        async with th.open_supervisor("inner") as inner:
            await inner.start(asking)
            task_status.started()

    async def asking(*, task_status: th.TaskStatus[None]) -> None:
        await ask()
        task_status.started()

    with trio.fail_after(100):
        async with th.open_supervisor("s") as sup:
            other = await sup.start(forever, name="other")
            child = await sup.start(nesting if when == "entered" else component, name="c")
            await trio.sleep(1)
            await child.stop()
            assert list(sup.children) == ["other", "c"]
            assert (other.state, other.incarnation) == ("ready", 1)
            sup.cancel_scope.cancel()
    assert len(refused) == 1
    assert refused[0].startswith("'s/c' waits to ")


async def test_start_soon_never_deadlocks(autojump_clock: MockClock) -> None:
    async def component(*, task_status: th.TaskStatus[None]) -> None:
        child = sup.start_soon(forever, name="inner")
        await child.wait("ready")
        task_status.started()

    async with th.open_supervisor() as sup:
        await sup.start(component)
        assert trio.current_time() == 0
        sup.cancel_scope.cancel()


async def test_a_stop_of_a_child_whose_start_is_awaited(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup, trio.open_nursery() as nursery:

        async def start() -> None:
            child = await sup.start(slow_to_start(3), name="slow")
            assert trio.current_time() == 3
            assert child.state in ("ready", "stopping")

        nursery.start_soon(start)
        await trio.testing.wait_all_tasks_blocked()
        child = sup.children["slow"]
        await child.stop()
        assert (trio.current_time(), child.state) == (3, "stopped")


async def test_a_stop_of_a_child_that_starts_by_itself(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = sup.start_soon(slow_to_start(100))
        await trio.sleep(1)
        await child.stop()
        assert (trio.current_time(), child.state) == (1, "stopped")


async def test_a_waiting_child_can_be_stopped_and_restarted(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        need = sup.start_soon(slow_to_start(10))
        child = sup.start_soon(_user, needs={"need": need})
        await trio.sleep(1)
        await child.stop()
        assert child.state == "stopped"
        await trio.sleep(10)
        assert child.state == "stopped"
        await child.restart()
        assert child.state == "ready"
        await need.restart()
        await trio.testing.wait_all_tasks_blocked()
        sup.cancel_scope.cancel()


async def _user(*, need: int) -> None:
    await trio.sleep_forever()


@pytest.mark.parametrize("state", ["open", "draining", "closing", "ended"])
async def test_calls_that_come_too_late(autojump_clock: MockClock, state: str) -> None:
    async with trio.open_nursery() as nursery, th.open_supervisor("s") as sup:
        child = await sup.start(sleeps(3), name="c")
        await child.stop()
        await sup.start(slow_to_stop(5), name="d")
        if state == "draining":
            sup.drain()
        elif state == "closing":
            sup.cancel_scope.cancel()
        nursery.start_soon(_calls, sup, child, state)
        if state == "ended":
            sup.cancel_scope.cancel()


async def _calls(sup: th.Supervisor, child: th.Child[object], state: str) -> None:
    await trio.sleep(10 if state == "ended" else 1)
    if state == "open":
        await child.restart()
        await sup.start(forever)
        sup.cancel_scope.cancel()
        return
    with pytest.raises(th.SupervisorClosed, match="'s' is stopping or has ended"):
        await child.restart()
    with pytest.raises(th.SupervisorClosed, match="cannot start 'forever'"):
        await sup.start(forever)
    with pytest.raises(th.SupervisorClosed):
        sup.start_soon(forever)
    await child.stop()
    sup.drain()
    assert child.state == "stopped"


async def test_calls_that_wait_when_the_supervisor_stops(autojump_clock: MockClock) -> None:
    answers: list[str] = []

    async def restart(child: th.Child[object]) -> None:
        with pytest.raises(th.SupervisorClosed):
            await child.restart()
        answers.append("restart")

    async def stop(child: th.Child[object]) -> None:
        await child.stop()
        assert child.state == "stopped"
        answers.append("stop")

    async def start(sup: th.Supervisor) -> None:
        with pytest.raises(th.SupervisorClosed):
            await sup.start(forever)
        answers.append("start")

    async with trio.open_nursery() as nursery:
        async with th.open_supervisor() as sup:
            a = await sup.start(slow_to_stop(3), name="a")
            b = await sup.start(slow_to_stop(1), name="b")
            nursery.start_soon(a.stop)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(restart, b)
            nursery.start_soon(stop, b)
            nursery.start_soon(start, sup)
            await trio.testing.wait_all_tasks_blocked()
            assert answers == []
            sup.cancel_scope.cancel()
    assert sorted(answers) == ["restart", "start", "stop"]
    assert trio.current_time() == 4


async def test_wait(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(slow_to_start(2, then=sleeps(3)), name="c")
        assert await child.wait("starting", "ready") == "starting"
        assert await child.wait("ready") is th.State.READY
        assert trio.current_time() == 2
        assert await child.wait(th.State.STOPPED, th.State.COMPLETE) == "stopped"
        assert trio.current_time() == 5
        with pytest.raises(ValueError, match="'redy' is not a valid State"):
            await child.wait("redy")
        with pytest.raises(ValueError, match="would wait for ever"):
            await child.wait()


async def test_wait_sees_a_state_however_brief(autojump_clock: MockClock) -> None:
    seen: list[str] = []

    async def watch(child: th.Child[object], state: str) -> None:
        seen.append(await child.wait(state))

    async with th.open_supervisor() as sup, trio.open_nursery() as nursery:
        child = sup.start_soon(crashes(1, after=1, then=sleeps(0)))
        await child.wait("ready")
        nursery.start_soon(watch, child, "restarting")
        nursery.start_soon(watch, child, "starting")
    assert sorted(seen) == ["restarting", "starting"]


async def test_wait_can_be_cancelled(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(forever)
        with trio.move_on_after(1) as scope:
            await child.wait("stopped")
        assert scope.cancelled_caught
        await child.stop()


@pytest.mark.parametrize("named", [True, False])
async def test_wait_for_what_will_never_be(autojump_clock: MockClock, named: bool) -> None:
    outcomes: list[str] = []

    async def watch(child: th.Child[object]) -> None:
        with pytest.raises(th.StartFailed) as caught:
            await child.wait("restarting")
        outcomes.append(caught.value.reason.partition(";")[0])

    async with trio.open_nursery() as nursery:
        async with th.open_supervisor() as sup:
            child = sup.start_soon(sleeps(3), name="c" if named else None)
            nursery.start_soon(watch, child)
            await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(watch, child)
    why = "its supervisor has ended" if named else "it has ended and was forgotten"
    assert outcomes == [why, why]
    assert await child.wait("stopped") == "stopped"
