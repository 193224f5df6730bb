"""How long components were in which state: sums that are exact, whatever happens in which order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
from trioharness.observe import StateBook
from trioharness.observe._times import KEPT

Make = Callable[[str, float], th.Event]


def ended(path: str, time: float) -> th.Event:
    return th.ChildEnded(path=path, incarnation=1, time=time, exit=th.Returned(), ready=True)


def restarting(path: str, time: float) -> th.Event:
    return th.ChildRestarting(
        path=path, incarnation=1, time=time, delay=1, restarts=1, max_restarts=5, because="x"
    )


MAKERS: dict[str, Make] = {
    "starting": lambda path, time: th.ChildStarting(path=path, incarnation=1, time=time),
    "ready": lambda path, time: th.ChildReady(path=path, incarnation=1, time=time),
    "stopping": lambda path, time: th.ChildStopping(
        path=path, incarnation=1, time=time, reason="x"
    ),
    "stopped": ended,
    "restarting": restarting,
    "parked": lambda path, time: th.ChildParked(
        path=path, incarnation=1, time=time, allowed="5 restarts in 60 s"
    ),
    "complete": lambda path, time: th.ChildCompleted(path=path, incarnation=1, time=time),
    "waiting": lambda path, time: th.ChildWaiting(
        path=path, incarnation=1, time=time, waits_for=("shop/db",)
    ),
}


@pytest.mark.parametrize("state", MAKERS)
def test_each_event_begins_its_state(state: str) -> None:
    book = StateBook()
    book(MAKERS["starting"]("shop/a", 1.0))
    book(MAKERS[state]("shop/a", 3.0))
    times = book.times(7.0)["shop/a"]
    assert (times.state, times.since) == (state, 3.0)
    assert times.seconds == (
        {"starting": 6.0} if state == "starting" else {"starting": 2, state: 4}
    )


def test_what_is_no_change_of_a_child_changes_nothing() -> None:
    book = StateBook()
    book(th.SupervisorEnded(path="shop", time=1.0))
    book(th.CommandOutput(path="shop/a", incarnation=1, time=1, stream="stdout", line="x"))
    assert book.times(2.0) == {}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["shop/a", "shop/b"]), st.sampled_from(sorted(MAKERS)), st.integers(0, 9)
    )
)


@given(STEPS)
def test_the_seconds_are_those_since_the_first_event(
    steps: list[tuple[str, str, int]],
) -> None:
    book = StateBook()
    now, first, last = 0, dict[str, int](), dict[str, str]()
    for path, state, passed in steps:
        now += passed
        first.setdefault(path, now)
        last[path] = state
        book(MAKERS[state](path, now))
    times = book.times(now + 1)
    assert times.keys() == first.keys()
    for path, began in first.items():
        assert sum(times[path].seconds.values()) == now + 1 - began
        assert times[path].state == last[path]


def test_of_those_that_have_ended_the_last_are_kept() -> None:
    book = StateBook()
    book(MAKERS["ready"]("shop/lives", 0))
    for number in range(KEPT + 10):
        book(MAKERS["starting"](f"shop/{number}", number))
        book(ended(f"shop/{number}", number))
    known = book.times(0)
    assert len(known) == KEPT + 1
    assert "shop/lives" in known
    assert "shop/9" not in known
    assert "shop/10" in known


def test_one_that_is_started_again_goes_on_where_it_was() -> None:
    book = StateBook()
    for time, state in enumerate(["starting", "ready", "stopped", "starting", "ready"]):
        book(MAKERS[state]("shop/a", time))
    assert book.times(10)["shop/a"].seconds == {"starting": 2, "ready": 7, "stopped": 1}
