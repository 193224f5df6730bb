"""Supervisors under supervisors, and side by side."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, chain, crashes, forever, sleeps, slow_to_stop
from trioharness.rules import RestartType


async def test_a_supervisor_in_a_component_continues_its_path(
    autojump_clock: MockClock, log: Log
) -> None:
    async def workers() -> None:
        async with th.open_supervisor("inner") as sup:
            assert sup.path == "s/workers/inner"
            sup.start_soon(sleeps(1), name="w")

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(workers)
    assert log.lines == [
        "workers 1 ready",
        "workers/inner/w 1 ready",
        "workers/inner/w 1 returned",
        "s/workers/inner ended",
        "workers 1 returned",
        "s ended",
    ]


async def test_an_observer_of_its_own(autojump_clock: MockClock, log: Log) -> None:
    inner = Log()

    async def workers() -> None:
        async with th.open_supervisor("inner", observer=inner) as sup:
            sup.start_soon(sleeps(1), name="w")

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(workers)
    assert log.lines == ["workers 1 ready", "workers 1 returned", "s ended"]
    assert len(inner.lines) == 3


async def test_giving_up_is_a_crash_to_the_supervisor_above(
    autojump_clock: MockClock, log: Log
) -> None:
    async def workers() -> None:
        async with th.open_supervisor("inner", max_restarts=1) as sup:
            sup.start_soon(forever, name="sibling")
            sup.start_soon(crashes(after=1), name="bad")

    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=2, observer=log) as sup:
            sup.start_soon(workers)
    assert caught.value.path == "s"
    assert [type(e) for e in caught.value.exceptions] == [th.RestartLimitExceeded] * 3
    assert chain(caught.value) == [Boom] * 6
    assert trio.current_time() == 6
    assert log.about("gave-up") == [
        *["s/workers/inner over workers/inner/bad gave-up"] * 3,
        "s over workers gave-up",
    ]
    assert log.about("ended") == ["s/workers/inner ended"] * 3 + ["s ended"]


async def test_a_restarted_supervisor_begins_afresh(autojump_clock: MockClock, log: Log) -> None:
    lives: list[int] = []

    async def workers() -> None:
        lives.append(1)
        async with th.open_supervisor("inner", max_restarts=1, within=1000) as sup:
            sup.start_soon(crashes(1 if len(lives) > 1 else 100, after=1, then=sleeps(1)), name="w")
            assert sup.statistics().restarts == 0

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(workers)
    assert len(lives) == 2
    assert log.about("gave-up") == ["s/workers/inner over workers/inner/w gave-up"]


async def test_a_group_around_giving_up_is_a_crash_as_well(autojump_clock: MockClock) -> None:
    async def inside() -> None:
        async with th.open_supervisor("inner", max_restarts=0) as sup:
            sup.start_soon(crashes())

    async def workers() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(inside)

    async with th.open_supervisor() as sup:
        child = await sup.start(workers, restart="temporary")
        await child.wait("stopped")
        assert "Boom" in str(child.last_error)


async def test_a_policy_can_tell_giving_up_from_the_errors_that_led_to_it(
    autojump_clock: MockClock, log: Log
) -> None:
    policy: dict[type[Exception], RestartType] = {
        Boom: "permanent",
        th.RestartLimitExceeded: "temporary",
    }
    group = th.Group("g", [th.Spec(crashes(after=1), name="bad")], max_restarts=1)
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(group, name="g", restart=policy)
    assert child.incarnation == 1
    assert log.about("restarting") == ["g/bad 1 restarting"]


async def test_supervisors_side_by_side_do_not_know_each_other(autojump_clock: MockClock) -> None:
    logs = [Log(), Log()]
    async with (
        th.open_supervisor("a", max_restarts=0, observer=logs[0]) as a,
        th.open_supervisor("b", max_restarts=1, observer=logs[1]) as b,
    ):
        await a.start(sleeps(5), name="x")
        await b.start(crashes(1, after=1, then=sleeps(1)), name="x")
        assert (a.path, b.path) == ("a", "b")
    assert logs[0].lines == ["x 1 ready", "x 1 returned", "a ended"]
    assert len(logs[1].about("restarting")) == 1


async def test_a_supervisor_in_the_body_of_another_is_a_root_of_its_own(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("outer") as outer:
        outer.start_soon(forever, background=True)
        async with th.open_supervisor("inner", observer=log) as inner:
            assert inner.path == "inner"
            inner.start_soon(sleeps(1), name="w")
    assert log.lines[-1] == "inner ended"


async def test_a_component_may_start_children_of_an_outer_supervisor(
    autojump_clock: MockClock, log: Log
) -> None:
    async def leaf() -> None:
        child = await outer.start(sleeps(1), name="from-below")
        assert child.path == "s/from-below"

    async def workers() -> None:
        async with th.open_supervisor("inner") as sup:
            sup.start_soon(leaf, name="leaf")

    async with th.open_supervisor("s", observer=log) as outer:
        outer.start_soon(workers)
    assert "from-below 1 returned" in log.lines


async def test_a_leaf_may_stop_its_ancestor(autojump_clock: MockClock, log: Log) -> None:
    async def leaf() -> None:
        await trio.sleep(1)
        await workers_child.stop()

    async def workers() -> None:
        async with th.open_supervisor("inner") as sup:
            sup.start_soon(slow_to_stop(1), name="sibling")
            sup.start_soon(leaf, name="leaf")

    async with th.open_supervisor("s", observer=log) as sup:
        workers_child = await sup.start(workers, name="workers")
    assert trio.current_time() == 2
    assert log.about("stopped") == [
        "workers/inner/leaf 1 stopped",
        "workers/inner/sibling 1 stopped",
        "workers 1 stopped",
    ]


async def test_ready_when_its_children_are(autojump_clock: MockClock) -> None:
    async def component(*, task_status: th.TaskStatus[th.Supervisor]) -> None:
        async with th.open_supervisor("inner", stay=True) as sup:
            await trio.sleep(3)
            task_status.started(sup)

    async with th.open_supervisor("s") as outer:
        child = await outer.start(component)
        assert trio.current_time() == 3
        inner = child.value
        leaf = await inner.start(forever, name="leaf")
        assert leaf.path == "s/component/inner/leaf"
        await child.stop()
        assert leaf.state == "stopped"
        with pytest.raises(th.SupervisorClosed):
            inner.start_soon(forever)
