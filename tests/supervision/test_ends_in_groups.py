"""Groups of exceptions, as nurseries raise them: each means what all its members mean."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, chain, crashes, forever
from trioharness.rules import RestartType


class Starts(Protocol):
    def __call__(self, *, task_status: th.TaskStatus[None]) -> Awaitable[None]: ...


def out_of_a_nursery(*errors: Exception, ready: bool = True, depth: int = 1) -> Starts:
    """Return a component whose tasks raise these, inside of so many nurseries."""

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        if ready:
            task_status.started()
            await trio.sleep(1)
        await nurseries(depth)

    async def nurseries(more: int) -> None:
        async with trio.open_nursery() as nursery:
            if more > 1:
                nursery.start_soon(nurseries, more - 1)
            else:
                for error in errors:
                    nursery.start_soon(throw, error)

    async def throw(error: Exception) -> None:
        raise error

    return component


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize(("restart", "lives"), [("transient", 1), ("permanent", 2)])
async def test_a_shutdown_is_an_end_on_purpose(
    autojump_clock: MockClock, log: Log, depth: int, ready: bool, restart: RestartType, lives: int
) -> None:
    component = out_of_a_nursery(th.Shutdown("enough"), ready=ready, depth=depth)
    with trio.move_on_after(1.5):
        async with th.open_supervisor("s", max_restarts=1, observer=log) as sup:
            sup.start_soon(forever, name="other")
            child = sup.start_soon(once(component), name="c", restart=restart)
            await trio.sleep(1.2)
            assert child.incarnation == lives
            await trio.sleep_forever()
    assert log.of(th.ChildEnded)[0].exit == th.ShutDown("enough")
    assert log.about("crashed") == []


def once(component: Starts) -> Starts:
    """Return a component that is something else the first time than later."""
    lives: list[int] = []

    async def changing(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(1)
        if len(lives) == 1:
            await component(task_status=task_status)
        else:
            task_status.started()
            await trio.sleep_forever()

    return changing


async def test_of_several_shutdowns_the_first_gives_the_reason(
    autojump_clock: MockClock, log: Log
) -> None:
    async def component() -> None:
        raise ExceptionGroup("", [th.Shutdown("one"), ExceptionGroup("", [th.Shutdown("two")])])

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(component)
    assert log.of(th.ChildEnded)[0].exit == th.ShutDown("one")


@pytest.mark.parametrize("other", [Boom(), th.Ignore()])
@pytest.mark.parametrize("ready", [True, False])
async def test_together_with_anything_else_it_is_a_crash(
    autojump_clock: MockClock, log: Log, other: Exception, ready: bool
) -> None:
    component = out_of_a_nursery(th.Shutdown("enough"), other, ready=ready)
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
            sup.start_soon(component, name="c")
    assert set(chain(caught.value)) == {th.Shutdown, type(other)}
    assert log.about("crashed", "shutdown", "ignored") == ["c 1 crashed"]


async def test_a_supervisor_that_gave_up_has_crashed_whatever_its_children_raised(
    autojump_clock: MockClock, log: Log
) -> None:
    """Its error is a group as well, but one that says something itself."""

    async def component() -> None:
        raise th.RestartLimitExceeded("elsewhere", "1 restart in 60 s", [th.Shutdown()])

    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
            sup.start_soon(component, name="c")
    assert log.about("crashed", "shutdown") == ["c 1 crashed"]


async def test_a_supervisor_in_a_nursery_may_shut_down(autojump_clock: MockClock, log: Log) -> None:
    async def inside() -> None:
        async with th.open_supervisor("in", auto_shutdown="any_significant") as inner:
            inner.start_soon(trio.sleep, 2, significant=True)
            await trio.sleep_forever()

    async def component() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(inside)

    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        sup.start_soon(component, name="c")
    assert trio.current_time() == 2
    assert log.about("shutdown", "crashed") == ["c 1 shutdown"]


async def test_while_it_is_stopped_a_shutdown_is_nothing_to_report(
    autojump_clock: MockClock, log: Log
) -> None:
    async def ends() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise th.Shutdown

    async def component() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ends)
            nursery.start_soon(ends)

    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(component)
        await trio.testing.wait_all_tasks_blocked()
        await child.stop("enough")
        assert sup.unclean == ()
    assert log.of(th.ChildEnded)[0].exit == th.Stopped("enough")


async def test_a_start_may_be_shut_down_in_a_nursery(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.Shutdown) as caught:
            await sup.start(out_of_a_nursery(th.Shutdown("not today"), ready=False))
        assert caught.value.term == "not today"
        assert sup.children == {}


@pytest.mark.parametrize("depth", [1, 3])
async def test_a_start_may_be_declined_in_a_nursery(
    autojump_clock: MockClock, log: Log, depth: int
) -> None:
    component = out_of_a_nursery(th.Ignore(), th.Ignore(), ready=False, depth=depth)
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child: th.Child[None] = await sup.start(component, name="c", restart="permanent")
        assert child.state == "stopped"
        sup.start_soon(component, name="d", restart="permanent")
    assert log.lines == ["c 1 ignored", "d 1 ignored", "s ended"]


async def test_the_reason_of_one_that_declined_is_told(autojump_clock: MockClock, log: Log) -> None:
    ignores = [th.Ignore("there is no disk"), th.Ignore("nor another")]
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(out_of_a_nursery(ignores[0], ready=False), name="alone")
        await sup.start(out_of_a_nursery(*ignores, ready=False), name="two")
    reasons = [event.exit for event in log.of(th.ChildEnded)]
    assert reasons[0] == th.Ignored("there is no disk")
    assert reasons[1] in (th.Ignored("there is no disk"), th.Ignored("nor another"))
    assert str(ignores[0]) == "there is no disk"


async def test_declining_comes_too_late_once_it_is_ready(
    autojump_clock: MockClock, log: Log
) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
            sup.start_soon(out_of_a_nursery(th.Ignore()), name="c")
    assert chain(caught.value) == [th.Ignore]
    assert log.about("crashed", "ignored") == ["c 1 crashed"]


async def test_a_start_that_is_declined_by_some_only_is_a_crash(
    autojump_clock: MockClock,
) -> None:
    async with th.open_supervisor("s") as sup:
        with pytest.RaisesGroup(th.Ignore, Boom):
            await sup.start(out_of_a_nursery(th.Ignore(), Boom(), ready=False))


async def test_a_crash_in_a_nursery_restarts_at_once_all_the_same(
    autojump_clock: MockClock, log: Log
) -> None:
    crash = crashes(2)

    async def component() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crash)

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(component, name="c")
        await trio.testing.wait_all_tasks_blocked()
        assert (child.state, child.incarnation) == ("ready", 3)
        await child.stop()
    assert log.about("crashed", "restarting") == [
        "c 1 crashed",
        "c 1 restarting",
        "c 2 crashed",
        "c 2 restarting",
    ]
