"""`every(seconds, fn)`: periodic work as a component, under supervisors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log


class Work:
    """Notes when it is called; each call takes the next of some durations, and crashes on None."""

    def __init__(self, *durations: float | None) -> None:
        self.durations = iter(durations)
        self.times: list[float] = []
        self.running = 0
        self.child: th.Child[Any] | None = None

    async def __call__(self) -> None:
        self.times.append(trio.current_time())
        self.running += 1
        assert self.running == 1
        try:
            duration = next(self.durations, 0.0)
            if duration is None:
                raise Boom
            await trio.sleep(duration)
        finally:
            self.running -= 1


async def after(seconds: float, sup: th.Supervisor) -> None:
    await trio.sleep(seconds)
    sup.cancel_scope.cancel()


async def test_it_is_called_once_each_period(autojump_clock: MockClock) -> None:
    work = Work()
    async with th.open_supervisor() as sup:
        child = await sup.start(th.every(2.5, work))
        assert child.state == "ready"
        assert work.times == []  # the first call is one period away
        await after(10.5, sup)
    assert work.times == [2.5, 5, 7.5, 10]


async def test_a_call_that_takes_long_is_followed_by_one_for_all_that_were_missed(
    autojump_clock: MockClock,
) -> None:
    work = Work(3.5)  # from 1 to 4.5: the ticks at 2, 3 and 4 are one
    async with th.open_supervisor() as sup:
        sup.start_soon(th.every(1, work))
        await after(6.5, sup)
    assert work.times == [1, 4.5, 5, 6]


async def test_a_crash_is_restarted_and_begins_a_new_period(
    autojump_clock: MockClock, log: Log
) -> None:
    work = Work(0.25, None, 0.0, None)
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(th.every(1, work), name="w", backoff=th.Backoff(0.5, jitter=0))
        await after(5.5, sup)
    assert work.times == [1, 2, 3.5, 4.5]
    assert child.restarts == 2
    assert log.times("crashed") == [2, 4.5]
    assert log.about("crashed") == ["w 1 crashed", "w 2 crashed"]


async def test_a_supervisor_gives_up_over_it(autojump_clock: MockClock) -> None:
    work = Work(*[None] * 9)
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor(max_restarts=2, within=60) as sup:
            sup.start_soon(th.every(10, work))
    assert [type(error) for error in caught.value.exceptions] == [Boom] * 3
    assert work.times == [10, 20, 30]


async def test_a_policy_by_type_sees_its_errors(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.every(1, Work(None)), name="w", restart={Boom: "temporary"})
    assert log.lines == ["w 1 ready", "w 1 crashed", "w 1 not-restarted", "s ended"]


async def test_it_is_parked_like_any_other(autojump_clock: MockClock) -> None:
    work = Work(None, None)
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor(max_restarts=1, exhausted="park") as sup:
            child = sup.start_soon(th.every(1, work))
            await child.wait("parked")
            assert work.times == [1, 2]


async def test_a_stop_reaches_the_call(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        work = Work(100)
        child = await sup.start(th.every(1, work))
        await trio.sleep(2)
        assert work.running == 1
        await child.stop()
        assert (work.running, trio.current_time()) == (0, 2)


async def test_its_arguments_and_needs_reach_each_call(autojump_clock: MockClock) -> None:
    seen: list[tuple[object, ...]] = []

    async def pool(*, task_status: th.TaskStatus[str]) -> None:
        task_status.started("pool")
        await trio.sleep_forever()

    async def poll(a: int, b: int, *, pool: str, d: int = 4) -> None:
        seen.append((a, b, pool, d))

    async with th.open_supervisor() as sup:
        need = await sup.start(pool)
        later: Any = functools.partial(th.every(1, poll), 1)
        sup.start_soon(later, 2, needs={"pool": need})
        bound: Any = th.every(1, functools.partial(poll, 5, d=6))
        sup.start_soon(bound, 7, needs={"pool": need})
        sup.start_soon(th.every(1, poll), 8, 9, needs={"pool": need})
        await after(1.5, sup)
    assert sorted(seen) == [(1, 2, "pool", 4), (5, 7, "pool", 6), (8, 9, "pool", 4)]


async def count_up(numbers: th.SendChannel[int], counted: list[int]) -> None:
    if len(counted) == 2:
        counted.append(-1)
        raise Boom
    counted.append(len(counted))
    await numbers.send(counted[-1])
    if len(counted) == 6:
        raise th.Shutdown


async def test_channel_ends_are_handed_over_and_outlive_a_crash(
    autojump_clock: MockClock, log: Log
) -> None:
    got: list[int] = []
    counted: list[int] = []

    async def takes(numbers: th.ReceiveChannel[int]) -> None:
        got.extend([number async for number in numbers])

    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(takes, receive)
        sup.start_soon(th.every(1, count_up, send, counted))
    assert got == [0, 1, 3, 4, 5]
    assert log.about("crashed") == ["count_up 1 crashed"]


async def test_a_drain_ends_it(autojump_clock: MockClock) -> None:
    work = Work()
    async with th.open_supervisor() as sup:
        sup.start_soon(th.every(1, work))
        await trio.sleep(3.5)
        sup.drain()
    assert work.times == [1, 2, 3]


async def test_it_is_called_by_its_function() -> None:
    async with th.open_supervisor("s") as sup:
        assert sup.start_soon(th.every(1, is_async)).path == "s/is_async"
        assert sup.start_soon(th.every(1, is_async, 3)).path == "s/is_async-2"
        sup.cancel_scope.cancel()


def is_sync() -> None:
    """As it says."""


async def is_async(number: int = 0) -> None:
    """As it says."""


async def yields() -> Any:
    yield


async def says_when_it_is_ready(*, task_status: th.TaskStatus[None]) -> None:
    task_status.started()


@pytest.mark.parametrize(
    ("fn", "problem"),
    [
        (is_sync, r"every\(seconds, is_sync\): it is no async function; make it an async function"),
        (functools.partial(is_sync), "it is no async function"),
        (yields, "a call of it does not do the work; give an async function that does"),
        (Work, "a call of it does not do the work"),
        (says_when_it_is_ready, "it has a task_status, but .* leave the parameter out"),
        (None, "None is not callable; give an async function, and its arguments after it"),
        (5, "5 is not callable"),
    ],
)
def test_what_cannot_be_called_again_and_again_is_refused(fn: Any, problem: str) -> None:
    with pytest.raises(th.ComponentTypeError, match=problem):
        th.every(1, fn)


def test_a_call_in_the_place_of_a_function_is_refused() -> None:
    called: Any = is_async(1)
    with pytest.raises(th.ComponentTypeError, match=r"called already.*every\(seconds, is_async, a"):
        th.every(1, called)


def test_what_is_no_period_is_refused_with_a_function_too() -> None:
    with pytest.raises(th.ConfigurationError, match="0 is no time between two ticks"):
        th.every(0, is_async)


@pytest.mark.parametrize("given", [lambda: is_async(3), functools.partial(is_async, 3)])
async def test_what_gives_something_to_await_is_called(
    given: Callable[[], Any], autojump_clock: MockClock
) -> None:
    async with th.open_supervisor() as sup:
        child = sup.start_soon(th.every(1, given))
        await trio.sleep(2.5)
        assert (child.state, child.restarts) == ("ready", 0)
        sup.cancel_scope.cancel()


async def test_one_that_gives_nothing_to_await_is_a_crash_with_a_sentence(
    autojump_clock: MockClock, log: Log
) -> None:
    given: Any = lambda: 3  # noqa: E731 - of a function it would have been known at once
    component: Callable[[], Any] = th.every(1, given)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(component, restart="temporary")
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert isinstance(ended.exit.error, th.ComponentTypeError)
    assert "it returned 3, which cannot be awaited; make it" in str(ended.exit.error)
