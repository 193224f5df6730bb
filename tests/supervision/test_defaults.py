"""What holds where nothing is said: trio's way, not OTP's, and the same wherever it is said.

OTP's own defaults are those that `tests/conformance/driver.py` asks for.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import (
    Boom,
    Function,
    Log,
    crashes,
    forever,
    resource,
    sleeps,
    slow_to_start,
    slow_to_stop,
)

# How often: 5 restarts in 60 s


async def supervisor(component: Function) -> None:
    async with th.open_supervisor() as sup:
        sup.start_soon(component)


async def group(component: Function) -> None:
    async with th.open_supervisor(max_restarts=0) as sup:
        sup.start_soon(th.Group("g", [th.Spec(component)]))


async def pool(component: Function) -> None:
    async with th.open_supervisor(max_restarts=0) as sup:
        child = await sup.start(th.Pool("p", th.Spec(component)))
        instance = await child.value.start(name="i")
        await instance.wait("stopped")
        await trio.testing.wait_all_tasks_blocked()
        await child.stop()


async def opened_pool(component: Function) -> None:
    async with th.open_pool(th.Spec(component)) as instances:
        await instances.start()


@pytest.mark.parametrize("under", [supervisor, group, pool, opened_pool])
@pytest.mark.parametrize(("every", "times", "gives_up"), [(12, 6, True), (12.125, 20, False)])
async def test_five_restarts_in_a_minute_are_too_few_for_the_sixth(
    autojump_clock: MockClock,
    under: Callable[[Function], Awaitable[None]],
    every: float,
    times: int,
    gives_up: bool,
) -> None:
    component = crashes(times, after=every, then=sleeps(0))
    if gives_up:
        with pytest.raises(th.RestartLimitExceeded):
            await under(component)
    else:
        await under(component)
    assert trio.current_time() == times * every


# Who is started again: who crashed


@pytest.mark.parametrize("how", ["start", "start_soon", "spec", "pool"])
async def test_a_return_means_done_and_a_crash_does_not(
    autojump_clock: MockClock, log: Log, how: str
) -> None:
    returns, crash = sleeps(1), crashes(1, after=1, then=sleeps(1))
    async with th.open_supervisor("s", observer=log) as sup:
        for component in (returns, crash):
            if how == "start":
                await sup.start(component)
            elif how == "start_soon":
                sup.start_soon(component)
            elif how == "spec":
                sup.start_soon(th.Group("g", [th.Spec(component)]), restart="temporary")
            else:
                async with th.open_pool(th.Spec(component), observer=log) as instances:
                    await instances.start()
    assert len(log.about("restarting")) == 1
    assert [event.because for event in log.of(th.ChildRestarting)] == ["Boom: number 1"]


# How long: when the body has ended and no child runs, restarts or backs off


async def runs(sup: th.Supervisor) -> None:
    sup.start_soon(sleeps(10))


async def starts(sup: th.Supervisor) -> None:
    sup.start_soon(slow_to_start(10, then=sleeps(0)))


async def restarts(sup: th.Supervisor) -> None:
    crash = crashes(1, after=4)

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        if trio.current_time() > 0:
            await trio.sleep(6)  # all of it its restart
        task_status.started()
        if trio.current_time() < 10:
            await crash()

    sup.start_soon(component)


async def backs_off(sup: th.Supervisor) -> None:
    sup.start_soon(crashes(1, then=sleeps(0)), backoff=th.Backoff(10, jitter=0))


async def waits_for_a_need(sup: th.Supervisor) -> None:
    async def user(*, need: int) -> None: ...

    need = sup.start_soon(slow_to_start(10), background=True)
    sup.start_soon(user, needs={"need": need})


async def runs_its_body(sup: th.Supervisor) -> None:
    sup.start_soon(sleeps(0))
    await trio.sleep(10)


@pytest.mark.parametrize(
    "body", [runs, starts, restarts, backs_off, waits_for_a_need, runs_its_body]
)
async def test_it_is_open_for_exactly_as_long_as_something_is_left_to_do(
    autojump_clock: MockClock, body: Callable[[th.Supervisor], Awaitable[None]]
) -> None:
    async with th.open_supervisor() as sup:
        await body(sup)
    assert trio.current_time() == 10


async def test_what_is_done_or_stopped_or_in_the_background_holds_nothing_open(
    autojump_clock: MockClock,
) -> None:
    async with th.open_supervisor() as sup:
        await sup.start(resource("db", []))
        await sup.start(forever, background=True)
        stopped = await sup.start(forever, name="stopped")
        await stopped.stop()
        sup.start_soon(sleeps(3))
    assert trio.current_time() == 3


# How much time: 5 s for the clean-up of each, and 5 s for all if it comes from outside


@pytest.mark.parametrize("how", ["start", "start_soon", "spec"])
async def test_a_child_has_five_seconds_for_its_clean_up(
    autojump_clock: MockClock, how: str
) -> None:
    seen: list[str] = []
    async with th.open_supervisor() as sup:
        if how == "start":
            child: th.Child[Any] = await sup.start(slow_to_stop(9, seen))
        elif how == "start_soon":
            child = sup.start_soon(slow_to_stop(9, seen))
        else:
            group = await sup.start(th.Group("g", [th.Spec(slow_to_stop(9, seen), name="c")]))
            child = group.value.children["c"]
        await trio.testing.wait_all_tasks_blocked()
        await child.stop()
        assert trio.current_time() == 5
    assert seen == ["begins at 0"]


async def outer_scope(body: Callable[[], Awaitable[None]]) -> None:
    with trio.move_on_after(1):
        await body()


async def raises(body: Callable[[], Awaitable[None]]) -> None:
    with pytest.raises(Boom):
        await body()


async def is_interrupted(body: Callable[[], Awaitable[None]]) -> None:
    with pytest.raises(KeyboardInterrupt):
        await body()


async def cancels_itself(body: Callable[[], Awaitable[None]]) -> None:
    await body()


@pytest.mark.parametrize(
    ("how", "around"),
    [
        ("outer scope", outer_scope),
        ("own scope", cancels_itself),
        ("error", raises),
        ("interrupt", is_interrupted),
        ("interrupt of a child", is_interrupted),
    ],
)
async def test_a_stop_that_comes_from_outside_takes_five_seconds_at_most(
    autojump_clock: MockClock, log: Log, how: str, around: Any
) -> None:
    async def interrupts() -> None:
        await trio.sleep(1)
        raise KeyboardInterrupt

    async def body() -> None:
        async with th.open_supervisor("s", observer=log) as sup:
            for name in ("a", "b", "c"):
                await sup.start(slow_to_stop(2), name=name, grace=100)
            if how == "interrupt of a child":
                sup.start_soon(interrupts, name="interrupts")
            if how in ("outer scope", "interrupt of a child"):
                await trio.sleep_forever()
            await trio.sleep(1)
            if how == "error":
                raise Boom
            if how == "interrupt":
                raise KeyboardInterrupt
            sup.cancel_scope.cancel()

    await around(body)
    assert trio.current_time() == 1 + 5
    ended = [event for event in log.of(th.ChildEnded) if event.path != "s/interrupts"]
    assert [(event.path, event.time) for event in ended] == [("s/c", 3), ("s/b", 5), ("s/a", 6)]


@pytest.mark.parametrize("gives_up", [True, False])
async def test_an_end_of_its_own_accord_has_no_bound_but_the_grace_of_each(
    autojump_clock: MockClock, gives_up: bool
) -> None:
    """Nobody waits for it, so there is nobody who would rather have it end half-done."""

    async def body() -> None:
        async with th.open_supervisor(max_restarts=0) as sup:
            for name in ("a", "b", "c"):
                await sup.start(slow_to_stop(4), name=name, background=True)
            sup.start_soon(crashes(after=1) if gives_up else sleeps(1))

    if gives_up:
        with pytest.raises(th.RestartLimitExceeded):
            await body()
    else:
        await body()
    assert trio.current_time() == 1 + 3 * 4


# All of them, wherever they can be given

DEFAULTS = {
    "strategy": "one_for_one",
    "max_restarts": 5,
    "within": 60.0,
    "auto_shutdown": "never",
    "exhausted": "escalate",
    "stay": False,
    "cancel_grace": 5.0,
    "restart": "transient",
    "grace": 5.0,
    "backoff": None,
    "background": None,
    "significant": False,
    "health": None,
    "start_within": None,
}

GIVEN_TO: list[Callable[..., object]] = [
    th.open_supervisor,
    th.open_pool,
    th.Group,
    th.Pool,
    th.Spec,
    th.Options,
    th.Supervisor.start,
    th.Supervisor.start_soon,
    th.Harness.add,
]


@pytest.mark.parametrize("given_to", GIVEN_TO, ids=lambda fn: str(fn.__qualname__))
def test_a_default_is_the_same_wherever_the_option_can_be_given(
    given_to: Callable[..., object],
) -> None:
    parameters = inspect.signature(given_to).parameters
    found = {name: parameters[name].default for name in DEFAULTS if name in parameters}
    assert found == {name: DEFAULTS[name] for name in found}
    assert found
