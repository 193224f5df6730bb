"""`needs`: start order, stop order, restart scope and live value in one word; `after`: order."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import itertools
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


class Tree:
    """Components that note which values of their needs they got."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def user(
        self, name: str, then: Callable[[], Awaitable[None]] = forever
    ) -> Callable[..., Awaitable[None]]:
        numbers = itertools.count(1)

        async def component(*, task_status: th.TaskStatus[str], **needs: object) -> None:
            value = f"{name}{next(numbers)}"
            self.got.append(f"{value}({','.join(map(str, needs.values()))})")
            task_status.started(value)
            await then()

        return component


async def test_a_need_is_ready_first_and_gives_its_value(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor() as sup:
        a = sup.start_soon(slow_to_start(3))
        b = sup.start_soon(tree.user("b"), needs={"a": a})
        assert b.state == "waiting"
        await b.wait("ready")
        assert trio.current_time() == 3
        sup.cancel_scope.cancel()
    assert tree.got == ["b1(1)"]


async def test_start_waits_for_a_need(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor() as sup:
        a = sup.start_soon(slow_to_start(3))
        other = sup.start_soon(slow_to_start(5))
        await sup.start(tree.user("b"), needs={"a": a, "other": other})
        assert trio.current_time() == 5
        sup.cancel_scope.cancel()


async def test_others_may_start_while_a_start_waits_for_its_need(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup, trio.open_nursery() as nursery:
        need = sup.start_soon(slow_to_start(10))
        nursery.start_soon(_start_with_need, sup, need)
        await trio.testing.wait_all_tasks_blocked()
        await sup.start(forever)
        assert trio.current_time() == 0
        nursery.cancel_scope.cancel()
        sup.cancel_scope.cancel()


async def _start_with_need(sup: th.Supervisor, need: th.Child[object]) -> None:
    await sup.start(Tree().user("b"), needs={"need": need})


async def test_a_restart_of_a_need_takes_its_dependents_along_uncounted(
    autojump_clock: MockClock, log: Log
) -> None:
    tree = Tree()
    async with th.open_supervisor("s", max_restarts=1, observer=log) as sup:
        a = await sup.start(tree.user("a", crashes(1, after=5)), name="a")
        b = await sup.start(tree.user("b", slow_to_stop(1)), name="b", needs={"a": a})
        await sup.start(tree.user("c", slow_to_stop(1)), name="c", needs={"b": b})
        await sup.start(forever, name="x")
        log.events.clear()
        await trio.sleep(8)
        sup.cancel_scope.cancel()
    assert tree.got == ["a1()", "b1(a1)", "c1(b1)", "a2()", "b2(a2)", "c2(b2)"]
    assert log.lines[:10] == [
        "a 1 crashed",
        "a 1 restarting",
        "c 1 stopping",
        "c 1 stopped",
        "b 1 stopping",
        "b 1 stopped",
        "a 2 ready",
        "b 2 ready",
        "c 2 ready",
        "x 1 stopping",
    ]
    (reason,) = {event.reason for event in log.of(th.ChildStopping)[:2]}
    assert reason == "restart of 's/a' (Boom: number 1)"


async def test_dependents_wait_while_their_need_starts(autojump_clock: MockClock) -> None:
    starts = itertools.count()

    async def need(*, task_status: th.TaskStatus[int]) -> None:
        number = next(starts)
        await trio.sleep(4 * number)
        task_status.started(number)
        await trio.sleep(1)
        if number == 0:
            raise Boom
        await trio.sleep_forever()

    tree = Tree()
    async with th.open_supervisor() as sup:
        a = await sup.start(need)
        b = await sup.start(tree.user("b"), needs={"a": a})
        await trio.sleep(2)
        assert (a.state, b.state) == ("starting", "waiting")
        assert (b.incarnation, b.restarts) == (1, 0)
        await b.wait("ready")
        assert trio.current_time() == 5
        sup.cancel_scope.cancel()
    assert len(tree.got) == 2


async def test_a_diamond(autojump_clock: MockClock, log: Log) -> None:
    tree = Tree()
    async with th.open_supervisor("s", max_restarts=1, observer=log) as sup:
        a = await sup.start(tree.user("a", crashes(1, after=5)), name="a")
        b = await sup.start(tree.user("b"), name="b", needs={"a": a})
        c = await sup.start(tree.user("c"), name="c", needs={"a": a})
        await sup.start(tree.user("d"), name="d", needs={"b": b, "c": c})
        await trio.sleep(6)
        sup.cancel_scope.cancel()
    assert log.about("stopping")[:3] == [f"{name} 1 stopping" for name in "dcb"]
    assert tree.got[:4] == ["a1()", "b1(a1)", "c1(a1)", "d1(b1,c1)"]
    assert tree.got[4] == "a2()"
    assert sorted(tree.got[5:7]) == ["b2(a2)", "c2(a2)"]
    assert tree.got[7:] == ["d2(b2,c2)"]


async def test_a_need_that_fails_to_restart_is_tried_again_alone(
    autojump_clock: MockClock, log: Log
) -> None:
    lives = itertools.count(1)

    async def need(*, task_status: th.TaskStatus[str]) -> None:
        life = next(lives)
        if life in (2, 3):
            raise Boom
        task_status.started(f"a{life}")
        await trio.sleep(5 if life == 1 else 1000)
        raise Boom

    tree = Tree()
    async with th.open_supervisor("s", max_restarts=3, observer=log) as sup:
        a = await sup.start(need, name="a")
        await sup.start(tree.user("b"), name="b", needs={"a": a})
        await trio.sleep(10)
        sup.cancel_scope.cancel()
    assert tree.got == ["b1(a1)", "b2(a4)"]
    assert log.about("restarting") == [f"a {n} restarting" for n in (1, 2, 3)]
    assert log.about("stopping") == ["b 1 stopping", "b 2 stopping", "a 4 stopping"]


async def test_a_need_backs_off_and_its_dependents_wait(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor() as sup:
        a = await sup.start(tree.user("a", crashes(1, after=1)), backoff=th.Backoff(10, jitter=0))
        b = await sup.start(tree.user("b"), needs={"a": a})
        await trio.sleep(5)
        assert (a.state, b.state) == ("restarting", "waiting")
        await b.wait("ready")
        assert trio.current_time() == 11
        sup.cancel_scope.cancel()


async def test_a_dependent_that_backs_off_restarts_with_its_need(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor() as sup:
        a = await sup.start(tree.user("a", crashes(1, after=5)))
        b = await sup.start(
            tree.user("b", crashes(1, after=1)),
            needs={"a": a},
            backoff=th.Backoff(100, 100, jitter=0),
        )
        await trio.sleep(3)
        assert b.state == "restarting"
        await trio.sleep(3)
        assert b.state == "ready"
        await trio.sleep(200)
        sup.cancel_scope.cancel()
    assert tree.got == ["a1()", "b1(a1)", "a2()", "b2(a2)"]


async def test_a_dependent_that_was_stopped_by_hand_stays_so(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor() as sup:
        a = await sup.start(tree.user("a", crashes(1, after=5)))
        b = await sup.start(tree.user("b"), name="b", needs={"a": a})
        await b.stop()
        await trio.sleep(6)
        assert (a.incarnation, b.state) == (2, "stopped")
        await b.restart()
        sup.cancel_scope.cancel()
    assert tree.got == ["a1()", "b1(a1)", "a2()", "b2(a2)"]


async def test_a_dependent_that_has_returned_stays_so(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor() as sup:
        a = await sup.start(tree.user("a", crashes(1, after=5, then=sleeps(1))))
        b = sup.start_soon(tree.user("b", sleeps(1)), name="b", needs={"a": a})
    assert (a.incarnation, b.incarnation) == (2, 1)


async def test_a_temporary_dependent_is_stopped_for_good(autojump_clock: MockClock) -> None:
    tree = Tree()
    async with th.open_supervisor() as sup:
        a = await sup.start(tree.user("a", crashes(1, after=5, then=sleeps(1))))
        b = await sup.start(tree.user("b"), name="b", needs={"a": a}, restart="temporary")
    assert (b.state, b.incarnation) == ("stopped", 1)
    assert trio.current_time() == 6


async def test_stop_takes_the_dependents_along(autojump_clock: MockClock, log: Log) -> None:
    tree = Tree()
    async with th.open_supervisor("s", observer=log) as sup:
        a = await sup.start(tree.user("a"), name="a")
        b = await sup.start(tree.user("b"), name="b", needs={"a": a})
        c = await sup.start(tree.user("c"), name="c", needs={"b": b})
        await a.stop()
        assert {child.state for child in (a, b, c)} == {"stopped"}
    assert log.about("stopping") == ["c 1 stopping", "b 1 stopping", "a 1 stopping"]


async def test_restart_takes_the_dependents_along(autojump_clock: MockClock, log: Log) -> None:
    tree = Tree()
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        a = await sup.start(tree.user("a"), name="a")
        b = await sup.start(tree.user("b"), name="b", needs={"a": a})
        c = await sup.start(tree.user("c"), name="c", needs={"b": b})
        await a.restart()
        await c.wait("ready")
        sup.cancel_scope.cancel()
    assert tree.got == ["a1()", "b1(a1)", "c1(b1)", "a2()", "b2(a2)", "c2(b2)"]
    assert log.about("restarting") == []


async def test_to_restart_what_needs_something_stopped_is_an_error(
    autojump_clock: MockClock,
) -> None:
    send, receive = th.open_channel(int, 1)

    async def user(receive: th.ReceiveChannel[int], *, a: str) -> None:
        await trio.sleep_forever()

    async with th.open_supervisor("s") as sup:
        a = await sup.start(Tree().user("a"), name="a")
        b = await sup.start(user, receive, name="b", needs={"a": a})
        await a.stop()
        with pytest.raises(th.StartFailed, match=r"'s/b' could not start: .*\(a='s/a'\) is stop"):
            await b.restart()
        assert b.state == "stopped"
        send.send_nowait(1)  # its end is still open
        await a.restart()
        await b.restart()
        assert b.state == "ready"
        sup.cancel_scope.cancel()


async def test_a_need_that_has_ended_for_good(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        done = sup.start_soon(sleeps(1), name="done")
        await done.wait("stopped")
        calls: Any = (sup.start, sup.start_soon)
        for call in calls:
            with pytest.raises(th.StartFailed, match=r"'s/b' could not start: .*\(a='s/done'\)"):
                result = call(forever, name="b", needs={"a": done})
                await result
        assert list(sup.children) == ["done"]


@pytest.mark.parametrize("named", [True, False])
async def test_a_need_that_ends_while_somebody_waits_for_it(
    autojump_clock: MockClock, log: Log, named: bool
) -> None:
    async def need(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(2)
        raise Boom

    async with th.open_supervisor("s", observer=log) as sup, trio.open_nursery() as nursery:
        name = "need" if named else None
        child = sup.start_soon(need, name=name, restart="temporary")
        waiting = sup.start_soon(forever, name="waiting", needs={"a": child})
        behind = sup.start_soon(forever, name="behind", needs={"a": waiting})

        async def start() -> None:
            with pytest.raises(th.StartFailed, match=r"\(a='s/need'\) is stopped"):
                await sup.start(forever, name="awaited", needs={"a": child})

        nursery.start_soon(start)
        await trio.sleep(1)
        assert waiting.state == "waiting"
    assert trio.current_time() == 2
    assert (waiting.state, behind.state) == ("stopped", "stopped")
    assert "what it needs (a='s/need') is stopped" in str(waiting.last_error)
    # What never runs is never silent: the log has it as a failed start.
    assert log.about("crashed") == ["need 1 crashed", "waiting 0 crashed", "behind 0 crashed"]


async def test_start_does_not_mistake_a_restart_of_its_need_for_its_end(
    autojump_clock: MockClock,
) -> None:
    tree = Tree()
    async with th.open_supervisor() as sup, trio.open_nursery() as nursery:
        a = await sup.start(tree.user("a", crashes(1, after=5)))
        b = await sup.start(tree.user("b", slow_to_stop(2)), needs={"a": a})
        nursery.start_soon(_start_at, sup, 6, tree.user("c"), b)
        nursery.start_soon(_start_at, sup, 7, tree.user("d"), b)
        await trio.sleep(6.5)
        assert b.state == "stopping"
        soon = sup.start_soon(tree.user("e"), needs={"b": b})
        await soon.wait("ready")
        assert trio.current_time() == 7
        await trio.sleep(1)
        sup.cancel_scope.cancel()
    assert tree.got[:4] == ["a1()", "b1(a1)", "a2()", "b2(a2)"]
    assert sorted(tree.got[4:]) == ["c1(b2)", "d1(b2)", "e1(b2)"]


async def _start_at(
    sup: th.Supervisor, time: float, fn: Callable[..., Awaitable[None]], need: th.Child[object]
) -> None:
    await trio.sleep_until(time)
    child = await sup.start(fn, needs={"b": need})
    assert child.state == "ready"


async def test_need_and_dependent_crash_in_one_instant(autojump_clock: MockClock) -> None:
    """Whatever the order, nobody ever gets a value of a need that has ended."""
    for _ in range(30):
        tree = Tree()
        begin = trio.current_time()
        async with th.open_supervisor() as sup:
            a = await sup.start(tree.user("a", crashes(1, after=1)))
            b = await sup.start(tree.user("b", crashes(1, after=1)), needs={"a": a})
            c = await sup.start(tree.user("c"), needs={"b": b})
            await trio.sleep_until(begin + 2)
            assert {child.state for child in (a, b, c)} == {"ready"}
            sup.cancel_scope.cancel()
        assert "None" not in " ".join(tree.got)


async def test_after_is_order_alone(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        a = sup.start_soon(slow_to_start(3, then=crashes(1, after=5)), name="a")
        b = sup.start_soon(forever, name="b", after=[a])
        assert b.state == "waiting"
        await b.wait("ready")
        assert trio.current_time() == 3
        await trio.sleep(6)
        assert (a.state, b.state, b.incarnation) == ("starting", "ready", 1)
        await a.stop()
        assert b.state == "ready"
        sup.cancel_scope.cancel()


async def test_start_waits_for_what_it_comes_after(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        a = sup.start_soon(slow_to_start(3))
        b = await sup.start(forever, after=[a])
        assert (trio.current_time(), b.state) == (3, "ready")
        sup.cancel_scope.cancel()


async def test_after_something_that_fails_or_has_ended(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        done = sup.start_soon(sleeps(0))
        await done.wait("stopped")
        assert sup.children == {}
        failing = sup.start_soon(slow_to_start(10), restart="temporary")
        first = sup.start_soon(sleeps(1), after=[done])
        second = sup.start_soon(sleeps(1), after=[failing])
        await first.wait("stopped")
        assert second.state == "waiting"
        failing.kill()
        await second.wait("stopped")
        assert trio.current_time() == 2


async def test_after_something_that_is_stopped_by_hand(autojump_clock: MockClock) -> None:
    with trio.fail_after(100):
        async with th.open_supervisor() as sup:
            a = sup.start_soon(slow_to_start(10), name="a")
            b = sup.start_soon(sleeps(1), after=[a])
            await trio.sleep(1)
            await a.stop()
            assert b.state in ("starting", "ready")
    assert trio.current_time() == 2


async def test_strangers_are_refused(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("a") as a, th.open_supervisor("b") as b:
        stranger = await a.start(forever, name="x")
        for options in ({"needs": {"x": stranger}}, {"after": [stranger]}):
            with pytest.raises(
                th.UnknownNeedError, match=r"='a/x' is a child neither of supervisor 'b'"
            ):
                b.start_soon(forever, name="y", **options)  # pyright: ignore[reportCallIssue, reportArgumentType]
        with pytest.raises(th.UnknownNeedError, match=r"child 'y': x='x' is no child; give what"):
            b.start_soon(forever, name="y", needs={"x": "x"})  # type: ignore[arg-type, dict-item]  # pyright: ignore[reportCallIssue, reportArgumentType]
        assert b.children == {}
        a.cancel_scope.cancel()


async def test_a_context_manager_as_a_need(autojump_clock: MockClock, log: Log) -> None:
    seen: list[str] = []
    tree = Tree()
    async with th.open_supervisor("s", observer=log) as sup:
        db = await sup.start(resource("db", seen, leave=1), name="db")
        await sup.start(tree.user("user", slow_to_stop(1)), name="user", needs={"db": db})
        await trio.sleep(1)
        db.kill()
        await trio.sleep(10)
        sup.cancel_scope.cancel()
    assert tree.got == ["user1(db 1)", "user2(db 2)"]
    assert log.about("stopping") == ["user 1 stopping", "user 2 stopping", "db 2 stopping"]
