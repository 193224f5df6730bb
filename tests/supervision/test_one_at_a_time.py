"""One thing at a time, in order of arrival, done by who ended; nobody waits for himself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Log, crashes, forever, sleeps, slow_to_start, slow_to_stop
from trioharness.rules import Strategy


@pytest.mark.parametrize("strategy", ["one_for_one", "rest_for_one"])
async def test_deaths_and_calls_are_dealt_with_in_the_order_in_which_they_come(
    autojump_clock: MockClock, log: Log, strategy: Strategy
) -> None:
    """All of it comes while a slow stop is under way; deaths wait no longer and no shorter."""
    async with th.open_supervisor("s", observer=log, strategy=strategy) as sup:
        async with trio.open_nursery() as nursery:
            slow = await sup.start(slow_to_stop(10), name="slow", grace=20)
            called = await sup.start(forever, name="called")
            again = await sup.start(forever, name="again")
            await sup.start(crashes(1, after=2), name="dies-at-2", restart="temporary")
            await sup.start(sleeps(4), name="dies-at-4", restart="permanent")
            nursery.start_soon(slow.stop)
            await trio.sleep_until(1)
            nursery.start_soon(called.stop)
            await trio.sleep_until(3)
            nursery.start_soon(sup.start, forever)
            await trio.sleep_until(5)
            nursery.start_soon(again.restart)
            await trio.sleep_until(11)
            log.events[:] = [event for event in log.events if event_time(event) >= 10]
            done = log.lines.copy()
            sup.cancel_scope.cancel()
    begins = {
        "slow 1 stopped": "slow is stopped",
        "called 1 stopping": "called is stopped",
        "forever 1 ready": "another is started",
        "dies-at-4 1 restarting": "what died at 4 is restarted",
        "again 1 stopping": "again is restarted",
    }
    order = [begins[line] for line in done if line in begins]
    assert order == list(begins.values())


def event_time(event: th.Event) -> float:
    assert not isinstance(event, th.DeadLettered)
    return event.time


class Spawned(trio.abc.Instrument):
    """Counts the tasks that are made."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        self.names.append(task.name)


async def test_a_child_that_restarts_alone_does_so_in_its_own_task(
    autojump_clock: MockClock,
) -> None:
    spawned = Spawned()
    tasks: set[trio.lowlevel.Task] = set()
    crash = crashes(3, after=1)

    async def component() -> None:
        tasks.add(trio.lowlevel.current_task())
        await crash()

    async with th.open_supervisor("s") as sup:
        child = await sup.start(component, name="c")
        trio.lowlevel.add_instrument(spawned)
        await trio.sleep(10)
        assert (child.incarnation, len(tasks), spawned.names) == (4, 1, [])
        await child.stop()


async def test_an_idle_supervisor_has_no_task_but_those_of_its_children(
    autojump_clock: MockClock,
) -> None:
    async with th.open_supervisor("s") as sup, trio.open_nursery() as nursery:
        for name in "abc":
            await sup.start(forever, name=name)
        # A backoff and a stop have a task each, for as long as they take.
        backs_off = sup.start_soon(crashes(1), name="d", backoff=th.Backoff(2, jitter=0))
        nursery.start_soon(sup.children["a"].stop)
        await backs_off.wait("ready")
        await backs_off.wait("ready")
        await wait_all_tasks_blocked()
        assert sorted(names_below(trio.lowlevel.current_task())) == ["s", "s/b", "s/c", "s/d"]
        sup.cancel_scope.cancel()


def names_below(task: trio.lowlevel.Task) -> list[str]:
    found: list[str] = []
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            found += [child.name, *names_below(child)]
    return found


# Nobody waits for himself

LOOKS: list[Callable[[th.Supervisor], Awaitable[object]]] = [
    lambda sup: sup.settled(),
    lambda sup: sup.child("c"),
]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("when", ["started", "stopped"])
async def test_who_is_under_way_cannot_wait_for_that(
    autojump_clock: MockClock, look: Callable[[th.Supervisor], Awaitable[object]], when: str
) -> None:
    refused: list[str] = []

    async def ask() -> None:
        with pytest.raises(th.WouldDeadlock) as caught:
            await look(sup)
        refused.append(f"{caught.value.path} waits to {caught.value.wanted}")

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        if when == "started":
            await ask()
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            if when == "stopped":
                async with th.cleanup():
                    await ask()

    with trio.fail_after(50):
        async with th.open_supervisor("s") as sup:
            child: th.Child[None] = await sup.start(component, name="c")
            await child.stop()
    assert refused == ["s/c waits to see everything settled"]


async def test_an_instance_of_a_pool_that_starts_cannot_wait_for_that(
    autojump_clock: MockClock,
) -> None:
    async def component(*, task_status: th.TaskStatus[None]) -> None:
        with pytest.raises(th.WouldDeadlock):
            await pool.settled()
        task_status.started()

    with trio.fail_after(50):
        async with th.open_pool(th.Spec(component)) as pool:
            await pool.start()


@pytest.mark.parametrize("how", ["needs", "after", "further on"])
@pytest.mark.parametrize("where", ["itself", "inside of it"])
async def test_who_starts_cannot_wait_for_what_waits_for_it(
    autojump_clock: MockClock, how: str, where: str
) -> None:
    refused: list[str] = []

    async def user(*, me: object = None) -> None:
        await trio.sleep_forever()

    async def ask(sup: th.Supervisor) -> None:
        me = outer.children["c"]
        with pytest.raises(th.WouldDeadlock) as caught:
            if how == "needs":
                await outer.start(user, name="user", needs={"me": me})
            elif how == "after":
                await outer.start(user, name="user", after=[me])
            else:
                between = outer.start_soon(user, name="between", needs={"me": me})
                await outer.start(user, name="user", after=[between])
        refused.append(f"{caught.value.path} waits to {caught.value.wanted}")

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        if where == "itself":
            await ask(outer)
        else:
            async with th.open_supervisor("in") as inner:
                inner.start_soon(ask, inner)
        task_status.started()
        await trio.sleep_forever()

    with trio.fail_after(50):
        async with th.open_supervisor("s") as outer:
            child = outer.start_soon(component, name="c")
            await child.wait("ready")
            assert "user" not in outer.children
            outer.cancel_scope.cancel()
    assert refused == ["s/c waits to start 'user'"]


async def test_who_starts_may_wait_for_what_does_not_wait_for_it(autojump_clock: MockClock) -> None:
    async def user(*, need: object) -> None:
        await trio.sleep_forever()

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        need = sup.start_soon(slow_to_start(3), name="need")
        await sup.start(user, name="user", needs={"need": need})
        task_status.started()
        await trio.sleep_forever()

    with trio.fail_after(50):
        async with th.open_supervisor("s") as sup:
            await sup.start_soon(component, name="c").wait("ready")
            assert trio.current_time() == 3
            sup.cancel_scope.cancel()


async def test_who_starts_again_may_be_followed_at_once(autojump_clock: MockClock) -> None:
    """It was ready once, so that what comes after it does not wait for it."""
    lives: list[int] = []

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(1)
        if len(lives) == 2:
            await sup.start(forever, name="user", after=[sup.children["c"]])
        task_status.started()
        if len(lives) == 1:
            raise ValueError("once")
        await trio.sleep_forever()

    with trio.fail_after(50):
        async with th.open_supervisor("s") as sup:
            child = sup.start_soon(component, name="c", backoff=th.Backoff(1, jitter=0))
            await child.wait("restarting")
            await child.wait("ready")
            sup.cancel_scope.cancel()
