"""A restart is never silent, nor is that there is none: log, observer, counter and health."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import (
    Boom,
    Log,
    chain,
    crashes,
    forever,
    line,
    sleeps,
    slow_to_start,
    slow_to_stop,
)
from trioharness.rules import RestartPolicy, Strategy

Ends = Callable[[th.Supervisor], Awaitable[th.Child[Any]]]


def first_time(end: Callable[[], Awaitable[None]] | None) -> Callable[[], Awaitable[None]]:
    """Return a component whose first incarnation ends in this way, or returns, after a second."""
    lives: list[int] = []

    async def component() -> None:
        lives.append(1)
        if len(lives) == 1:
            await trio.sleep(1)
            if end is None:
                return
            await end()
        while True:
            th.beat()
            await trio.sleep(0.5)

    return component


async def crash() -> None:
    raise Boom("why")


async def on_purpose() -> None:
    raise th.Shutdown


async def by_a_crash(sup: th.Supervisor) -> th.Child[Any]:
    return await sup.start(first_time(crash), name="c")


async def by_a_kill(sup: th.Supervisor) -> th.Child[Any]:
    child = await sup.start(forever, name="c")
    await trio.sleep(1)
    child.kill("why")
    return child


async def by_silence(sup: th.Supervisor) -> th.Child[Any]:
    health = th.Health(beat_within=1, healthy_after=60)
    return await sup.start(first_time(forever), name="c", health=health)


async def by_a_failed_start(sup: th.Supervisor) -> th.Child[Any]:
    lives: list[int] = []

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(1)
        await trio.sleep(1)
        if len(lives) == 1:
            raise Boom("why")
        task_status.started()
        await trio.sleep_forever()

    return sup.start_soon(component, name="c")


async def by_a_return(sup: th.Supervisor) -> th.Child[Any]:
    return await sup.start(first_time(None), name="c", restart="permanent")


async def by_an_end_on_purpose(sup: th.Supervisor) -> th.Child[Any]:
    return await sup.start(first_time(on_purpose), name="c", restart="permanent")


CRASHES: list[tuple[Ends, str]] = [
    (by_a_crash, "Boom: why"),
    (by_a_kill, "ChildKilled: killed: why"),
    (by_silence, "ChildSilent: 's/c' was silent for 1 s"),
    (by_a_failed_start, "Boom: why"),
]
OTHERS: list[tuple[Ends, str]] = [
    (by_a_return, "it returned"),
    (by_an_end_on_purpose, "it ended on purpose"),
]


@pytest.mark.parametrize(("ends", "why"), [*CRASHES, *OTHERS])
async def test_the_log_says_why_and_how_often(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, ends: Ends, why: str
) -> None:
    async with th.open_supervisor("s", max_restarts=3) as sup:
        await ends(sup)
        await trio.sleep(1.5)
        told = [(r.levelno, r.getMessage()) for r in caplog.records if r.name == "trioharness"]
        sup.cancel_scope.cancel()
    errors = [text for level, text in told if level == logging.ERROR]
    (restart,) = (text for level, text in told if level == logging.WARNING)
    assert restart.startswith(f"'s/c' restarts now (restart 1 of 3): {why}")
    if (ends, why) in CRASHES:
        (story,) = errors
        assert story.startswith("'s/c' crashed (incarnation 1, ")
        assert why in story
        assert told.index((logging.ERROR, story)) < told.index((logging.WARNING, restart))
    else:
        assert errors == []


async def test_the_story_of_the_crash_shows_the_line_of_the_component(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with th.open_supervisor("s") as sup:
        await by_a_crash(sup)
        await trio.sleep(2)
        sup.cancel_scope.cancel()
    (story,) = (record.getMessage() for record in caplog.records if record.levelname == "ERROR")
    assert f"{__file__}:" in story
    assert 'in crash: raise Boom("why")' in story


@pytest.mark.parametrize(("ends", "why"), [*CRASHES, *OTHERS])
async def test_the_observer_the_counters_and_health_know_of_it(
    autojump_clock: MockClock, log: Log, ends: Ends, why: str
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await ends(sup)
        assert (child.restarts, sup.statistics().restarts) == (0, 0)
        await trio.sleep(2.5)
        (told,) = log.of(th.ChildRestarting)
        assert (told.path, told.incarnation, told.restarts, told.max_restarts) == ("s/c", 1, 1, 5)
        assert told.because.startswith(why)
        assert (child.restarts, sup.statistics().restarts) == (1, 1)
        degraded = child.health()
        assert (degraded.condition, sup.health().condition) == ("degraded", "degraded")
        assert why in degraded.reason
        await trio.sleep(60)
        assert (child.health().condition, sup.health().condition) == ("healthy", "healthy")
        sup.cancel_scope.cancel()


async def test_giving_up_is_told_too_whatever_the_supervisor_above_makes_of_it(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """With OTP's ``exhausted="shutdown"`` the cause is in the log and the events alone."""
    log = Log()

    async def crash_later() -> None:
        await trio.sleep(1)
        raise Boom("why")

    for observer in (log, None):
        async with th.open_supervisor("s", observer=observer) as sup:
            spec = th.Spec(crash_later, name="bad")
            group = th.Group("g", [spec], max_restarts=0, exhausted="shutdown")
            sup.start_soon(group, name="g")
    (gave_up,) = log.of(th.GaveUp)
    assert (gave_up.path, gave_up.child, gave_up.why) == ("s/g", "s/g/bad", "intensity")
    crashed, shut_down = log.of(th.ChildEnded)
    assert isinstance(crashed.exit, th.Crashed)
    assert chain(crashed.exit.error) == [Boom]
    assert shut_down.exit == th.ShutDown()
    told = [(r.levelname, r.getMessage().partition("\n")[0]) for r in caplog.records]
    assert told == [
        ("ERROR", "'s/g/bad' crashed (incarnation 1, after it was ready)"),
        ("CRITICAL", "'s/g' gave up over 's/g/bad': more than 0 restarts in 60 s"),
    ]
    assert "Boom: why" in caplog.records[0].getMessage()


# That none follows is not silent either


@pytest.mark.parametrize(
    ("restart", "why"),
    [
        ("temporary", "its restart type is temporary"),
        ({Boom: "temporary"}, "its restart policy makes it temporary for that error"),
    ],
)
async def test_the_log_says_that_a_crash_is_followed_by_nothing_and_why(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, restart: RestartPolicy, why: str
) -> None:
    async with th.open_supervisor("s") as sup:
        sup.start_soon(crashes(after=1), name="c", restart=restart)
    told = [(r.levelname, r.getMessage().partition("\n")[0]) for r in caplog.records]
    assert told == [
        ("ERROR", "'s/c' crashed (incarnation 1, after it was ready)"),
        ("WARNING", f"'s/c' is not restarted: {why}"),
    ]


async def test_one_that_is_kept_is_degraded_until_it_is_restarted_by_hand(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(crashes(1, after=1), name="c", restart={Boom: "temporary"})
        await trio.sleep(2)
        health = child.health()
        assert (health.state, health.condition, health.since) == ("stopped", "degraded", 1)
        assert health.reason == (
            "it crashed and is not restarted, its restart policy makes it temporary for that "
            "error: Boom: number 1"
        )
        assert (sup.health().condition, sup.health().ready) == ("degraded", True)
        await child.start()
        assert (child.health().condition, sup.health().children) == ("healthy", ())
        await child.stop("lunch")
        assert child.health().reason == "stopped: lunch"
    assert log.of(th.ChildNotRestarted) == [
        th.ChildNotRestarted(
            path="s/c",
            incarnation=1,
            time=1,
            because="its restart policy makes it temporary for that error",
        )
    ]


async def test_one_that_is_complete_is_degraded_too(autojump_clock: MockClock) -> None:
    async def source(numbers: th.SendChannel[int]) -> None:
        await trio.sleep(1)
        raise Boom("why")

    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s", observer=lambda _: None) as sup:
        child = sup.start_soon(source, send, name="c", restart={Boom: "temporary"})
        await child.wait("complete")
        assert child.health().condition == "degraded"
    receive.close()


async def test_a_crash_while_others_are_being_started_is_told_of_at_once_and_once(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        again = sup.start_soon(slow_to_start(10, crashes(1, after=1)), name="again")
        sup.start_soon(crashes(after=15), name="gone", restart="temporary")
        await again.wait("restarting")
        await again.wait("ready")
        assert log.times("not-restarted") == [15]  # in the middle of the start, from 11 to 21
        await sup.settled()
        sup.cancel_scope.cancel()
    assert log.about("not-restarted") == ["gone 1 not-restarted"]


async def test_a_source_that_crashes_in_a_drain_is_not_restarted(
    autojump_clock: MockClock, log: Log
) -> None:
    async def source(numbers: th.SendChannel[int]) -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        raise Boom("on the way out")

    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(source, send, name="c")
        await trio.sleep(1)
        sup.drain()
    receive.close()
    assert [event.because for event in log.of(th.ChildNotRestarted)] == ["its supervisor drains"]


async def test_one_that_crashes_while_its_supervisor_ends_is_not_restarted(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(crashes(after=2), name="c")
        await sup.start(slow_to_stop(3), name="slow")
        await trio.sleep(1)
        sup.cancel_scope.cancel()
    assert log.about("crashed", "not-restarted") == ["c 1 crashed", "c 1 not-restarted"]
    assert [event.because for event in log.of(th.ChildNotRestarted)] == ["its supervisor is ending"]


async def test_what_is_no_crash_or_is_somebodys_own_is_not_told_of(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", max_restarts=0, exhausted="park", observer=log) as sup:
        sup.start_soon(sleeps(1), restart="temporary")
        with pytest.raises(Boom):  # who waits for the start is told
            await sup.start(fails_to_start, restart="temporary")
        child = await sup.start(forever)
        await child.stop()
    assert log.of(th.ChildNotRestarted) == []


async def fails_to_start(*, task_status: th.TaskStatus[None]) -> None:
    await trio.lowlevel.checkpoint()
    raise Boom


# One observer, told before the next thing is done


async def test_the_observer_of_the_tree_is_told_of_all_that_is_in_it(
    autojump_clock: MockClock, log: Log
) -> None:
    async def holds() -> None:
        async with th.open_supervisor("in") as inner:
            inner.start_soon(crashes(1, then=sleeps(1)), name="a")
        async with th.open_pool(th.Spec(crashes(1, then=sleeps(1))), "pool") as pool:
            await pool.start(name="b")

    group = th.Group("g", [th.Spec(crashes(1, then=sleeps(1)), name="c")])
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(holds, name="holds")
        sup.start_soon(group, name="g")
    assert sorted(log.about("restarting")) == [
        "g/c 1 restarting",
        "holds/in/a 1 restarting",
        "holds/pool/b 1 restarting",
    ]


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all"])
async def test_it_is_told_before_the_next_thing_is_done(
    autojump_clock: MockClock, strategy: Strategy
) -> None:
    """What is told has happened, and nothing that comes after it has."""
    did: list[str] = []

    def observer(event: th.Event) -> None:
        did.append(f"told: {line(event)}")
        if isinstance(event, th.ChildRestarting):
            did.append(f"sees: {sup.children['c'].state} {sup.children['other'].state}")

    def acts(name: str, then: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def component() -> None:
            did.append(f"does: {name} begins")
            try:
                await then()
            finally:
                did.append(f"does: {name} ends")

        return component

    async with th.open_supervisor("s", strategy=strategy, observer=observer) as sup:
        await sup.start(acts("c", crashes(1, after=1)), name="c")
        await sup.start(acts("other", forever), name="other")
        await trio.sleep(0.5)
        did.clear()
        await trio.sleep(1)
        seen = did.copy()
        sup.cancel_scope.cancel()
    assert seen[:4] == [
        "does: c ends",
        "told: c 1 crashed",
        "told: c 1 restarting",
        "sees: restarting ready",
    ]
    again = ["told: c 2 starting", "told: c 2 ready", "does: c begins"]
    if strategy == "one_for_one":
        assert seen[4:] == again
    else:
        assert seen[4:] == [
            "told: other 1 stopping",
            "does: other ends",
            "told: other 1 stopped",
            *again,
            *(text.replace("c ", "other ") for text in again),
        ]


async def test_giving_up_is_told_before_anybody_is_stopped_for_it(
    autojump_clock: MockClock,
) -> None:
    states: list[str] = []

    def observer(event: th.Event) -> None:
        if isinstance(event, th.GaveUp):
            states.append(sup.children["other"].state)

    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=0, observer=observer) as sup:
            await sup.start(forever, name="other")
            sup.start_soon(crashes(after=1))
    assert states == ["ready"]


# Giving up says what was tried


@pytest.mark.parametrize(
    ("ends", "error"),
    [
        (by_a_crash, Boom),
        (by_a_kill, th.ChildKilled),
        (by_silence, th.ChildSilent),
        (by_a_failed_start, Boom),
        (by_a_return, th.UnexpectedReturn),
        (by_an_end_on_purpose, th.UnexpectedReturn),
    ],
)
async def test_each_attempt_is_noted_with_path_incarnation_and_time(
    autojump_clock: MockClock, ends: Ends, error: type[Exception]
) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=0) as sup:
            await ends(sup)
    (attempt,) = caught.value.exceptions
    assert type(attempt) is error
    assert attempt.__notes__ == ["s/c, incarnation 1"]
