"""The table of a child's life: what can follow what, and that nothing else can."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trioharness as th
from trioharness.rules import TRANSITIONS, Cause, ImpossibleTransition

State = th.State

IDLE = {State.PENDING, State.WAITING, State.RESTARTING, State.STOPPED, State.PARKED}
RUNNING = {State.STARTING, State.READY, State.STOPPING}

EXPECTED: dict[Cause, tuple[set[State], State]] = {
    Cause.BEGIN: (IDLE, State.STARTING),
    Cause.HOLD: ((IDLE | RUNNING) - {State.WAITING, State.READY}, State.WAITING),
    Cause.READY: ({State.STARTING}, State.READY),
    Cause.STOP: (RUNNING, State.STOPPING),
    Cause.END: (IDLE | RUNNING, State.STOPPED),
    Cause.RETRY: (RUNNING | {State.STOPPED}, State.RESTARTING),
    Cause.RELEASE: ({State.STOPPED, State.PARKED, State.COMPLETE}, State.COMPLETE),
    Cause.PARK: (RUNNING | {State.RESTARTING}, State.PARKED),
}

PAIRS = list(itertools.product(State, Cause))


@pytest.mark.parametrize(("state", "cause"), PAIRS)
def test_each_pair(state: State, cause: Cause) -> None:
    before, after = EXPECTED[cause]
    if state in before:
        assert TRANSITIONS[state, cause] is after
        return
    with pytest.raises(ImpossibleTransition) as caught:
        TRANSITIONS[state, cause]
    assert str(caught.value) == f"no transition from {state} by {cause}"


def test_the_table_is_what_is_allowed() -> None:
    allowed = {(s, c): after for c, (before, after) in EXPECTED.items() for s in before}
    assert dict(TRANSITIONS) == allowed


def test_every_state_is_reached_from_the_first() -> None:
    reached = {State.PENDING}
    while True:
        after = {to for (state, _), to in TRANSITIONS.items() if state in reached}
        if after <= reached:
            break
        reached |= after
    assert reached == set(State)


def test_nothing_goes_back_to_the_first() -> None:
    assert State.PENDING not in TRANSITIONS.values()


def test_only_the_complete_can_never_begin_again() -> None:
    stuck = {s for s in State if not _leads_to(s, State.STARTING)}
    assert stuck == {State.COMPLETE}


def _leads_to(start: State, goal: State) -> bool:
    reached = {start}
    for _ in State:
        reached |= {to for (state, _), to in TRANSITIONS.items() if state in reached}
    return goal in reached


@given(st.lists(st.sampled_from(Cause), max_size=30))
def test_whatever_happens(causes: list[Cause]) -> None:
    """Along every life: ready only out of starting, and nothing after complete."""
    state = State.PENDING
    for cause in causes:
        try:
            after = TRANSITIONS[state, cause]
        except ImpossibleTransition:
            assert (state, cause) not in TRANSITIONS
            continue
        assert after is not State.READY or state is State.STARTING
        assert after is not State.STARTING or state not in RUNNING
        assert state is not State.COMPLETE or after is State.COMPLETE
        state = after


def test_it_is_told_as_a_fault_of_ours() -> None:
    assert issubclass(ImpossibleTransition, AssertionError)
    assert not issubclass(ImpossibleTransition, th.TrioharnessError)


def test_states_and_causes_are_their_words() -> None:
    assert {str(state) for state in State} == {state.name.lower() for state in State}
    assert {str(cause) for cause in Cause} == {cause.name.lower() for cause in Cause}
