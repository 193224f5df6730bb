"""What counts as silent and what as healthy, as functions of times and states."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
from trioharness.rules import (
    NO_FAILURES,
    Checks,
    Signs,
    StoppedByHand,
    WorkClock,
    diagnose,
    roll_up,
    worst,
)

steps = st.lists(
    st.tuples(st.sampled_from(["beat", "pause", "resume", "nothing"]), st.integers(0, 50)),
    max_size=30,
)


def by_the_second(history: list[tuple[str, int]]) -> tuple[WorkClock, int, int, int]:
    """Play a history on a clock, and count the seconds of work one by one beside it.

    Returns:
        The clock, the time, the seconds counted, and how many pauses are left.
    """
    clock = WorkClock()
    clock.resume(0)
    now = counted = pauses = 0
    for what, seconds in history:
        if what == "beat":
            clock.beat(now)
            counted = 0
        elif what == "pause":
            clock.pause(now)
            pauses += 1
        elif what == "resume" and pauses:
            clock.resume(now)
            pauses -= 1
        now += seconds
        counted += 0 if pauses else seconds
    return clock, now, counted, pauses


@given(steps)
def test_it_counts_exactly_the_seconds_of_work_since_the_last_beat(
    history: list[tuple[str, int]],
) -> None:
    clock, now, counted, _ = by_the_second(history)
    assert clock.worked(now) == counted


@given(steps, st.integers(1, 1000))
def test_it_is_due_when_it_has_run_for_so_long_without_a_pause(
    history: list[tuple[str, int]], within: int
) -> None:
    clock, now, counted, pauses = by_the_second(history)
    assert clock.due(within) == (math.inf if pauses else now + within - counted)


@given(steps, st.integers(1, 1000), st.integers(0, 100))
def test_what_happens_only_ever_puts_it_off(
    history: list[tuple[str, int]], within: int, later: int
) -> None:
    clock, now, _, pauses = by_the_second(history)
    if pauses:
        return
    due = clock.due(within)
    clock.pause(now)
    clock.resume(now + later)
    assert clock.due(within) == due + later
    clock.beat(now + later)
    assert clock.due(within) >= due


def test_it_begins_paused() -> None:
    clock = WorkClock()
    assert (clock.worked(100), clock.due(5)) == (0, math.inf)


PATH = "shop/db"


def restart(incarnation: int, time: float = 10.0, delay: float = 0) -> th.ChildRestarting:
    return th.ChildRestarting(
        path=PATH,
        incarnation=incarnation,
        time=time,
        delay=delay,
        restarts=1,
        max_restarts=5,
        because="Boom: number 1",
    )


LEFT = th.ChildNotRestarted(path=PATH, incarnation=1, time=50.0, because="why not")
BY_HAND = StoppedByHand(incarnation=1, time=7.0, reason="lunch")
PARKED = th.ChildParked(path=PATH, incarnation=6, time=20.0, allowed="5 restarts in 60 s")


def signs(state: str, incarnation: int = 1, **more: Any) -> Signs:
    return Signs(path=PATH, state=th.State(state), incarnation=incarnation, **more)


@pytest.mark.parametrize(
    ("seen", "condition", "reason", "since"),
    [
        (signs("ready", ready_at=1.0), "healthy", "", 1.0),
        (signs("pending", 0), "healthy", "not started yet", None),
        (signs("complete"), "healthy", "", None),
        (signs("stopped"), "healthy", "", None),
        (signs("starting"), "healthy", "starting for the first time", None),
        (signs("restarting"), "degraded", "restarting", None),
        (signs("restarting", restart=restart(1)), "degraded", "restarting: Boom: number 1", 10.0),
        (signs("starting", 2, restart=restart(1)), "degraded", "starting: Boom: number 1", 10.0),
        (
            signs("ready", 2, restart=restart(1), ready_at=40.0),
            "degraded",
            "back for only 60 s: Boom: number 1",
            40.0,
        ),
        # Restarted by hand meanwhile, it is no longer the incarnation after the crash.
        (signs("ready", 3, restart=restart(1), ready_at=40.0), "healthy", "", 40.0),
        (signs("ready", 2, restart=restart(1), ready_at=39.0), "healthy", "", 39.0),
        (
            signs("ready", ready_at=1.0, checks=Checks().failed("Boom: a", 90.0)),
            "degraded",
            "its health check failed: Boom: a",
            90.0,
        ),
        (
            # Of two reasons, the one that keeps it from working.
            signs(
                "ready",
                2,
                restart=restart(1),
                ready_at=80.0,
                checks=Checks().failed("Boom: a", 90.0).failed("Boom: b", 95.0),
            ),
            "degraded",
            "its health check failed 2 times in a row: Boom: b",
            90.0,
        ),
        (signs("ready"), "healthy", "it has ended just now", None),
        (
            signs("restarting", restart=restart(1, 98.0, delay=12.0)),
            "degraded",
            "restarting in 10 s: Boom: number 1",
            98.0,
        ),
        (signs("starting", since=97.0), "healthy", "starting for the first time", 97.0),
        (signs("starting", 2, since=97.0, was_ready=True), "healthy", "starting again", 97.0),
        (
            signs("waiting", 0, waits_for=("shop/a",), since=96.0),
            "degraded",
            "waiting for 'shop/a'",
            96.0,
        ),
        (
            signs("stopped", not_restarted=LEFT, last_error="Boom"),
            "degraded",
            "it crashed and is not restarted, why not: Boom",
            50.0,
        ),
        (
            signs("complete", not_restarted=LEFT, last_error="Boom"),
            "degraded",
            "it crashed and is not restarted, why not: Boom",
            50.0,
        ),
        (signs("stopped", 2, not_restarted=LEFT, last_error="Boom"), "healthy", "", None),
        (
            signs("stopping", stopping_for="lunch", stopped=BY_HAND),
            "healthy",
            "stopping: lunch",
            7.0,
        ),
        (
            signs("stopping", ending_for="it was silent", ending_since=99.0),
            "degraded",
            "it was silent",
            99.0,
        ),
        (signs("waiting", 0), "degraded", "waiting for what it needs", None),
        (signs("waiting", 0, waits_for=("shop/a",)), "degraded", "waiting for 'shop/a'", None),
        (
            signs("parked", 6, parked=PARKED),
            "down",
            "parked after more than 5 restarts in 60 s; restart it by hand",
            20.0,
        ),
        (signs("parked", 6), "down", "parked; restart it by hand", None),
        (
            signs("stopped", stopped=BY_HAND),
            "healthy",
            "stopped: lunch",
            7.0,
        ),
        # It was started again since, and ended by itself.
        (
            signs("stopped", 2, stopped=BY_HAND),
            "healthy",
            "",
            None,
        ),
        (signs("stopping"), "healthy", "stopping: told to stop", None),
        (signs("stopping", stopping_for="lunch"), "healthy", "stopping: lunch", None),
        (signs("stopping", ending_for="it was silent"), "degraded", "it was silent", None),
        (
            signs("stopping", stopping_for="lunch", stuck_at=30.0),
            "down",
            "stuck, its grace is over and it runs on: lunch",
            30.0,
        ),
    ],
)
def test_the_condition_of_a_child(
    seen: Signs, condition: str, reason: str, since: float | None
) -> None:
    health = diagnose(seen, now=100.0, healthy_after=60.5)
    assert (health.path, health.condition, health.reason, health.since) == (
        PATH,
        condition,
        reason,
        since,
    )


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_after_a_crash_it_is_healthy_again_when_it_has_been_ready_for_long_enough(
    ready_for: float, healthy_after: float
) -> None:
    seen = signs("ready", 2, restart=restart(1, 0.0), ready_at=0.0)
    healthy = diagnose(seen, ready_for, healthy_after).condition == "healthy"
    assert healthy == (ready_for >= healthy_after)


every_sign = st.builds(
    Signs,
    path=st.sampled_from(["a", "b"]),
    state=st.sampled_from(th.State),
    incarnation=st.integers(0, 3),
    ready_at=st.none() | st.floats(0, 100),
    restart=st.none() | st.builds(restart, st.integers(0, 3)),
    parked=st.none() | st.just(PARKED),
    stuck_at=st.none() | st.floats(0, 100),
    ending_for=st.none() | st.just("it was silent"),
    was_ready=st.booleans(),
    checks=st.just(Checks()) | st.just(Checks().failed("Boom", 1.0)),
    not_restarted=st.none() | st.just(LEFT),
    stopped=st.none() | st.just(BY_HAND),
)


@given(every_sign)
def test_whatever_is_not_healthy_has_a_reason(seen: Signs) -> None:
    health = diagnose(seen, 100.0, 60.0)
    assert health.reason or health.condition == "healthy"
    assert (seen.state == "parked") <= (health.condition == "down")


@given(every_sign)
def test_what_is_ready_works_and_what_is_missing_has_a_reason(seen: Signs) -> None:
    health = diagnose(seen, 100.0, 60.0)
    assert health.live == (health.condition != "down")
    if health.ready:
        assert (health.state, seen.checks.failures, health.live) == ("ready", 0, True)
    if health.is_missing or not health.started:
        assert health.reason or not seen.was_ready
    if health.condition == "down":
        assert not health.ready


@given(st.lists(every_sign, max_size=6), st.booleans())
def test_a_tree_answers_each_probe_for_all_of_its_children(
    all_signs: list[Signs], is_ending: bool
) -> None:
    children = [diagnose(seen, 100.0, 60.0) for seen in all_signs]
    tree = roll_up("shop", children, is_ending=is_ending)
    expected = [c for c in children if c.state not in ("stopped", "complete")]
    assert tree.ready == (not is_ending and all(c.ready for c in expected))
    assert tree.live == all(c.live for c in children)
    assert tree.started == all(c.started for c in children)


@given(st.lists(st.sampled_from(["fails", "passes"]), max_size=20), st.integers(1, 4))
def test_failures_count_in_a_row(history: list[str], threshold: int) -> None:
    checks = NO_FAILURES
    for now, what in enumerate(history):
        checks = checks.failed(f"error {now}", now) if what == "fails" else NO_FAILURES
    in_a_row = len(history)
    for number, what in enumerate(history):
        if what == "passes":
            in_a_row = len(history) - number - 1
    assert checks.failures == in_a_row
    assert checks.failing_since == (len(history) - in_a_row if in_a_row else None)
    assert checks.error == (f"error {len(history) - 1}" if in_a_row else "")
    assert checks.are_too_many(threshold) == (in_a_row >= threshold)


@given(st.lists(every_sign, max_size=6))
def test_a_tree_is_as_bad_as_its_worst_child_and_names_all_that_are_not_healthy(
    all_signs: list[Signs],
) -> None:
    children = [diagnose(seen, 100.0, 60.0) for seen in all_signs]
    tree = roll_up("shop", children)
    severity = {"healthy": 0, "degraded": 1, "down": 2}
    assert severity[tree.condition] == max((severity[c.condition] for c in children), default=0)
    assert [c for c in children if c.condition != "healthy"] == [
        c for c in tree.children if c.condition != "healthy"
    ]
    assert all(child.reason for child in tree.children)


def test_of_nobody_the_worst_is_healthy() -> None:
    assert worst([]) == "healthy"
    assert roll_up("shop", []) == th.SupervisorHealth(
        path="shop", condition=th.Condition.HEALTHY, started=True, ready=True
    )


def test_health_as_text() -> None:
    down = diagnose(signs("parked", 6, parked=PARKED), 100.0, 60.0)
    assert str(roll_up("shop", [down])).splitlines() == [
        "'shop' is down, not started",
        "  'shop/db' is down: parked after more than 5 restarts in 60 s; restart it by hand",
    ]
    assert str(diagnose(signs("ready", ready_at=1.0), 100.0, 60.0)) == "'shop/db' is healthy"


@pytest.mark.parametrize("value", ["1", True, 0, -1, math.nan, -math.inf])
def test_what_is_no_beat_within(value: Any) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        th.Health(beat_within=value)
    assert str(caught.value) == (
        f"Health(beat_within=): {value!r} is wrong; give seconds, more than 0, or None"
    )


@pytest.mark.parametrize("value", ["1", True, None, -1, math.nan])
def test_what_is_no_healthy_after(value: Any) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        th.Health(healthy_after=value)
    assert str(caught.value) == (
        f"Health(healthy_after=): {value!r} is wrong; give seconds, 0 or more"
    )


@pytest.mark.parametrize("option", ["check_every", "check_within"])
@pytest.mark.parametrize("value", ["1", True, None, 0, -1, math.nan])
def test_what_is_no_time_for_a_check(option: str, value: Any) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(th.ConfigurationError) as caught:
        th.Health(**options)
    assert str(caught.value).startswith(
        f"Health({option}=): {value!r} is wrong; give seconds, more than 0"
    )


@pytest.mark.parametrize("value", ["1", True, None, 0, -1, 1.5])
def test_what_is_no_failure_threshold(value: Any) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        th.Health(failure_threshold=value)
    assert str(caught.value) == (
        f"Health(failure_threshold=): {value!r} is wrong; give a whole number, 1 or more"
    )


def test_what_is_no_check() -> None:
    wrong: Any = 5
    with pytest.raises(th.ConfigurationError) as caught:
        th.Health(check=wrong)
    assert str(caught.value) == (
        "Health(check=): 5 is wrong; give an async function that takes the value of the component"
    )


def test_it_is_a_value() -> None:
    assert th.Health() == th.Health(None, 60.0)
    assert hash(th.Health(5)) == hash(th.Health(5.0))
    assert th.Health(math.inf, 0).healthy_after == 0
