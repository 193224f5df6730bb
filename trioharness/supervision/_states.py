"""States and causes under names of their own.

As attributes of its class an enum member takes ten times as long to read (CPython 3.11), which is a
tenth of what a restart costs.
"""

from __future__ import annotations

from typing import Final

from .._events import State
from ..rules import Cause

PENDING: Final = State.PENDING
WAITING: Final = State.WAITING
STARTING: Final = State.STARTING
READY: Final = State.READY
STOPPING: Final = State.STOPPING
RESTARTING: Final = State.RESTARTING
STOPPED: Final = State.STOPPED
PARKED: Final = State.PARKED
COMPLETE: Final = State.COMPLETE

RUNNING: Final = frozenset({STARTING, READY, STOPPING})
"""States in which code of the child runs."""
NOT_RUNNING: Final = frozenset(State) - RUNNING
FINAL: Final = frozenset({STOPPED, COMPLETE, PARKED})
"""States that a child leaves only when somebody asks for it."""

BEGIN: Final = Cause.BEGIN
BECOME_READY: Final = Cause.READY
STOP: Final = Cause.STOP
END: Final = Cause.END
RETRY: Final = Cause.RETRY
