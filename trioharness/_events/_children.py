"""What happens in a tree, as data: states, exits, events, and the one function that sees them.

An event is told synchronously, before the supervisor does the next thing, to the one observer of
the tree. An observer must not block; an exception it raises is logged and goes no further.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Literal, TypeAlias

from .._frozen import frozen
from ._fates import DeadLettered, InHand, MessagesDropped


class State(enum.StrEnum):
    """Where a child is in its life; equal to its own word: ``child.state == "ready"``."""

    PENDING = "pending"
    """Described, not started yet."""
    WAITING = "waiting"
    """Will start as soon as what it needs is ready."""
    STARTING = "starting"
    """Its code runs; it is not ready yet."""
    READY = "ready"
    """Its code runs and it has said (or need not say) that it is ready."""
    STOPPING = "stopping"
    """It was told to stop and has its grace to do so."""
    RESTARTING = "restarting"
    """It ended, and will be started again."""
    STOPPED = "stopped"
    """It ended or was stopped; it can be started again by hand."""
    COMPLETE = "complete"
    """It ended, is not to be restarted, and its channel ends are closed."""
    PARKED = "parked"
    """It crashed too often and stays down until it is restarted by hand."""


@frozen
class Returned:
    """The component returned: it is done."""


@frozen
class Stopped:
    """The component ended after it was told to stop."""

    reason: str
    """Why it was told to."""
    error: Exception | None = None
    """What its clean-up raised, if it did."""
    killed: bool = False
    """Whether it was cut short: it had no grace, or its clean-up outlasted it."""


@frozen
class Crashed:
    """The component raised, or was killed."""

    error: Exception
    """What it raised."""


@frozen
class ShutDown:
    """The component ended on purpose: it raised `Shutdown`."""

    term: object = None
    """What it gave as the reason."""


@frozen
class Ignored:
    """The component declined to start: it raised `Ignore` before it was ready."""

    reason: str = ""
    """What it gave as the reason."""


Exit: TypeAlias = Returned | Stopped | Crashed | ShutDown | Ignored
"""How an incarnation ended."""


@frozen(kw_only=True)
class ChildWaiting:
    """A child starts as soon as what it needs, or comes after, is ready."""

    path: str
    """Path of the child, supervisor names first: ``"shop/workers/parse-2"``."""
    incarnation: int
    """The last incarnation that ran; 0 before the first."""
    time: float
    """`trio.current_time()` of the event, in seconds."""
    waits_for: tuple[str, ...]
    """Paths of those that it waits for."""


@frozen(kw_only=True)
class ChildStarting:
    """An incarnation begins; its code runs from now on."""

    path: str
    incarnation: int
    """Which life of the child, from 1."""
    time: float


@frozen(kw_only=True)
class ChildReady:
    """An incarnation is ready."""

    path: str
    """Path of the child, supervisor names first: ``"shop/workers/parse-2"``."""
    incarnation: int
    """Which life of the child, from 1."""
    time: float
    """`trio.current_time()` of the event, in seconds."""


@frozen(kw_only=True)
class ChildStopping:
    """A child was told to stop."""

    path: str
    incarnation: int
    time: float
    reason: str


@frozen(kw_only=True)
class ChildDropped:
    """A child was told to stop of which nothing ran: it was waiting, or to be restarted."""

    path: str
    incarnation: int
    """The last incarnation that ran; 0 before the first."""
    time: float
    reason: str


@frozen(kw_only=True)
class ChildEnded:
    """An incarnation has ended, with everything it had spawned."""

    path: str
    incarnation: int
    time: float
    exit: Exit
    ready: bool
    """Whether it had become ready; an end before that is a failed start."""
    in_hand: tuple[InHand, ...] = ()
    """What it had received and not acknowledged, and what became of that."""


@frozen(kw_only=True)
class ChildRestarting:
    """A child will be started again."""

    path: str
    incarnation: int
    """The incarnation that ended."""
    time: float
    delay: float
    """Seconds until the start."""
    restarts: int
    """Restarts that count against the limit just now, this one included."""
    max_restarts: int
    """How many may count."""
    because: str
    """The cause in words."""


@frozen(kw_only=True)
class ChildNotRestarted:
    """A child crashed and stays down, as it was asked to be; its supervisor goes on."""

    path: str
    incarnation: int
    """The incarnation that crashed."""
    time: float
    because: str
    """Why, in words: ``"its restart type is temporary"``."""


@frozen(kw_only=True)
class ChildChecked:
    """A health check of a child failed, or passed for the first time after some that failed."""

    path: str
    incarnation: int
    time: float
    failures: int
    """How many have failed in a row, this one included; 0 if it passed."""
    failure_threshold: int
    """At how many the child counts as crashed."""
    error: str
    """Why it failed, in one line; empty if it passed."""


@frozen(kw_only=True)
class ChildStuck:
    """A child outlived its grace. trio cannot kill a task, so the stop goes on waiting for it."""

    path: str
    incarnation: int
    time: float
    stack: str
    """Where the child's task stands, one frame a line."""


Stream: TypeAlias = Literal["stdout", "stderr"]


@frozen(kw_only=True)
class CommandOutput:
    """The program of a `trioharness.command` wrote a line."""

    path: str
    """Path of the child whose program it is."""
    incarnation: int
    time: float
    stream: Stream
    """Where it was written to."""
    line: str
    """The line without its end, or a piece of one that is very long; what is no UTF-8 replaced."""


@frozen(kw_only=True)
class ChildParked:
    """A child crashed too often and stays down; its supervisor goes on with the others."""

    path: str
    incarnation: int
    """The incarnation that ended."""
    time: float
    allowed: str
    """What was allowed, in words: ``"5 restarts in 60 s"``."""


@frozen(kw_only=True)
class ChildCompleted:
    """A child is done for good: the supervisor no longer keeps its channel ends."""

    path: str
    incarnation: int
    """The last incarnation that ran; 0 if none did."""
    time: float


@frozen(kw_only=True)
class SlowStart:
    """An application has not started for ten seconds, or for twice as long as it was told before.

    Nothing is done about it: how long a start may take is for ``start_within`` to say.
    """

    path: str
    """Path of the supervisor whose children start."""
    time: float
    seconds: float
    """How long it has taken."""
    children: tuple[str, ...]
    """What each child that is not ready waits for, in words; first those that wait for no other."""


@frozen(kw_only=True)
class GaveUp:
    """A supervisor ends by itself; it stops its children next."""

    path: str
    """Path of the supervisor."""
    time: float
    child: str
    """Path of the child whose end was one too many, or the significant one."""
    why: Literal["intensity", "auto_shutdown"]
    """Too many restarts, or the end of a significant child."""
    allowed: str
    """What was allowed, in words: ``"5 restarts in 60 s"``."""


@frozen(kw_only=True)
class SupervisorEnded:
    """A supervisor has ended; nothing under it runs any more."""

    path: str
    time: float


Event: TypeAlias = (
    ChildWaiting
    | ChildStarting
    | ChildReady
    | ChildStopping
    | ChildDropped
    | ChildEnded
    | ChildRestarting
    | ChildNotRestarted
    | ChildChecked
    | ChildStuck
    | CommandOutput
    | ChildParked
    | ChildCompleted
    | SlowStart
    | GaveUp
    | SupervisorEnded
    | DeadLettered
    | MessagesDropped
)
"""Whatever an observer is told; match on it and close with `assert_never`."""

Observer: TypeAlias = Callable[[Event], None]
"""The one function that is told every event of a tree, synchronously."""
