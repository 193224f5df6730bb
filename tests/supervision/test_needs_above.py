"""`needs` across supervisors: what a child inside needs may be a child of a supervisor above."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import gc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import (
    Boom,
    Log,
    crashes,
    forever,
    resource,
    sleeps,
    slow_to_start,
    slow_to_stop,
)
from tests.supervision.test_needs import Tree
from trioharness.rules import STRATEGIES, Strategy


def holding(
    component: Callable[..., Awaitable[None]], needs: dict[str, th.Child[Any]], **options: Any
) -> Callable[..., Awaitable[None]]:
    """Return a component that has a supervisor of its own, and under it ``user``, which needs."""

    async def holder(*, task_status: th.TaskStatus[th.Supervisor]) -> None:
        async with th.open_supervisor("in", **options) as inner:
            inner.start_soon(component, name="user", needs=needs)
            task_status.started(inner)

    return holder


async def test_the_live_value_and_the_order_across_a_restart(
    autojump_clock: MockClock, log: Log
) -> None:
    tree = Tree()
    async with th.open_supervisor("s", max_restarts=1, observer=log) as sup:
        db = await sup.start(tree.user("db", crashes(1, after=5)), name="db")
        user = tree.user("user", slow_to_stop(1))
        # No restart is allowed inside: what happens to the need is not counted there.
        holder = await sup.start(holding(user, {"db": db}, max_restarts=0), name="holder")
        await trio.sleep(1)
        log.events.clear()
        await trio.sleep(4.5)
        assert holder.value.children["user"].state == "stopping"
        assert db.state == "restarting"
        await trio.sleep(3)
        assert holder.incarnation == 1
        log.events.append(th.SupervisorEnded(path="now", time=0))
        sup.cancel_scope.cancel()
    assert tree.got == ["db1()", "user1(db1)", "db2()", "user2(db2)"]
    before = log.lines[: log.lines.index("now ended")]
    assert before == [
        "db 1 crashed",
        "db 1 restarting",
        "holder/in/user 1 stopping",
        "holder/in/user 1 stopped",
        "db 2 ready",
        "holder/in/user 2 ready",
    ]


async def test_it_waits_for_a_need_that_backs_off(autojump_clock: MockClock) -> None:
    tree = Tree()
    backoff = th.Backoff(3, jitter=0)
    async with th.open_supervisor("s") as sup:
        db = await sup.start(tree.user("db", crashes(1, after=5)), backoff=backoff)
        holder = await sup.start(holding(tree.user("user"), {"db": db}))
        user = holder.value.children["user"]
        await trio.sleep(6)
        assert (db.state, user.state) == ("restarting", "waiting")
        await user.wait("ready")
        assert trio.current_time() == 8
        sup.cancel_scope.cancel()


@pytest.mark.parametrize("inner", STRATEGIES)
@pytest.mark.parametrize("outer", STRATEGIES)
async def test_every_meeting_of_strategies(
    outer: Strategy, inner: Strategy, autojump_clock: MockClock, log: Log
) -> None:
    """Inside, only who needs it is restarted, whatever the strategy there, and nothing is counted.

    Outside, the strategy may take the holder along; then who needs it stops before everybody else.
    """
    tree = Tree()
    user = tree.user("user")
    async with th.open_supervisor("s", strategy=outer, observer=log) as sup:
        older = await sup.start(forever, name="older")
        db = await sup.start(tree.user("db", crashes(1, after=5)), name="db")

        async def component(*, task_status: th.TaskStatus[None]) -> None:
            async with th.open_supervisor("in", strategy=inner, max_restarts=0) as inside:
                await inside.start(forever, name="first")
                await inside.start(user, name="user", needs={"db": db})
                await inside.start(forever, name="last")
                task_status.started()

        holder = await sup.start(component, name="holder")
        await trio.sleep(6)
        assert tree.got == ["db1()", "user1(db1)", "db2()", "user2(db2)"]
        assert log.about("restarting") == ["db 1 restarting"]
        assert log.about("stopping")[0] == "holder/in/user 1 stopping"
        along = outer != "one_for_one"
        assert holder.incarnation == (2 if along else 1)
        assert older.incarnation == (2 if outer == "one_for_all" else 1)
        assert ("holder/in/last 1 stopping" in log.lines) == along
        sup.cancel_scope.cancel()


async def test_a_need_that_is_younger_than_the_holder_is_stopped_after_its_user(
    autojump_clock: MockClock, log: Log
) -> None:
    tree = Tree()
    async with th.open_supervisor("s", observer=log) as sup:
        holder = await sup.start(_empty_supervisor, name="holder")
        db = await sup.start(tree.user("db"), name="db")
        await holder.value.start(tree.user("user", slow_to_stop(1)), name="user", needs={"db": db})
        await trio.sleep(1)
        sup.cancel_scope.cancel()
    assert log.about("stopping", "stopped") == [
        "holder/in/user 1 stopping",
        "holder/in/user 1 stopped",
        "db 1 stopping",
        "db 1 stopped",
        "holder 1 stopping",
        "holder 1 stopped",
    ]


async def _empty_supervisor(*, task_status: th.TaskStatus[th.Supervisor]) -> None:
    async with th.open_supervisor("in", stay=True) as inner:
        task_status.started(inner)


async def test_a_stop_and_a_restart_by_hand(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor("s") as sup:
        db = await sup.start(tree.user("db"), name="db")
        holder = await sup.start(_empty_supervisor, name="holder")
        user = await holder.value.start(
            tree.user("user", slow_to_stop(1)), name="user", needs={"db": db}
        )
        await db.restart()
        await user.wait("ready")
        assert trio.current_time() == 1
        assert tree.got == ["db1()", "user1(db1)", "db2()", "user2(db2)"]
        await db.stop()
        assert trio.current_time() == 2
        assert (db.state, user.state) == ("stopped", "stopped")
        with pytest.raises(th.StartFailed, match=r"what it needs \(db='s/db'\) is stopped"):
            await user.start()
        await db.start()
        await user.start()
        assert tree.got[-2:] == ["db3()", "user3(db3)"]
        sup.cancel_scope.cancel()


async def test_one_that_waits_is_put_down_with_what_it_needs(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        db = sup.start_soon(slow_to_start(5), name="db")
        holder = await sup.start(_empty_supervisor, name="holder")
        user = holder.value.start_soon(Tree().user("user"), name="user", needs={"db": db})
        assert user.state == "waiting"
        await db.stop()
        assert user.state == "stopped"
        assert user.last_error is None
        sup.cancel_scope.cancel()


async def test_it_waits_for_a_parked_need_until_that_is_back(autojump_clock: MockClock) -> None:
    tree = Tree()
    with pytest.RaisesGroup(Boom, check=lambda e: isinstance(e, th.RestartLimitExceeded)):
        async with th.open_supervisor("s", max_restarts=0, exhausted="park") as sup:
            db = await sup.start(tree.user("db", crashes(2, after=5)), name="db")
            holder = await sup.start(_empty_supervisor, name="holder")
            user = await holder.value.start(tree.user("user"), name="user", needs={"db": db})
            await trio.sleep(6)
            assert (db.state, user.state) == ("parked", "waiting")
            await db.restart()
            await user.wait("ready")
            assert tree.got[-2:] == ["db2()", "user2(db2)"]
            await db.wait("parked")
            sup.cancel_scope.cancel()


async def test_one_in_the_middle_of_its_start_is_taken_along(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor("s") as sup:
        db = await sup.start(tree.user("db", crashes(1, after=5)), name="db")
        holder = await sup.start(_empty_supervisor, name="holder")
        await trio.sleep(3)
        await holder.value.start(_slow(tree), name="slow", needs={"db": db})
        assert trio.current_time() == 9  # 4 s from the restart on
        assert tree.got == ["db1()", "slow(db1)", "db2()", "slow(db2)"]
        sup.cancel_scope.cancel()


async def test_a_group_does_not_hold_its_turn_for_a_need(autojump_clock: MockClock) -> None:
    """Its start goes on without the one that has to wait again."""
    tree = Tree()
    backoff = th.Backoff(50, 50, jitter=0)
    async with th.open_supervisor("s") as sup:
        await sup.start(tree.user("db", crashes(1, after=5)), name="db", backoff=backoff)
        holder = await sup.start(_empty_supervisor, name="holder")
        await trio.sleep(3)
        slow = th.Spec(_slow(tree), name="slow", needs={"db": "db"})
        group = th.Group("g", [slow, th.Spec(slow_to_start(1), name="next")], stay=True)
        started = await holder.value.start(group, name="g")
        assert trio.current_time() == 6
        assert (await started.value.child("slow")).state == "waiting"
        await started.value.children["slow"].wait("ready")
        assert trio.current_time() == 59
        sup.cancel_scope.cancel()


def _slow(tree: Tree) -> Callable[..., Awaitable[None]]:
    async def slow(*, db: str, task_status: th.TaskStatus[str]) -> None:
        tree.got.append(f"slow({db})")
        await trio.sleep(4)
        task_status.started("slow")
        await trio.sleep_forever()

    return slow


async def test_the_nearest_name_counts(autojump_clock: MockClock) -> None:
    tree = Tree()
    spec = th.Spec(tree.user("user"), name="user", needs={"db": "db"})
    inner = th.Group("inner", [spec], stay=True)
    outer = th.Group("outer", [th.Spec(tree.user("near"), name="db"), th.Spec(inner, name="inner")])
    async with th.open_supervisor("s") as sup:
        await sup.start(tree.user("far"), name="db")
        await sup.start(outer, name="outer")
        sup.cancel_scope.cancel()
    assert tree.got == ["far1()", "near1()", "user1(near1)"]


async def test_a_spec_takes_a_handle_too(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor("s") as sup:
        db = await sup.start(tree.user("db"), name="db")
        spec = th.Spec(tree.user("user"), name="user", needs={"db": db}, after=[db])
        await sup.start(th.Group("g", [spec], stay=True), name="g")
        sup.cancel_scope.cancel()
    assert tree.got == ["db1()", "user1(db1)"]


async def test_strangers(autojump_clock: MockClock) -> None:
    ran: list[str] = []

    async def first() -> None:
        ran.append("first")

    async with th.open_supervisor("s") as sup:
        holder = await sup.start(_empty_supervisor, name="holder")
        inside = await holder.value.start(forever, name="inside")
        with pytest.raises(
            th.UnknownNeedError,
            match=r"child 'x': y='s/holder/in/inside' is a child neither of supervisor 's' nor of "
            r"one above it; name a child that it can see",
        ):
            await sup.start(forever, name="x", needs={"y": inside})
        group = th.Group("g", [th.Spec(first), th.Spec(forever, needs={"y": "inside"})])
        with pytest.raises(
            th.UnknownNeedError, match=r"child 'forever' of group 's/g': y='inside' names a child"
        ):
            await sup.start(group, name="g")
        assert ran == []  # refused before anything started
        sup.cancel_scope.cancel()


async def test_circles_are_refused(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        holder = await sup.start(_empty_supervisor, name="holder")
        user = await sup.start(Tree().user("user"), name="user", needs={"holder": holder})
        for need in (holder, user):
            with pytest.raises(th.CycleError, match=r"needs go round in a circle: it needs .*'s/"):
                holder.value.start_soon(forever, name="x", needs={"need": need})
            with pytest.raises(th.CycleError):
                holder.value.start_soon(forever, name="x", after=[need])
        assert holder.value.children == {}
        sup.cancel_scope.cancel()


async def test_a_drain_ends_the_need_last(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        seen: list[str] = []
        db = await sup.start(resource("db", seen), name="db")
        user = Tree().user("user", sleeps(3))
        await sup.start(holding(user, {"db": db}), name="holder", grace=10)
        sup.drain()
    ends = [line for line in log.lines if line.split()[-1] in ("returned", "stopped")]
    assert ends[-1] == "db 1 stopped"


async def test_what_restarts_inside_is_not_kept_by_what_it_needed(
    autojump_clock: MockClock,
) -> None:
    """Each restart of the holder makes a new user; the need, which lives on, keeps none of them."""

    class Argument:
        pass

    made: list[weakref.ref[Argument]] = []

    async def user(argument: Argument, *, db: str) -> None:
        await trio.sleep_forever()

    async with th.open_supervisor("s") as sup:
        db = await sup.start(Tree().user("db"), name="db")

        async def holder(*, task_status: th.TaskStatus[None]) -> None:
            async with th.open_supervisor("in") as inner:
                argument = Argument()
                made.append(weakref.ref(argument))
                inner.start_soon(user, argument, needs={"db": db})
                del argument
                task_status.started()

        child = await sup.start(holder, name="holder")
        for _ in range(5):
            await child.restart()
        gc.collect()
        assert [ref() is None for ref in made] == [True] * 5 + [False]
        sup.cancel_scope.cancel()
