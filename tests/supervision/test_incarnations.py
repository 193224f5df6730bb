"""One life after the other: proof of death, a fresh context, fairness, and nothing kept alive."""

from __future__ import annotations

import gc
import itertools
import weakref
from contextvars import ContextVar

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, forever, sleeps

name: ContextVar[str] = ContextVar("name", default="nobody")


async def test_an_incarnation_has_ended_wholly_before_the_next_begins(
    autojump_clock: MockClock,
) -> None:
    alive: set[tuple[int, int]] = set()
    lives = itertools.count(1)

    async def inside(life: int, number: int) -> None:
        alive.add((life, number))
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(number)
            alive.discard((life, number))

    async def component() -> None:
        life = next(lives)
        assert alive == set()
        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(inside, life, number)
            await trio.sleep(1)
            if life < 4:
                raise Boom
            nursery.cancel_scope.cancel()

    async with th.open_supervisor() as sup:
        child = sup.start_soon(component)
    assert child.incarnation == 4
    assert trio.current_time() == 4 * (1 + 3)


async def test_context_variables_are_those_of_the_opening_each_time(
    autojump_clock: MockClock,
) -> None:
    seen: list[str] = []
    lives = itertools.count(1)

    async def component() -> None:
        seen.append(name.get())
        name.set(f"life {next(lives)}")
        await trio.lowlevel.checkpoint()
        if len(seen) < 3:
            raise Boom

    async def sibling() -> None:
        seen.append(name.get())

    name.set("the opener")
    async with th.open_supervisor() as sup:
        name.set("the body")
        await sup.start(component)
        await trio.sleep(1)
        await sup.start(sibling)
    assert seen == ["the opener"] * 4


async def test_context_variables_are_fresh_after_a_backoff_and_a_restart_by_hand(
    autojump_clock: MockClock,
) -> None:
    seen: list[str] = []

    async def component() -> None:
        seen.append(name.get())
        name.set("set")
        if len(seen) == 1:
            raise Boom
        await trio.sleep_forever()

    async with th.open_supervisor() as sup:
        child = sup.start_soon(component, backoff=th.Backoff(1))
        await trio.sleep(2)
        await child.restart()
        await child.stop()
    assert seen == ["nobody"] * 3


async def test_a_component_that_crashes_at_once_starves_nobody(autojump_clock: MockClock) -> None:
    """In each scheduler pass every sibling has its turn, however often one of them restarts."""
    turns: list[int] = []

    async def sibling() -> None:
        turns.append(0)
        index = len(turns) - 1
        while True:
            turns[index] += 1
            await trio.lowlevel.checkpoint()

    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor(max_restarts=100) as sup:
            for _ in range(3):
                await sup.start(sibling)
            turns[:] = [0, 0, 0]
            sup.start_soon(crashes())
    assert all(100 <= count <= 110 for count in turns)


class Thing:
    """Something that can be seen to be gone."""


async def test_ended_children_leave_nothing_behind(autojump_clock: MockClock) -> None:
    things: weakref.WeakSet[Thing] = weakref.WeakSet()

    async def short(thing: Thing) -> None:
        things.add(thing)
        await trio.lowlevel.checkpoint()

    async with th.open_supervisor() as sup:
        kept = Thing()
        keeper = sup.start_soon(short, kept, name="keeper")
        for _ in range(100):
            for _ in range(100):
                sup.start_soon(short, Thing())
            await trio.testing.wait_all_tasks_blocked()
        assert sup.statistics().children == 1
        assert list(sup.children) == ["keeper"]
        gc.collect()
        assert list(things) == [kept]
        assert keeper.state == "stopped"


async def test_a_crash_is_gone_as_soon_as_it_was_told(autojump_clock: MockClock) -> None:
    """Without the garbage collector: no frame and no event holds on to what crashed."""
    gone: list[str] = []

    async def component() -> None:
        thing = Thing()
        weakref.finalize(thing, gone.append, "gone")
        await trio.lowlevel.checkpoint()
        raise Boom

    gc.collect()
    gc.disable()
    try:
        async with th.open_supervisor() as sup:
            sup.start_soon(component, restart="temporary")
            await trio.testing.wait_all_tasks_blocked()
            assert gone == ["gone"]
    finally:
        gc.enable()


async def test_a_running_incarnation_keeps_no_earlier_one_alive(autojump_clock: MockClock) -> None:
    """Its window is over and another crash came since: then the first error has to go."""
    gone: list[int] = []
    lives = itertools.count(1)

    async def component() -> None:
        life = next(lives)
        thing = Thing()
        weakref.finalize(thing, gone.append, life)
        await trio.sleep(100)
        raise Boom

    async with th.open_supervisor(max_restarts=1, within=50) as sup:
        child = sup.start_soon(component)
        await trio.sleep(250)
        gc.collect()
        assert gone == [1]
        await child.stop()


async def test_every_incarnation_has_its_number(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(crashes(3, after=1, then=sleeps(1)), name="c")
    assert child.incarnation == 4
    assert [event.incarnation for event in log.of(th.ChildReady)] == [1, 2, 3, 4]
    assert [event.incarnation for event in log.of(th.ChildEnded)] == [1, 2, 3, 4]


async def test_the_task_is_called_by_the_path_of_its_child(autojump_clock: MockClock) -> None:
    names: list[str] = []

    async def component() -> None:
        names.append(trio.lowlevel.current_task().name)

    async with th.open_supervisor("shop") as sup:
        sup.start_soon(component, name="parse")
        sup.start_soon(forever, name="other", background=True)
    assert names == ["shop/parse"]
