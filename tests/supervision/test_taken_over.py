"""What meets in one moment: stops that are taken over, needs that end during a restart."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log


class Need:
    """A component that crashes once, when it is told to."""

    def __init__(self) -> None:
        self.crash = trio.Event()
        self.crashed = False

    async def __call__(self, *, task_status: th.TaskStatus[str]) -> None:
        task_status.started("live")
        await self.crash.wait()
        if not self.crashed:
            self.crashed = True
            raise Boom("needed by others")
        await trio.sleep_forever()


async def empty(*, task_status: th.TaskStatus[th.Supervisor]) -> None:
    async with th.open_supervisor("in", stay=True, max_restarts=1000) as inner:
        task_status.started(inner)


def user(seconds: float, *, ready: bool = True) -> Callable[..., Awaitable[None]]:
    """Return a component whose clean-up takes so long; whether it ever becomes ready."""

    async def component(*, task_status: th.TaskStatus[None], **_: object) -> None:
        if ready:
            task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await trio.sleep(seconds)

    return component


async def test_one_that_is_stopped_by_hand_does_not_return_with_its_need(
    autojump_clock: MockClock,
) -> None:
    need = Need()
    async with th.open_supervisor("s") as sup:
        db = await sup.start(need, name="db")
        inner = (await sup.start(empty, name="holder")).value
        child = await inner.start(user(2), name="user", needs={"db": db})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child.stop)
            await trio.sleep(1)
            need.crash.set()
        assert trio.current_time() == 2
        await db.wait("ready")
        await trio.sleep(5)
        assert (child.state, child.incarnation) == ("stopped", 1)
        sup.cancel_scope.cancel()


async def test_a_stop_that_is_taken_over_twice_ends(autojump_clock: MockClock) -> None:
    near, far = Need(), Need()
    async with th.open_supervisor("s") as sup:
        outer = await sup.start(far, name="far")
        middle = (await sup.start(empty, name="middle")).value
        need = await middle.start(near, name="near")
        inner = (await middle.start(empty, name="inner")).value
        child = await inner.start(user(3), name="user", needs={"near": need, "far": outer})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child.stop)
            await trio.sleep(1)
            near.crash.set()
            await trio.sleep(1)
            far.crash.set()
        assert trio.current_time() == 3
        await inner.settled()
        await need.wait("ready")
        await outer.wait("ready")
        assert trio.current_time() == 3
        assert child.state == "stopped"
        sup.cancel_scope.cancel()


async def test_a_start_that_was_cancelled_does_not_come_back(autojump_clock: MockClock) -> None:
    need = Need()
    async with th.open_supervisor("s") as sup:
        db = await sup.start(need, name="db")
        inner = (await sup.start(empty, name="holder")).value
        async with trio.open_nursery() as nursery:

            async def start() -> None:
                with trio.move_on_after(1):
                    await inner.start(user(2, ready=False), name="user", needs={"db": db})
                assert inner.children == {}

            nursery.start_soon(start)
            await trio.sleep(1.5)
            need.crash.set()
        await trio.sleep(5)
        assert inner.children == {}
        sup.cancel_scope.cancel()


async def test_a_source_that_was_drained_does_not_come_back(autojump_clock: MockClock) -> None:
    need = Need()
    async with th.open_supervisor("s") as sup:
        db = await sup.start(need, name="db")

        async def holder(*, task_status: th.TaskStatus[th.Supervisor]) -> None:
            async with th.open_supervisor("in") as inner:
                await inner.start(user(2), name="user", needs={"db": db})
                task_status.started(inner)

        held = await sup.start(holder, name="holder")
        held.value.drain()
        await trio.sleep(1)
        need.crash.set()
        await held.wait("stopped")
        assert trio.current_time() == 2
        sup.cancel_scope.cancel()


@pytest.mark.parametrize("above", [False, True])
async def test_a_need_that_ends_at_the_same_moment(above: bool, autojump_clock: MockClock) -> None:
    """Who needs it is about to restart already; it waits for the new value all the same."""
    seen: list[object] = []

    async def need(*, task_status: th.TaskStatus[str]) -> None:
        task_status.started("live")
        await trio.sleep(1)
        raise Boom("need")

    async def component(*, db: object) -> None:
        seen.append(db)
        await trio.sleep(1)
        raise Boom("user")

    async with th.open_supervisor("s", max_restarts=1000) as sup:
        db = await sup.start(need, name="db")
        under = (await sup.start(empty, name="holder")).value if above else sup
        under.start_soon(component, name="user", needs={"db": db})
        await trio.sleep(20)
        sup.cancel_scope.cancel()
    assert len(seen) > 10
    assert set(seen) == {"live"}


async def test_a_shield_that_was_left_open_is_not_inherited(autojump_clock: MockClock) -> None:
    kept: list[AsyncGenerator[int]] = []
    runs = 0

    async def shielded() -> AsyncGenerator[int]:
        with trio.CancelScope(shield=True):
            yield 1  # noqa: ASYNC101, ASYNC119 - that is the point

    async def component() -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            generator = shielded()
            kept.append(generator)
            async for _ in generator:
                raise Boom("in its middle")
        await trio.sleep(1000)

    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(component, name="x", grace=1)
        await trio.sleep(3)
        await child.stop()
        assert trio.current_time() == 3
        assert child.last_error is not None
        assert "scope" in child.last_error.lower()
    await kept[0].aclose()


async def test_an_observer_may_ask_for_anything(autojump_clock: MockClock) -> None:
    """Told of a crash it starts what needs the child that crashed, which changes what follows."""
    log = Log()
    asked: list[th.Child[object]] = []

    async def component() -> None:
        await trio.sleep(1)
        if not asked[0].restarts:
            raise Boom("once")
        await trio.sleep_forever()

    async def dependent(**_: object) -> None:
        await trio.sleep_forever()

    def observer(event: th.Event) -> None:
        log(event)
        if isinstance(event, th.ChildEnded) and len(asked) == 1:
            asked.append(sup.start_soon(dependent, name="dependent", needs={"need": asked[0]}))

    async with th.open_supervisor("s", observer=observer) as sup:
        asked.append(sup.start_soon(component, name="x"))
        await trio.sleep(2.5)
        await sup.settled()
        assert [child.state for child in asked] == ["ready", "ready"]
        assert asked[0].incarnation == 2
        sup.cancel_scope.cancel()


async def test_waiting_is_told_once(autojump_clock: MockClock) -> None:
    waiting: list[th.ChildWaiting] = []

    def observer(event: th.Event) -> None:
        if isinstance(event, th.ChildWaiting):
            waiting.append(event)

    async def slow(seconds: float, *, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(seconds)
        task_status.started()
        await trio.sleep_forever()

    async with th.open_supervisor("s", observer=observer) as sup:
        needs = {f"n{i}": sup.start_soon(slow, i) for i in (1, 2, 3)}
        child = sup.start_soon(user(0), name="user", needs=needs)
        await child.wait("ready")
        assert trio.current_time() == 3
        sup.cancel_scope.cancel()
    assert [event.path for event in waiting] == ["s/user"]
