"""Context managers as components: enter is start, exit is stop."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, forever, resource, sleeps, slow_to_stop


async def test_they_do_not_hold_the_supervisor_open_and_are_stopped_last(
    autojump_clock: MockClock, log: Log
) -> None:
    seen: list[str] = []
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(sleeps(5), name="worker")
        await sup.start(resource("db", seen, leave=1), name="db")
    assert log.about("returned", "stopping", "stopped") == [
        "worker 1 returned",
        "db 1 stopping",
        "db 1 stopped",
    ]
    assert trio.current_time() == 6


@pytest.mark.parametrize("background", [True, False])
async def test_background_is_an_option(autojump_clock: MockClock, background: bool) -> None:
    seen: list[str] = []
    with trio.move_on_after(10):
        async with th.open_supervisor() as sup:
            await sup.start(resource("db", seen), background=background)
    assert trio.current_time() == (0 if background else 10)
    assert seen == ["db 1 entered", "db 1 left"]


async def test_a_function_may_be_a_background_component(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        sup.start_soon(forever, background=True)
        sup.start_soon(sleeps(2))
    assert trio.current_time() == 2


async def test_the_exit_has_the_grace(autojump_clock: MockClock, log: Log) -> None:
    seen: list[str] = []
    async with th.open_supervisor("s", observer=log) as sup:
        quick = await sup.start(resource("quick", seen, leave=3), grace=4)
        await quick.stop()
        assert trio.current_time() == 3
        slow = await sup.start(resource("slow", seen, leave=30), grace=4)
        await slow.stop()
        assert trio.current_time() == 7
    assert seen == ["quick 1 entered", "quick 1 left", "slow 1 entered"]
    assert log.about("stuck") == []


async def test_no_grace_at_all(autojump_clock: MockClock) -> None:
    seen: list[str] = []
    async with th.open_supervisor() as sup:
        child = await sup.start(resource("db", seen, leave=0), grace=0)
        await child.stop()
    assert seen == ["db 1 entered"]
    assert trio.current_time() == 0


async def test_a_nursery_inside_sees_the_exit_before_it_is_cancelled(
    autojump_clock: MockClock,
) -> None:
    seen: list[str] = []

    async def inside() -> None:
        try:
            await trio.sleep_forever()
        finally:
            seen.append("inside is cancelled")

    @contextlib.asynccontextmanager
    async def server() -> AsyncGenerator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(inside)
            try:
                yield
            finally:
                await trio.sleep(2)
                seen.append("goodbye was said")
                nursery.cancel_scope.cancel()

    async with th.open_supervisor() as sup:
        child = await sup.start(server)
        await trio.testing.wait_all_tasks_blocked()
        await child.stop()
    assert seen == ["goodbye was said", "inside is cancelled"]


async def test_stopped_while_it_is_entered(autojump_clock: MockClock, log: Log) -> None:
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def database() -> AsyncGenerator[None]:
        try:
            await trio.sleep(10)
            seen.append("unreachable")
            yield
        finally:
            async with th.cleanup():
                await trio.sleep(1)
                seen.append("cleaned")

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(database, name="db", background=False)
        await trio.sleep(3)
        await child.stop()
        assert trio.current_time() == 4
    assert seen == ["cleaned"]
    assert log.lines == ["db 1 stopping", "db 1 stopped", "s ended"]


async def test_stopped_while_it_is_entered_and_entered_all_the_same(
    autojump_clock: MockClock, log: Log
) -> None:
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def database() -> AsyncGenerator[None]:
        with trio.CancelScope(shield=True):
            await trio.sleep(2)
        try:
            yield
        finally:
            await trio.sleep(1)
            seen.append("left")

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(database, name="db", background=False)
        await trio.sleep(1)
        await child.stop()
        assert trio.current_time() == 3
    assert seen == ["left"]
    assert log.lines == ["db 1 stopping", "db 1 stopped", "s ended"]


async def test_killed_it_has_no_grace(autojump_clock: MockClock, log: Log) -> None:
    seen: list[str] = []
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(resource("db", seen, leave=0.5), name="db")
        child.kill()
        await child.wait("restarting")
        await child.wait("ready")
        assert trio.current_time() == 0
        assert child.value == "db 2"
    assert seen == ["db 1 entered", "db 2 entered", "db 2 left"]


async def test_killed_while_it_exits(autojump_clock: MockClock) -> None:
    seen: list[str] = []
    async with th.open_supervisor() as sup, trio.open_nursery() as nursery:
        child = await sup.start(resource("db", seen, leave=100), grace=200)
        nursery.start_soon(child.stop)
        await trio.sleep(1)
        child.kill()
        await child.wait("stopped")
        assert trio.current_time() == 1
    assert seen == ["db 1 entered"]


async def test_an_exit_that_raises_is_reported_only(autojump_clock: MockClock, log: Log) -> None:
    @contextlib.asynccontextmanager
    async def database() -> AsyncGenerator[None]:
        yield
        raise Boom

    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        await sup.start(database)
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Stopped)
    assert isinstance(ended.exit.error, Boom)


async def test_one_that_ends_by_itself_has_returned(autojump_clock: MockClock, log: Log) -> None:
    @contextlib.asynccontextmanager
    async def lease() -> AsyncGenerator[None]:
        with trio.move_on_after(5):
            yield

    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(lease, background=False)
    assert (trio.current_time(), child.incarnation) == (5, 1)
    assert log.about("returned", "stopped") == ["lease 1 returned"]


async def test_they_are_left_in_reverse_order(autojump_clock: MockClock) -> None:
    seen: list[str] = []
    async with th.open_supervisor() as sup:
        for name in ("a", "b", "c"):
            await sup.start(resource(name, seen))
        await sup.start(slow_to_stop(1, seen), background=True)
    assert seen[3:] == ["begins at 0", "done at 1", "c 1 left", "b 1 left", "a 1 left"]
