"""What is no crash: KeyboardInterrupt, SystemExit and cancellation pass through, in good order."""

from __future__ import annotations

import sys

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import (
    Boom,
    Function,
    Log,
    chain,
    crashes,
    forever,
    resource,
    slow_to_start,
    slow_to_stop,
)

LEAVING = [KeyboardInterrupt, SystemExit]


@pytest.mark.parametrize("kind", LEAVING)
async def test_what_leaves_a_component_stops_the_others_in_order(
    autojump_clock: MockClock, log: Log, kind: type[BaseException]
) -> None:
    seen: list[str] = []

    async def leaves() -> None:
        await trio.sleep(1)
        raise kind

    with pytest.raises(kind):
        async with th.open_supervisor("s", observer=log) as sup:
            await sup.start(resource("db", seen, leave=1))
            await sup.start(slow_to_stop(2), name="user")
            await sup.start(leaves, restart="permanent")
    assert seen == ["db 1 entered", "db 1 left"]
    assert log.lines[3:] == [
        "leaves 1 stopped",
        "user 1 stopping",
        "user 1 stopped",
        "manager 1 stopping",
        "manager 1 stopped",
        "s ended",
    ]
    assert trio.current_time() == 4


@pytest.mark.parametrize("kind", LEAVING)
async def test_what_leaves_the_body_stops_the_children_in_order(
    autojump_clock: MockClock, log: Log, kind: type[BaseException]
) -> None:
    with pytest.raises(kind):
        async with th.open_supervisor("s", observer=log) as sup:
            await sup.start(forever, name="a")
            await sup.start(slow_to_stop(2), name="b")
            raise kind
    assert log.about("stopped") == ["b 1 stopped", "a 1 stopped"]
    assert trio.current_time() == 2


async def test_the_wait_for_the_others_is_bounded(autojump_clock: MockClock) -> None:
    async def leaves() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        async with th.open_supervisor(cancel_grace=3) as sup:
            await sup.start(slow_to_stop(100), grace=200)
            sup.start_soon(leaves)
    assert trio.current_time() == 3


async def test_the_exception_part_of_a_mixed_group_is_reported(
    autojump_clock: MockClock, log: Log
) -> None:
    async def leaves() -> None:
        await trio.lowlevel.checkpoint()
        raise BaseExceptionGroup("mixed", [KeyboardInterrupt(), Boom("too")])

    with pytest.raises(BaseException) as caught:
        async with th.open_supervisor("s", observer=log) as sup:
            sup.start_soon(leaves, restart="permanent")
    assert chain(caught.value) == [KeyboardInterrupt]
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert chain(ended.exit.error) == [Boom]
    assert log.of(th.ChildRestarting) == []


async def internal_error() -> None:
    """Fail as trio does when its own books are wrong."""
    raise trio.TrioInternalError("broken")


async def internal_error_in_a_nursery() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(internal_error)


@pytest.mark.parametrize("raises", [internal_error, internal_error_in_a_nursery])
@pytest.mark.parametrize("ready", [True, False])
async def test_an_internal_error_of_trio_is_no_crash(
    autojump_clock: MockClock, log: Log, raises: Function, ready: bool
) -> None:
    """It is an `Exception`, but nothing in this run can be relied upon after it."""

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        if ready:
            task_status.started()
            await trio.sleep(1)
        await raises()

    with pytest.raises(BaseException) as caught:
        async with th.open_supervisor("s", observer=log) as sup:
            await sup.start(forever, name="a")
            await sup.start(slow_to_stop(1), name="b")
            sup.start_soon(component, name="c", restart="permanent")
    assert chain(caught.value) == [trio.TrioInternalError]
    assert log.of(th.ChildRestarting) == []
    assert log.about("stopped") == ["c 1 stopped", "b 1 stopped", "a 1 stopped"]


async def test_what_comes_with_an_internal_error_of_trio_is_reported(
    autojump_clock: MockClock, log: Log
) -> None:
    async def component() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(internal_error)
            nursery.start_soon(crashes())

    with pytest.raises(BaseException) as caught:
        async with th.open_supervisor("s", observer=log) as sup:
            sup.start_soon(component, restart="permanent")
    assert chain(caught.value) == [trio.TrioInternalError]
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert chain(ended.exit.error) == [Boom]
    assert log.of(th.ChildRestarting) == []


async def test_a_cancelled_of_somebody_else_ends_the_supervisor_as_it_ends_a_nursery(
    autojump_clock: MockClock, log: Log
) -> None:
    async def leaks() -> None:
        await trio.sleep(1)
        raise kept[0]

    kept: list[trio.Cancelled] = []
    with trio.move_on_after(1):
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            kept.append(cancelled)
            raise
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(forever, name="a")
        await sup.start(slow_to_stop(1), name="b")
        sup.start_soon(leaks, name="c", restart="permanent")
        await trio.sleep_forever()
    assert trio.current_time() == 3
    assert log.about("stopped") == ["c 1 stopped", "b 1 stopped", "a 1 stopped"]
    assert log.of(th.ChildRestarting) == []


async def test_leaving_while_being_started(autojump_clock: MockClock) -> None:
    async def leaves(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        raise KeyboardInterrupt

    with trio.fail_after(50), pytest.raises(KeyboardInterrupt):
        async with th.open_supervisor() as sup:
            await sup.start(slow_to_stop(1))
            await sup.start(leaves)
    assert trio.current_time() == 2


async def test_leaving_while_others_are_being_started_or_stopped(
    autojump_clock: MockClock, log: Log
) -> None:
    async def leaves() -> None:
        await trio.sleep(1)
        raise KeyboardInterrupt

    with trio.fail_after(50), pytest.raises(KeyboardInterrupt):
        async with th.open_supervisor("s", observer=log) as sup:
            child = await sup.start(slow_to_stop(3), name="child")
            sup.start_soon(slow_to_start(10), name="slow")
            sup.start_soon(leaves)
            await child.stop()
    assert log.lines[-1] == "s ended"
    assert trio.current_time() == 3


async def test_a_callers_wait_ends_when_something_leaves(autojump_clock: MockClock) -> None:
    """Calls from outside of the block must not wait for a supervisor that is gone."""
    told: list[str] = []

    async def leaves() -> None:
        await trio.sleep(1)
        raise KeyboardInterrupt

    async def outside(child: th.Child[object]) -> None:
        await child.stop()
        told.append("stopped")

    with pytest.raises(BaseException) as caught, trio.fail_after(50):
        async with trio.open_nursery() as nursery:
            with trio.CancelScope(shield=True):
                try:
                    async with th.open_supervisor(cancel_grace=1) as sup:
                        slow = sup.start_soon(slow_to_start(100), name="slow")
                        await slow.wait("starting")
                        crash = await sup.start(crashes(1, after=0.5, then=forever))
                        sup.start_soon(leaves)
                        nursery.start_soon(outside, crash)
                        await trio.sleep_forever()
                finally:
                    await trio.sleep(1)
                    assert told == ["stopped"]
    assert chain(caught.value) == [KeyboardInterrupt]


async def test_a_clean_up_that_raises_while_being_stopped_is_reported_only(
    autojump_clock: MockClock, log: Log
) -> None:
    async def bad_cleanup() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Boom("clean-up")

    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        sibling = await sup.start(forever, name="sibling")
        child = await sup.start(bad_cleanup)
        await child.stop("enough")
        assert (child.state, sibling.state) == ("stopped", "ready")
        sup.cancel_scope.cancel()
    (ended, _) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Stopped)
    assert ended.exit.reason == "enough"
    assert isinstance(ended.exit.error, Boom)


async def test_a_nursery_whose_clean_up_raises_while_being_stopped(
    autojump_clock: MockClock, log: Log
) -> None:
    """The error comes in a group with Cancelled, until the child's scope has taken its own out."""

    async def bad_cleanup() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Boom

    async def component() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bad_cleanup)
            nursery.start_soon(trio.sleep_forever)

    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child = await sup.start(component)
        await child.stop()
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Stopped)
    assert ended.exit.error is not None
    assert chain(ended.exit.error) == [Boom]


async def test_a_component_that_catches_cancelled_is_stopped_all_the_same(
    autojump_clock: MockClock, log: Log
) -> None:
    async def swallows() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            pass  # as no component should

    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(swallows, restart="permanent")
        await child.stop()
        assert child.state == "stopped"
    assert log.about("stopped", "returned") == ["swallows 1 stopped"]


async def test_a_component_that_cancels_itself_has_returned(
    autojump_clock: MockClock, log: Log
) -> None:
    async def component() -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            await trio.sleep_forever()

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(component)
    assert log.about("returned") == ["component 1 returned"]


@pytest.mark.parametrize("stay", [True, False])
async def test_an_observer_that_raises_does_no_harm(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, stay: bool
) -> None:
    def observer(_: th.Event) -> None:
        raise Boom("observer")

    with trio.move_on_after(20):
        async with th.open_supervisor(observer=observer, stay=stay) as sup:
            child = sup.start_soon(crashes(2, after=1))
            await trio.sleep(5)
            assert child.restarts == 2
            await child.stop()
    assert "Boom: observer" in caplog.text


def leaves_when_b_ends(event: th.Event) -> None:
    if isinstance(event, th.ChildEnded) and event.path == "s/b":
        sys.exit(3)


async def test_what_leaves_an_observer_ends_a_supervisor_that_stops_by_itself(
    autojump_clock: MockClock,
) -> None:
    with trio.fail_after(60), pytest.raises(SystemExit):
        async with th.open_supervisor("s", max_restarts=0, observer=leaves_when_b_ends) as sup:
            sup.start_soon(forever, name="b")
            sup.start_soon(crashes(after=1), name="a")


async def test_what_leaves_an_observer_during_a_stop_by_hand_is_not_held_up(
    autojump_clock: MockClock,
) -> None:
    with pytest.raises(SystemExit):
        async with th.open_supervisor("s", observer=leaves_when_b_ends) as sup:
            child = sup.start_soon(forever, name="b")
            sup.start_soon(forever, name="a")
            await child.stop()
    assert trio.current_time() == 0


async def test_what_leaves_the_close_of_a_kept_end_is_not_held_up(
    autojump_clock: MockClock,
) -> None:
    class Leaves(trio.abc.ReceiveChannel[int]):
        def __init__(self, *, kept: bool) -> None:
            self.kept = kept

        def clone(self) -> Leaves:
            return Leaves(kept=False)

        async def receive(self) -> int:
            await trio.sleep_forever()
            raise AssertionError

        async def aclose(self) -> None:
            self.close()
            await trio.lowlevel.checkpoint()

        def close(self) -> None:
            if self.kept:
                sys.exit(3)

    async def has(_: Leaves) -> None:
        await trio.sleep_forever()

    with pytest.raises(SystemExit):
        async with th.open_supervisor("s") as sup:
            child = sup.start_soon(has, Leaves(kept=True), restart="temporary")
            await child.stop()
    assert trio.current_time() == 0


@pytest.mark.parametrize("kind", LEAVING)
@pytest.mark.parametrize("how", ["start", "start_soon", "crash", "restart by hand"])
async def test_an_observer_that_leaves_when_a_life_begins(
    autojump_clock: MockClock, kind: type[BaseException], how: str
) -> None:
    """Nobody waits for the end of a child whose beginning was interrupted."""
    seen: list[str] = []
    left: list[int] = []

    def observer(event: th.Event) -> None:
        which = ("s/child", 1 if how in ("start", "start_soon") else 2)
        if isinstance(event, th.ChildStarting) and (event.path, event.incarnation) == which:
            left.append(event.incarnation)
            raise kind

    with trio.fail_after(50), pytest.raises(BaseException) as caught:
        async with th.open_supervisor("s", observer=observer) as sup:
            await sup.start(resource("db", seen))
            if how == "start":
                await sup.start(forever, name="child")
            elif how == "crash":
                sup.start_soon(crashes(1, after=1, then=forever), name="child")
            else:
                child = sup.start_soon(forever, name="child")
                await child.restart()
            await trio.sleep_forever()
    assert len(left) == 1
    assert kind in chain(caught.value)
    assert seen == ["db 1 entered", "db 1 left"]


@pytest.mark.parametrize("kind", LEAVING)
@pytest.mark.parametrize("what", ["stopping", "ended"])
async def test_an_observer_that_leaves_while_all_is_being_stopped(
    autojump_clock: MockClock, kind: type[BaseException], what: str
) -> None:
    """Nobody waits for the rest of a stop that was interrupted, not even for the grace."""

    def observer(event: th.Event) -> None:
        of_interest = th.ChildStopping if what == "stopping" else th.ChildEnded
        if isinstance(event, of_interest) and event.path == "s/b":
            raise kind

    with trio.fail_after(50), pytest.raises(BaseException) as caught:
        async with th.open_supervisor("s", observer=observer, cancel_grace=30) as sup:
            await sup.start(forever, name="a", restart="permanent")
            await sup.start(forever, name="b")
            sup.cancel_scope.cancel(reason="all is done")
    assert chain(caught.value) == [kind]
    assert trio.current_time() < 1
