"""A clean-up that raises while being stopped is reported, never lost, and takes nobody down."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, Log, chain, crashes, forever


async def unclean(**_: object) -> None:
    """Be stopped, and fail at it."""
    try:
        await trio.sleep_forever()
    finally:
        raise Boom("clean-up")


async def unclean_in_a_nursery(**_: object) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(unclean)
        nursery.start_soon(forever)


async def unclean_after_a_while(**_: object) -> None:
    try:
        await trio.sleep_forever()
    finally:
        async with th.cleanup():
            await trio.sleep(1)
            raise Boom("clean-up")


@contextlib.asynccontextmanager
async def unclean_exit(**_: object) -> AsyncGenerator[None]:
    yield
    raise Boom("clean-up")


class Unclean(th.Component):
    """One whose teardown fails."""

    def __init__(self, **_: object) -> None:
        pass

    async def run(self) -> None:
        await trio.sleep_forever()

    async def teardown(self) -> None:
        raise Boom("clean-up")


KINDS = pytest.mark.parametrize(
    "component", [unclean, unclean_in_a_nursery, unclean_after_a_while, unclean_exit, Unclean]
)

Stops = Callable[[th.Supervisor, Any], Awaitable[None]]


async def by_hand(sup: th.Supervisor, component: Any) -> None:
    child = await sup.start(component, name="bad")
    await wait_all_tasks_blocked()
    await child.stop()
    assert child.state == "stopped"


async def restarted_by_hand(sup: th.Supervisor, component: Any) -> None:
    child = await sup.start(component, name="bad")
    await wait_all_tasks_blocked()
    await child.restart()
    assert (child.state, child.incarnation) == ("ready", 2)
    await wait_all_tasks_blocked()


async def with_its_need(sup: th.Supervisor, component: Any) -> None:
    need = await sup.start(crashes(1, after=1), name="need")
    child = await sup.start(component, name="bad", needs={"need": need})
    await trio.sleep(5)
    assert (child.state, child.incarnation) == ("ready", 2)


async def in_a_drain(sup: th.Supervisor, component: Any) -> None:
    await sup.start(component, name="bad", background=False)
    await wait_all_tasks_blocked()
    sup.drain()


async def at_the_end(sup: th.Supervisor, component: Any) -> None:
    await sup.start(component, name="bad", background=True)
    await wait_all_tasks_blocked()


async def cancelled(sup: th.Supervisor, component: Any) -> None:
    await sup.start(component, name="bad")
    await wait_all_tasks_blocked()
    sup.cancel_scope.cancel()


@KINDS
@pytest.mark.parametrize(
    "stops", [by_hand, restarted_by_hand, with_its_need, in_a_drain, at_the_end, cancelled]
)
async def test_it_is_reported_and_nothing_else_follows(
    autojump_clock: MockClock, log: Log, stops: Stops, component: Any
) -> None:
    # No restart would be allowed for it.
    async with th.open_supervisor("s", max_restarts=1, observer=log) as sup:
        first = await sup.start(forever, name="first", background=True)
        last = await sup.start(forever, name="last", background=True)
        await stops(sup, component)
        if sup.statistics().running:
            assert (first.state, last.state) == ("ready", "ready")
        sup.cancel_scope.cancel()
    assert sup.unclean == ("s/bad",)
    ended = [event for event in log.of(th.ChildEnded) if event.path == "s/bad"]
    for event in ended:
        assert isinstance(event.exit, th.Stopped)
        assert event.exit.error is not None
        assert chain(event.exit.error) == [Boom]
    # One for each time that it was stopped, and no crash.
    again = stops in (restarted_by_hand, with_its_need)
    assert len(ended) == (2 if again else 1)
    assert [event.path for event in log.of(th.ChildRestarting)] in ([], ["s/need"])
    assert log.about("gave-up") == []
    assert log.lines[-1] == "s ended"
    # Whoever came before it was stopped after it, in order.
    assert log.about("stopped")[-1] == "first 1 stopped"


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_the_restart_of_its_group_goes_on(
    autojump_clock: MockClock, log: Log, strategy: Any
) -> None:
    async with th.open_supervisor("s", strategy=strategy, max_restarts=1, observer=log) as sup:
        await sup.start(crashes(1, after=1), name="a")
        await sup.start(unclean, name="b")
        await sup.start(unclean_after_a_while, name="c")
        await trio.sleep(3)
        assert [child.incarnation for child in sup.children.values()] == [2, 2, 2]
        assert {child.state for child in sup.children.values()} == {"ready"}
        assert sup.statistics().restarts == 1
        assert sup.unclean == ("s/c", "s/b")
        sup.cancel_scope.cancel()


async def test_the_log_has_the_whole_story(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with th.open_supervisor("s") as sup:
        child: th.Child[Any] = await sup.start(unclean_after_a_while, name="bad")
        await wait_all_tasks_blocked()
        await child.stop("for maintenance")
    (record,) = (r for r in caplog.records if r.levelname == "ERROR")
    story = record.getMessage()
    assert story.startswith("'s/bad' ")
    assert "Boom: clean-up" in story
    assert f"{__file__}:" in story
    assert [r for r in caplog.records if r.levelname == "WARNING"] == []


async def test_a_supervisor_inside_of_the_component_ends_in_order_first(
    autojump_clock: MockClock, log: Log
) -> None:
    async def component() -> None:
        try:
            async with th.open_supervisor("in") as inner:
                await inner.start(unclean, name="x")
                await inner.start(unclean_after_a_while, name="y")
                await trio.sleep_forever()
        finally:
            raise Boom("own")

    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child = await sup.start(component, name="bad")
        await wait_all_tasks_blocked()
        await child.stop()
        assert trio.current_time() == 1
    assert log.about("stopped") == ["bad/in/y 1 stopped", "bad/in/x 1 stopped", "bad 1 stopped"]
    exits = [event.exit for event in log.of(th.ChildEnded)]
    errors = [exit.error for exit in exits if isinstance(exit, th.Stopped)]
    assert [str(error) for error in errors] == ["clean-up", "clean-up", "own"]
