"""Typed events for each transition, told to one synchronous observer."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import crashes, forever, line, resource, sleeps, slow_to_start


class All:
    """An observer that keeps everything."""

    def __init__(self) -> None:
        self.events: list[th.Event] = []

    def __call__(self, event: th.Event) -> None:
        self.events.append(event)

    def of(self, name: str) -> list[str]:
        """What was told of one child, in one word each."""
        return [line(e).split()[-1] for e in self.events if line(e).startswith(f"{name} ")]


async def test_each_step_of_a_life(autojump_clock: MockClock) -> None:
    told = All()
    async with th.open_supervisor("s", observer=told) as sup:
        db = sup.start_soon(slow_to_start(1), name="db")
        user = sup.start_soon(_user(then_crash_after=3), name="user", needs={"db": db})
        assert told.of("user") == ["waiting"]
        await user.wait("ready")
        assert told.of("db") == ["starting", "ready"]
        assert told.of("user") == ["waiting", "starting", "ready"]
        await user.wait("restarting")
        await user.wait("ready")
        assert told.of("user")[3:] == ["crashed", "restarting", "starting", "ready"]
        sup.cancel_scope.cancel()
    assert told.of("user")[7:] == ["stopping", "stopped"]
    assert told.of("db")[2:] == ["stopping", "stopped"]


def _user(*, then_crash_after: float) -> Callable[..., Awaitable[None]]:
    crash = crashes(1, after=then_crash_after)

    async def user(*, db: int) -> None:
        await crash()

    return user


async def test_what_one_waits_for_is_named(autojump_clock: MockClock) -> None:
    told = All()
    async with th.open_supervisor("s", observer=told) as sup:
        a = sup.start_soon(slow_to_start(1), name="a")
        b = sup.start_soon(slow_to_start(2), name="b")
        sup.start_soon(_ignores, name="c", needs={"a": a}, after=[b])
        sup.cancel_scope.cancel()
    assert [e for e in told.events if isinstance(e, th.ChildWaiting)] == [
        th.ChildWaiting(path="s/c", incarnation=0, time=0, waits_for=("s/a", "s/b"))
    ]


async def _ignores(**_: object) -> None:
    await forever()


async def test_one_that_is_taken_along_waits_meanwhile(autojump_clock: MockClock) -> None:
    told = All()
    async with th.open_supervisor("s", observer=told) as sup:
        db = await sup.start(resource("db", [], leave=1), name="db")
        await sup.start(_ignores, name="user", needs={"db": db})
        await db.restart()
        await trio.sleep(1)
        sup.cancel_scope.cancel()
    assert told.of("user")[:7] == [
        "starting",
        "ready",
        "stopping",
        "stopped",
        "waiting",
        "starting",
        "ready",
    ]


async def test_one_of_which_nothing_runs_is_dropped(autojump_clock: MockClock) -> None:
    told = All()
    backoff = th.Backoff(10, 10, jitter=0)
    async with th.open_supervisor("s", observer=told) as sup:
        child = sup.start_soon(crashes(), name="x", backoff=backoff)
        await child.wait("restarting")
        await child.stop("enough")
        assert told.events[-1] == th.ChildDropped(
            path="s/x", incarnation=1, time=0, reason="enough"
        )
        await child.stop("again")
        assert told.of("x").count("dropped") == 1
        sup.cancel_scope.cancel()


async def test_one_with_ends_is_complete(autojump_clock: MockClock) -> None:
    told = All()
    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s", observer=told) as sup:
        child = sup.start_soon(_holds, receive, name="x")
        sup.start_soon(sleeps(0), name="without")
        await child.wait("complete")
        assert told.of("x") == ["starting", "ready", "returned", "complete"]
    assert told.of("without") == ["starting", "ready", "returned"]
    send.close()


async def _holds(_: th.ReceiveChannel[int]) -> None:
    await trio.sleep(1)


async def test_the_log_tells_them_to_those_who_look_closely(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="trioharness")
    _, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s") as sup:
        a = sup.start_soon(slow_to_start(1), name="a")
        waits = sup.start_soon(_ignores, name="b", needs={"a": a})
        done = sup.start_soon(_holds, receive, name="c")
        await done.wait("complete")
        await waits.wait("ready")
        late = sup.start_soon(_ignores, name="d", needs={"x": sup.start_soon(slow_to_start(9))})
        await late.stop("no longer wanted")
        sup.cancel_scope.cancel()
    for text in (
        "'s/a' starts (incarnation 1)",
        "'s/b' waits for s/a",
        "'s/c' is complete",
        "'s/d' is not started, nothing of it ran: no longer wanted",
    ):
        assert text in caplog.messages


def test_events_are_values() -> None:
    one, same = (th.ChildReady(path="s/a", incarnation=1, time=0.5) for _ in range(2))
    assert one == same
    assert {one: "seen"}[same] == "seen"
    assert one != th.ChildReady(path="s/a", incarnation=2, time=0.5)
