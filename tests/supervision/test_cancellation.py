"""Cancelled from outside: an ordered stop, bounded for the whole tree."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import (
    Boom,
    Log,
    crashes,
    deaf,
    forever,
    resource,
    slow_to_start,
    slow_to_stop,
)


async def test_an_outer_cancel_stops_in_exact_reverse_order(
    autojump_clock: MockClock, log: Log
) -> None:
    seen: list[str] = []
    with trio.move_on_after(10) as scope:
        async with th.open_supervisor("s", observer=log) as sup:
            await sup.start(resource("db", seen, leave=1), name="db")
            await sup.start(slow_to_stop(1), name="a")
            await sup.start(resource("cache", seen, leave=1), name="cache")
            await sup.start(slow_to_stop(1), name="b")
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert log.lines[4:] == [
        *(
            f"{name} 1 {word}"
            for name in ("b", "cache", "a", "db")
            for word in ("stopping", "stopped")
        ),
        "s ended",
    ]
    assert log.times("stopped") == [11, 12, 13, 14]
    assert seen[2:] == ["cache 1 left", "db 1 left"]


async def test_its_own_scope_does_the_same(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        for name in ("a", "b", "c"):
            await sup.start(forever, name=name)
        sup.cancel_scope.cancel()
        await trio.sleep_forever()
    assert log.about("stopped") == ["c 1 stopped", "b 1 stopped", "a 1 stopped"]


async def test_a_component_may_cancel_its_supervisor(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:

        async def ends_it_all() -> None:
            sup.cancel_scope.cancel()

        sup.start_soon(forever, name="a")
        sup.start_soon(ends_it_all, name="b", restart="permanent")
    assert log.lines[-1] == "s ended"


async def test_the_body_ends_before_the_children_do(autojump_clock: MockClock, log: Log) -> None:
    with trio.move_on_after(1):
        async with th.open_supervisor("s", observer=log) as sup:
            await sup.start(forever, name="a")
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(2)
    assert log.times("stopping") == [3]


async def test_a_restarted_child_keeps_its_place(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(crashes(1, after=1), name="a")
        await sup.start(forever, name="b")
        await trio.sleep(2)
        sup.cancel_scope.cancel()
    assert log.about("stopping") == ["b 1 stopping", "a 2 stopping"]


async def test_cancelled_before_it_opened(autojump_clock: MockClock) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        async with th.open_supervisor():
            raise AssertionError("unreachable")
    assert scope.cancelled_caught
    assert trio.current_time() == 0


async def test_cancelled_while_nothing_runs(autojump_clock: MockClock) -> None:
    with trio.move_on_after(1) as scope:
        async with th.open_supervisor(stay=True):
            pass
    assert scope.cancelled_caught
    assert trio.current_time() == 1


async def test_the_grace_of_the_cancel_bounds_the_whole_stop(
    autojump_clock: MockClock, log: Log
) -> None:
    seen: list[str] = []
    with trio.move_on_after(1):
        async with th.open_supervisor("s", cancel_grace=5, observer=log) as sup:
            await sup.start(slow_to_stop(3, seen), name="a", grace=100)
            await sup.start(slow_to_stop(3, seen), name="b", grace=100)
            await sup.start(slow_to_stop(1, seen), name="c", grace=100)
            await trio.sleep_forever()
    assert trio.current_time() == 6
    assert seen == ["begins at 1", "done at 2", "begins at 2", "done at 5", "begins at 5"]


@pytest.mark.parametrize("cancel_grace", [0, 0.5])
async def test_little_grace_for_the_cancel(autojump_clock: MockClock, cancel_grace: float) -> None:
    seen: list[str] = []
    with trio.move_on_after(1):
        async with th.open_supervisor(cancel_grace=cancel_grace) as sup:
            await sup.start(resource("db", seen, leave=10), grace=100)
            await sup.start(slow_to_stop(10), grace=100)
            await trio.sleep_forever()
    assert trio.current_time() == 1 + cancel_grace
    assert seen == ["db 1 entered"]


async def test_the_grace_of_a_child_bounds_its_own_stop(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", cancel_grace=100, observer=log) as sup:
        await sup.start(slow_to_stop(10), name="a", grace=2)
        await sup.start(slow_to_stop(10), name="b", grace=3)
        sup.cancel_scope.cancel()
    assert log.times("stopped") == [3, 5]
    assert log.about("stuck") == []


async def test_nested_supervisors_share_the_grace_of_the_cancel(
    autojump_clock: MockClock, log: Log
) -> None:
    async def branch() -> None:
        async with th.open_supervisor("inner", cancel_grace=1000) as sup:
            await sup.start(slow_to_stop(900), name="leaf", grace=1000)
            await sup.start(twig, name="twig", grace=1000)

    async def twig() -> None:
        async with th.open_supervisor("innermost", cancel_grace=1000) as sup:
            await sup.start(slow_to_stop(900), name="leaf", grace=1000)

    with trio.move_on_after(1):
        async with th.open_supervisor("s", cancel_grace=5, observer=log) as sup:
            await sup.start(branch, name="branch", grace=1000)
            await trio.sleep_forever()
    assert trio.current_time() == 6
    assert log.about("ended") == [
        "s/branch/inner/twig/innermost ended",
        "s/branch/inner ended",
        "s ended",
    ]
    assert log.about("stuck") == []


async def test_a_nested_supervisor_has_the_grace_of_its_component(
    autojump_clock: MockClock, log: Log
) -> None:
    async def branch() -> None:
        async with th.open_supervisor("inner", cancel_grace=1000) as sup:
            await sup.start(slow_to_stop(900), name="x", grace=1000)
            await sup.start(slow_to_stop(1), name="y", grace=1000)

    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(branch, grace=3)
        await trio.sleep(1)
        await child.stop()
        assert trio.current_time() == 4
    assert log.times("stopped") == [2, 4, 4]


async def test_a_nested_stop_that_is_under_way_gets_no_more_than_its_component(
    autojump_clock: MockClock,
) -> None:
    async def branch() -> None:
        async with th.open_supervisor("inner", cancel_grace=1000) as sup:
            await sup.start(slow_to_stop(900), grace=1000)
            raise Boom

    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(branch, grace=3)
        await trio.sleep(10)
        await child.stop()
        assert trio.current_time() == 13


async def test_killing_a_component_ends_the_supervisor_in_it_at_once(
    autojump_clock: MockClock,
) -> None:
    async def branch() -> None:
        async with th.open_supervisor("inner", cancel_grace=1000) as sup:
            await sup.start(slow_to_stop(900), grace=1000)

    async with th.open_supervisor("s") as sup:
        child = await sup.start(branch, restart="temporary")
        await trio.sleep(1)
        child.kill()
        await child.wait("stopped")
        assert trio.current_time() == 1


async def test_a_stuck_child_is_reported_with_its_stack(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(deaf(60), name="deaf", grace=2)
        await child.stop()
        assert trio.current_time() == 60
        assert sup.overran == ("s/deaf",)
    assert log.lines == [
        "deaf 1 ready",
        "deaf 1 stopping",
        "deaf 1 stuck",
        "deaf 1 stopped",
        "s ended",
    ]
    (stuck,) = log.of(th.ChildStuck)
    assert stuck.time == 3
    assert f"{__file__.rpartition('/')[0]}/_kit.py" in stuck.stack
    assert "in shielded" in stuck.stack


async def test_a_child_that_outlives_the_grace_of_the_cancel_is_reported_soon(
    autojump_clock: MockClock, log: Log
) -> None:
    with trio.move_on_after(1):
        async with th.open_supervisor("s", cancel_grace=5, observer=log) as sup:
            await sup.start(deaf(60), name="deaf", grace=1000)
            await trio.sleep_forever()
    assert trio.current_time() == 60
    (stuck,) = log.of(th.ChildStuck)
    assert stuck.time == 7


async def test_children_that_start_are_stopped_too(autojump_clock: MockClock, log: Log) -> None:
    with trio.move_on_after(1):
        async with th.open_supervisor("s", observer=log) as sup:
            sup.start_soon(slow_to_start(10), name="soon")
            await sup.start(slow_to_start(10), name="awaited")
    assert trio.current_time() == 1
    assert sorted(log.about("stopped")) == ["awaited 1 stopped", "soon 1 stopped"]


async def test_a_start_elsewhere_fails_when_the_supervisor_is_cancelled(
    autojump_clock: MockClock,
) -> None:
    async def starts(sup: th.Supervisor, name: str) -> None:
        with pytest.raises(th.SupervisorClosed):
            await sup.start(slow_to_start(10), name=name)

    with trio.fail_after(50):
        async with trio.open_nursery() as nursery, th.open_supervisor("s") as sup:
            nursery.start_soon(starts, sup, "runs")
            nursery.start_soon(starts, sup, "queued")
            await trio.sleep(1)
            sup.cancel_scope.cancel()
    assert trio.current_time() == 1


async def test_a_restart_that_takes_long_is_ended(autojump_clock: MockClock, log: Log) -> None:
    numbers: list[int] = []

    async def server(*, task_status: th.TaskStatus[None]) -> None:
        numbers.append(1)
        if len(numbers) > 1:
            await trio.sleep(100)
        task_status.started()
        await trio.sleep(1)
        raise Boom

    with trio.move_on_after(5):
        async with th.open_supervisor("s", observer=log) as sup:
            await sup.start(forever, name="a")
            await sup.start(server, name="b")
    assert trio.current_time() == 5
    assert log.lines[-5:] == [
        "b 2 stopping",
        "b 2 stopped",
        "a 1 stopping",
        "a 1 stopped",
        "s ended",
    ]


async def test_cancelled_at_any_step_it_ends_at_once(autojump_clock: MockClock) -> None:
    """Cancel a busy supervisor at each of its first scheduler passes."""
    for passes in range(60):
        log = Log()
        lives: list[int] = []
        async with th.open_supervisor("s", max_restarts=1000, observer=log) as sup:
            db = await sup.start(slow_to_start(0), name="db")
            sup.start_soon(crashes(), name="crashes")
            needs = {"db": db}
            sup.start_soon(_user, lives, needs=needs, name="user")
            sup.start_soon(crashes(), name="backs-off", backoff=th.Backoff(1, 1))
            for _ in range(passes // 2):
                await trio.lowlevel.checkpoint()
            db.kill()
            for _ in range(passes // 2):
                await trio.lowlevel.checkpoint()
            sup.cancel_scope.cancel()
        assert lives == []
        assert trio.current_time() == 0
        assert log.lines[-1] == "s ended"


async def _user(lives: list[int], *, db: int) -> None:
    assert isinstance(db, int)
    lives.append(db)
    try:
        await trio.sleep_forever()
    finally:
        lives.remove(db)
