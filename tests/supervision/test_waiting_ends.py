"""Ends and calls that wait for their turn: what follows from them when it comes, or comes no more.

Each of these was found by `test_model`; here it stands with the least that shows it.
"""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, forever, slow_to_stop
from trioharness.rules import Strategy


async def answer(call: Callable[[], Awaitable[object]], answers: list[str]) -> None:
    try:
        await call()
    except th.TrioharnessError as error:
        answers.append(type(error).__name__)
    else:
        answers.append("ok")


async def test_restart_of_a_temporary_one_says_that_it_was_forgotten() -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(forever, name="c", restart="temporary")
        with pytest.raises(th.StartFailed, match="was forgotten"):
            await child.restart()
        assert sup.children == {}


@pytest.mark.parametrize("request_", ["start", "restart"])
async def test_a_temporary_one_that_has_ended_is_not_started_again_by_a_call_that_waited(
    request_: str, autojump_clock: MockClock
) -> None:
    answers: list[str] = []
    async with th.open_supervisor("s") as sup, trio.open_nursery() as nursery:
        slow = await sup.start(slow_to_stop(3), name="slow")
        child = await sup.start(crashes(after=1), name="c", restart="temporary")
        nursery.start_soon(slow.stop)
        await wait_all_tasks_blocked()
        nursery.start_soon(answer, getattr(child, request_), answers)
        await trio.sleep(5)
        assert (answers, child.incarnation) == (["StartFailed"], 1)
        assert list(sup.children) == ["slow"]


async def test_a_significant_one_whose_stop_was_asked_for_before_it_ended_ends_nobody(
    log: Log, autojump_clock: MockClock
) -> None:
    async with th.open_supervisor("s", auto_shutdown="any_significant", observer=log) as sup:
        async with trio.open_nursery() as nursery:
            slow = await sup.start(slow_to_stop(3), name="slow")
            child = await sup.start(trio.sleep, 1, name="c", significant=True)
            nursery.start_soon(slow.stop)
            await wait_all_tasks_blocked()
            nursery.start_soon(child.stop)
    assert log.about("gave-up") == []


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all"])
async def test_nothing_is_done_any_more_once_it_has_given_up(
    strategy: Strategy, log: Log, autojump_clock: MockClock
) -> None:
    answers: list[str] = []
    async with trio.open_nursery() as nursery:
        with pytest.raises(th.RestartLimitExceeded):
            async with th.open_supervisor(
                "s", strategy=strategy, max_restarts=0, observer=log
            ) as sup:
                slow = await sup.start(slow_to_stop(3), name="slow")
                stopped = await sup.start(forever, name="a")
                await stopped.stop()
                other = await sup.start(forever, name="b")
                await sup.start(forever, name="c")
                await sup.start(crashes(after=1), name="d")
                nursery.start_soon(slow.stop)
                await trio.sleep(2)
                nursery.start_soon(answer, stopped.delete, answers)
                await wait_all_tasks_blocked()
                nursery.start_soon(answer, other.stop, answers)
                await wait_all_tasks_blocked()
                if strategy == "one_for_all":
                    sup.start_soon(forever, name="late")
                await trio.sleep_forever()
    assert answers == ["SupervisorClosed", "ok"]
    after = log.lines[log.lines.index("s over d gave-up") + 1 :]
    assert after == ["c 1 stopping", "c 1 stopped", "b 1 stopping", "b 1 stopped", "s ended"]


async def test_a_restart_counts_when_it_is_decided(log: Log, autojump_clock: MockClock) -> None:
    """As in OTP; so the times that the observer is told never go back either."""
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=1, within=4, observer=log) as sup:
            slow = await sup.start(slow_to_stop(3), name="slow")
            await sup.start(crashes(1, after=1), name="c")
            await sup.start(crashes(after=6), name="d")
            await slow.stop()  # so that it is decided at 3 what ended at 1
    times = [event.time for event in log.events if not isinstance(event, th.DeadLettered)]
    assert times == sorted(times)
    assert log.times("restarting") == [3]
    assert len(caught.value.exceptions) == 2


async def test_a_member_that_declines_leaves_its_group_to_those_that_follow(log: Log) -> None:
    numbers = itertools.count(1)

    async def declines_later(*, task_status: th.TaskStatus[None]) -> None:
        if next(numbers) > 1:
            raise th.Ignore
        task_status.started()
        raise Boom

    async with th.open_supervisor("s", observer=log) as sup:
        group = th.Group(
            "g",
            [th.Spec(declines_later, name="x"), th.Spec(forever, name="y", restart="permanent")],
            strategy="one_for_all",
        )
        child = await sup.start(group, name="g")
        await wait_all_tasks_blocked()
        assert child.state == "ready"
        assert log.lines[-2:] == ["g/x 2 ignored", "g/y 2 ready"]
        await child.stop()


@pytest.mark.parametrize("_", range(10))  # who of two is first is trio's choice
async def test_a_start_is_refused_after_the_end_whatever_waited_then(
    _: int, autojump_clock: MockClock
) -> None:
    """An end that waited behind a call, until the last child was stopped, kept the turn."""
    answers: list[str] = []
    async with trio.open_nursery() as nursery:
        async with th.open_supervisor("s") as sup:
            await sup.start(crashes(after=2), name="a")
            await sup.start(slow_to_stop(3), name="slow")
            nursery.start_soon(start_after, 1, sup, answers)
            sup.cancel_scope.cancel()
        with trio.move_on_after(60):
            await start_after(0, sup, answers)
    assert answers == ["SupervisorClosed"] * 2


async def start_after(seconds: float, sup: th.Supervisor, answers: list[str]) -> None:
    await trio.sleep(seconds)
    await answer(lambda: sup.start(forever), answers)
