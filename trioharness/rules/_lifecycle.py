"""The life of a child, as one table.

Everything that changes a child's state looks up what follows in `TRANSITIONS`. A pair that is not
in the table cannot happen; if it does, the fault is in trioharness.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from .._events import State


class Cause(enum.StrEnum):
    """What moves a child from one state to the next."""

    BEGIN = "begin"
    """Its code is about to run."""
    HOLD = "hold"
    """It is to start, but something it needs is not ready."""
    READY = "ready"
    """It said that it is ready, or need not say so."""
    STOP = "stop"
    """It was told to stop."""
    END = "end"
    """It ended and is not to be started again by itself."""
    RETRY = "retry"
    """It ended and is to be started again."""
    RELEASE = "release"
    """Its channel ends are closed, so that it can never run again."""
    PARK = "park"
    """It has spent its restarts and is to stay down."""


_IDLE = (
    State.PENDING,
    State.WAITING,
    State.RESTARTING,
    State.STOPPED,
    State.PARKED,
)
_RUNNING = (State.STARTING, State.READY, State.STOPPING)
_HELD = (
    State.PENDING,
    State.RESTARTING,
    State.STOPPED,
    State.PARKED,
    State.STARTING,  # a need went away before the first step
    State.STOPPING,  # it was stopped for the restart of a need
)
_DOWN = (State.STOPPED, State.PARKED, State.COMPLETE)


class ImpossibleTransition(AssertionError):
    """A child was moved in a way the table does not have: a fault in trioharness itself."""


class _Table(dict[tuple[State, Cause], State]):
    """A table that says what is wrong where it has no entry, at no cost where it has one."""

    def __missing__(self, key: tuple[State, Cause]) -> State:
        state, cause = key
        raise ImpossibleTransition(f"no transition from {state} by {cause}")


TRANSITIONS: Mapping[tuple[State, Cause], State] = _Table(
    {
        **{(state, Cause.BEGIN): State.STARTING for state in _IDLE},
        **{(state, Cause.HOLD): State.WAITING for state in _HELD},
        (State.STARTING, Cause.READY): State.READY,
        **{(state, Cause.STOP): State.STOPPING for state in _RUNNING},
        **{(state, Cause.END): State.STOPPED for state in (*_IDLE, *_RUNNING)},
        **{(state, Cause.RETRY): State.RESTARTING for state in (*_RUNNING, State.STOPPED)},
        **{(state, Cause.RELEASE): State.COMPLETE for state in _DOWN},
        **{(state, Cause.PARK): State.PARKED for state in (State.RESTARTING, *_RUNNING)},
    }
)
"""Next state by (state, cause); what is not here cannot happen: it raises."""
