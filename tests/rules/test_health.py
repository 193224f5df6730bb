"""What counts as silent and what as healthy, as functions of times and states."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
from trioharness.rules import Signs, StoppedByHand, WorkClock, diagnose, roll_up, worst

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


def restart(incarnation: int, time: float = 10.0) -> th.ChildRestarting:
    return th.ChildRestarting(
        path=PATH,
        incarnation=incarnation,
        time=time,
        delay=0,
        restarts=1,
        max_restarts=5,
        because="Boom: number 1",
    )


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
            signs("stopped", stopped=StoppedByHand(incarnation=1, time=7.0, reason="lunch")),
            "healthy",
            "stopped: lunch",
            7.0,
        ),
        # It was started again since, and ended by itself.
        (
            signs("stopped", 2, stopped=StoppedByHand(incarnation=1, time=7.0, reason="lunch")),
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
)


@given(every_sign)
def test_whatever_is_not_healthy_has_a_reason(seen: Signs) -> None:
    health = diagnose(seen, 100.0, 60.0)
    assert health.reason or health.condition == "healthy"
    assert (seen.state == "parked") <= (health.condition == "down")


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


def test_it_is_a_value() -> None:
    assert th.Health() == th.Health(None, 60.0)
    assert hash(th.Health(5)) == hash(th.Health(5.0))
    assert th.Health(math.inf, 0).healthy_after == 0
