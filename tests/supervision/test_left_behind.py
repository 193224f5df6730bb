"""Nobody and nothing is left behind: callers are answered, drains end, groups let go.

Each of these hung once: something had ended in a way that nobody had waited for.
"""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncGenerator

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
from trioharness.rules import Strategy


async def test_a_call_that_is_being_done_is_answered_when_something_leaves(
    autojump_clock: MockClock,
) -> None:
    """`KeyboardInterrupt` ends the task that does it; who asked for it may be outside."""
    told: list[str] = []

    async def leaves() -> None:
        await trio.sleep(1)
        raise KeyboardInterrupt

    async def stop(child: th.Child[object]) -> None:
        await child.stop()
        told.append(child.state)

    async def block(nursery: trio.Nursery) -> None:
        async with th.open_supervisor(cancel_grace=1) as sup:
            child = await sup.start(slow_to_stop(100), name="stubborn", grace=200)
            sup.start_soon(leaves)
            nursery.start_soon(stop, child)
            await trio.sleep_forever()

    with trio.fail_after(50), pytest.RaisesGroup(KeyboardInterrupt):
        async with trio.open_nursery() as nursery:
            try:
                await block(nursery)
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                    await trio.sleep_forever()
                assert told == ["stopped"]


@pytest.mark.parametrize("end", ["send", "receive"])
async def test_a_drain_does_not_wait_for_a_child_that_was_stopped(
    autojump_clock: MockClock, end: str
) -> None:
    """Nobody can start it any more, so it must not keep its channel open for the others."""
    send, receive = th.open_channel(int, 0)
    outside, inside = th.open_channel(int, 5)

    async def holds(_: th.SendChannel[int] | th.ReceiveChannel[int]) -> None:
        await trio.sleep_forever()

    async def copies(source: th.ReceiveChannel[int], sink: th.SendChannel[int]) -> None:
        async for number in source:
            with contextlib.suppress(trio.BrokenResourceError):
                await sink.send(number)

    async def consumes(source: th.ReceiveChannel[int]) -> None:
        async for _ in source:
            pass

    with trio.fail_after(50):
        async with th.open_supervisor() as sup:
            if end == "send":
                child = await sup.start(holds, send, name="down")
                sup.start_soon(consumes, receive)
            else:
                child = await sup.start(holds, receive, name="down")
                sup.start_soon(copies, inside, send)
                await outside.send(1)
            await child.stop()
            await trio.sleep(1)
            sup.drain()
    assert child.state == "complete"
    assert trio.current_time() == 1
    for other in (outside, inside):
        other.close()


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_stop_while_a_group_backs_off_lets_go_of_all_of_it(
    autojump_clock: MockClock, strategy: Strategy
) -> None:
    with trio.fail_after(50):
        async with th.open_supervisor(strategy=strategy) as sup:
            backoff = th.Backoff(100, 100, jitter=0)
            child = await sup.start(crashes(after=1), name="a", backoff=backoff)
            other = await sup.start(forever, name="b")
            await trio.sleep(2)
            assert (child.state, other.state) == ("restarting", "stopped")
            await child.stop()
    assert (child.state, other.state) == ("stopped", "stopped")
    assert trio.current_time() == 2


async def test_a_stop_while_a_member_of_a_group_is_tried_again_lets_go_of_all_of_it(
    autojump_clock: MockClock, log: Log
) -> None:
    """Its failure has ended the restart of the one that crashed first, which stays stopped."""
    lives = itertools.count(1)

    async def member(*, task_status: th.TaskStatus[None]) -> None:
        if next(lives) > 1:
            raise Boom
        task_status.started()
        await trio.sleep_forever()

    with trio.fail_after(50):
        async with th.open_supervisor("s", strategy="one_for_all", observer=log) as sup:
            backoff = th.Backoff(100, 100, jitter=0)
            fails = await sup.start(member, name="fails", backoff=backoff)
            first = await sup.start(crashes(after=1), name="first")
            last = await sup.start(forever, name="last")
            await trio.sleep(2)
            assert [child.state for child in (fails, first, last)] == [
                "restarting",
                "stopped",
                "stopped",
            ]
            await fails.stop()
    assert log.about("restarting") == ["first 1 restarting", "fails 2 restarting"]
    assert trio.current_time() == 2


async def test_a_background_member_that_backs_off_holds_its_group_open(
    autojump_clock: MockClock,
) -> None:
    """It was alone to be started, and counted for nothing: the block ended under it."""
    lives = itertools.count(1)

    @contextlib.asynccontextmanager
    async def database() -> AsyncGenerator[int]:
        life = next(lives)
        async with trio.open_nursery() as nursery:
            if life == 1:
                nursery.start_soon(crashes(after=1))
            yield life
            nursery.cancel_scope.cancel()

    async with th.open_supervisor(strategy="one_for_all") as sup:
        db = await sup.start(database, name="db", backoff=th.Backoff(5, jitter=0))
        worker = sup.start_soon(sleeps(3), name="worker")
    assert (db.incarnation, worker.incarnation) == (2, 2)
    assert trio.current_time() == 1 + 5 + 3


async def test_a_start_that_waits_for_a_need_outlives_the_restart_of_its_group(
    autojump_clock: MockClock,
) -> None:
    async def user(*, need: int) -> None:
        await trio.sleep_forever()

    async def start(sup: th.Supervisor, need: th.Child[int]) -> None:
        child = await sup.start(user, name="user", needs={"need": need})
        assert child.state == "ready"
        sup.cancel_scope.cancel()

    with trio.fail_after(50):
        async with (
            th.open_supervisor(strategy="one_for_all") as sup,
            trio.open_nursery() as nursery,
        ):
            sup.start_soon(crashes(1, after=1), name="crashes")
            need = sup.start_soon(slow_to_start(10), name="need")
            nursery.start_soon(start, sup, need)
    assert trio.current_time() == 11


async def test_a_child_whose_need_dies_at_its_start_lets_the_turn_go(
    autojump_clock: MockClock,
) -> None:
    """`Child.start` holds the turn; the restart of the need that the child needs has to get it."""

    async def user(*, need: int) -> None:
        await trio.sleep_forever()

    for passes in range(8):
        with trio.fail_after(50):
            async with th.open_supervisor(max_restarts=100) as sup, trio.open_nursery() as nursery:
                need = await sup.start(slow_to_start(1), name="need")
                child = await sup.start(user, name="user", needs={"need": need})
                await child.stop()
                nursery.start_soon(child.start)
                for _ in range(passes):
                    await trio.lowlevel.checkpoint()
                need.kill()
                await trio.sleep(5)
                assert (need.state, child.state) == ("ready", "ready")
                sup.cancel_scope.cancel()
