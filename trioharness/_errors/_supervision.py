"""Errors of supervisors and components, and what components raise to say something."""

from __future__ import annotations

import signal
from collections.abc import Sequence

import attrs

from ._root import DuplicateNameError, TrioharnessError


class SupervisionError(TrioharnessError):
    """A call to a supervisor or a child that cannot be answered as asked."""


@attrs.define(eq=False, repr=False, slots=False)
class StartFailed(SupervisionError):
    """A component failed before it was ready; the cause, if there is one, is ``__cause__``."""

    path: str
    """Path of the child, supervisor names first: ``"shop/workers/parse-2"``."""
    reason: str
    """What happened, in words."""

    def __str__(self) -> str:
        return f"{self.path!r} could not start: {self.reason}"


@attrs.define(eq=False, repr=False, slots=False)
class SupervisorClosed(SupervisionError):
    """The supervisor is stopping or has ended, so nothing can be started under it."""

    path: str
    """Path of the supervisor."""
    wanted: str
    """What was asked of it."""

    def __str__(self) -> str:
        return (
            f"supervisor {self.path!r} is stopping or has ended and cannot {self.wanted}; "
            f"do it before its block ends, or ask a supervisor that runs"
        )


@attrs.define(eq=False, repr=False, slots=False)
class ChildComplete(SupervisionError):
    """The child has done its work and its channel ends are closed, so it cannot run again."""

    path: str

    def __str__(self) -> str:
        return (
            f"{self.path!r} is complete and its channel ends are closed; "
            f"start a new child with ends of its own"
        )


@attrs.define(eq=False, repr=False, slots=False)
class ChildNotReady(SupervisionError):
    """The child is not ready, so it has no value."""

    path: str
    state: str
    """The state it is in."""

    def __str__(self) -> str:
        return (
            f"{self.path!r} is {self.state} and has no value; "
            f"await its wait('ready') first, or declare it in needs="
        )


@attrs.define(eq=False, repr=False, slots=False)
class ChildDown(SupervisionError):
    """The ``__cause__`` of a failed send where the only component that receives stays down."""

    path: str
    state: str
    """The state it is in."""

    def __str__(self) -> str:
        what = "what it needs" if self.state == "waiting" else "it"
        return f"{self.path!r}, which would receive it, is {self.state}; start {what} again by hand"


@attrs.define(eq=False, repr=False, slots=False)
class ChildExists(DuplicateNameError, SupervisionError):
    """A child of that name is there already."""

    state: str = ""
    """The state it is in: ``"ready"``, ``"stopped"``, ``"restarting"`` …"""


@attrs.define(eq=False, repr=False, slots=False)
class ChildNotFound(SupervisionError):
    """There is no child of that name, or no longer."""

    path: str

    def __str__(self) -> str:
        return f"there is no child {self.path!r}, or no longer; start a new one"


@attrs.define(eq=False, repr=False, slots=False)
class ChildNotStopped(SupervisionError):
    """The child runs, or is about to be restarted, so it can be neither started nor deleted."""

    path: str
    state: str
    """The state it is in."""

    def __str__(self) -> str:
        return f"{self.path!r} is {self.state}; stop it first"


@attrs.define(eq=False, repr=False, slots=False)
class PoolFull(SupervisionError):
    """A pool has as many instances as it may have."""

    path: str
    """Path of the pool."""
    max_children: int
    """How many it may have."""

    def __str__(self) -> str:
        return (
            f"pool {self.path!r} has its {self.max_children} instances; "
            f"wait until one ends, or give it a larger max_children"
        )


@attrs.define(eq=False, repr=False, slots=False)
class UnexpectedReturn(SupervisionError):
    """What the return of a permanent component counts as when its supervisor gives up."""

    path: str

    def __str__(self) -> str:
        return f"{self.path!r} is permanent but returned; use restart='transient' if it may"


@attrs.define(eq=False, repr=False, slots=False)
class WouldDeadlock(SupervisionError):
    """A component asked for something that can only happen after its own start or stop."""

    path: str
    """Path of the component that asked."""
    wanted: str
    """What it asked for."""

    def __str__(self) -> str:
        return (
            f"{self.path!r} waits to {self.wanted}, which has to wait for {self.path!r} itself; "
            f"use start_soon, or ask from a task that is not being started or stopped"
        )


@attrs.define(eq=False, slots=False)
class Ignore(TrioharnessError):
    """Raised by a component, before it is ready, that declines to start; that is no failure.

    The child is then stopped and kept, a temporary one forgotten (OTP's ``ignore``). Out of a
    nursery it comes in a group, which means the same where nothing else is in it.
    """

    reason: str = ""
    """Why, for the log: ``"there is no such disk"``."""


@attrs.define(eq=False, slots=False)
class Shutdown(TrioharnessError):
    """Raised by a component that ends on purpose: only a permanent one is restarted then.

    OTP's ``shutdown`` and ``{shutdown, Term}``. Out of a nursery it comes in a group: one of
    `Shutdown` alone means the same, and with anything else in it the component crashed.
    """

    term: object = None
    """The reason, for whoever looks at the end of the component."""


@attrs.define(eq=False, repr=False, slots=False)
class ChildKilled(TrioharnessError):
    """The error a child is counted with after `Child.kill`."""

    reason: str

    def __str__(self) -> str:
        return f"killed: {self.reason}"


@attrs.define(eq=False, repr=False, slots=False)
class ChildSilent(TrioharnessError):
    """The error a child is counted with that was silent for longer than its ``beat_within``."""

    path: str
    """Path of the child."""
    seconds: float
    """Seconds of its own working time for which it was silent."""
    where: str
    """Where its task stood: file, line and function; empty where there was nothing to see."""

    def __str__(self) -> str:
        stood = f"; it stood at {self.where}" if self.where else ""
        return (
            f"{self.path!r} was silent for {self.seconds:g} s{stood}; "
            f"call trioharness.beat() more often, or give it a larger beat_within"
        )


@attrs.define(eq=False, repr=False, slots=False)
class ChildUnhealthy(TrioharnessError):
    """The error a child is counted with that failed its health check too often in a row.

    What the last check raised is its ``__cause__``.
    """

    path: str
    """Path of the child."""
    failures: int
    """How many checks failed in a row."""
    reason: str
    """Why the last one did, in one line."""

    def __str__(self) -> str:
        many = "once" if self.failures == 1 else f"{self.failures} times in a row"
        return f"{self.path!r} failed its health check {many}: {self.reason}"


@attrs.define(eq=False, repr=False, slots=False)
class CommandFailed(TrioharnessError):
    """The program of a `trioharness.command` ended, and not with exit code 0."""

    argv: tuple[str, ...]
    """The program and its arguments; only the program is in the text, since these may be secret."""
    code: int
    """Its exit code; ``-n`` if signal number n ended it."""
    last_line: str = ""
    """The last line that it wrote to stderr; empty if there was none."""

    def __str__(self) -> str:
        how = f"exited with code {self.code}" if self.code >= 0 else f"was ended by {self._signal}"
        said = f": {self.last_line}" if self.last_line else "; its output is in the log"
        return f"{self.argv[0]!r} {how}{said}"

    @property
    def _signal(self) -> str:
        number = -self.code
        try:
            return signal.Signals(number).name
        except ValueError:  # real-time signals have no names of their own
            return f"signal {number}"


@attrs.define(eq=False, repr=False, slots=False)
class Fault(TrioharnessError):
    """A test broke a component on purpose; see `trioharness.testing.Faults`."""

    component: str
    """What the component is called."""
    incarnation: int
    """Which of its lives it was, from 1."""
    what: str
    """What was done to it, in words: ``"crashed 3 s after its start"``."""
    seed: int
    """The seed of the faults."""

    def __str__(self) -> str:
        return (
            f"{self.component!r} was {self.what}, in incarnation {self.incarnation}, on purpose; "
            f"Faults(seed={self.seed}) does it again"
        )


class RestartLimitExceeded(ExceptionGroup[Exception], TrioharnessError):
    """A supervisor gave up: its children crashed more often than it may restart them.

    The members are the real exceptions of the last attempts, oldest first, each with a note that
    names the child, its incarnation and the time; ``except*`` reaches them.
    """

    path: str
    """Path of the supervisor that gave up."""
    limit: str
    """What was allowed: ``"5 restarts in 60 s"``."""

    def __new__(cls, path: str, limit: str, errors: Sequence[Exception]) -> RestartLimitExceeded:
        """Make the group of `errors` for the supervisor at `path`, which is allowed `limit`."""
        return super().__new__(cls, f"supervisor {path!r} gave up: more than {limit}", errors)

    def __init__(self, path: str, limit: str, errors: Sequence[Exception]) -> None:
        """Keep the fields; the group itself was made by `__new__`, as groups are."""
        self.path = path
        self.limit = limit

    def __reduce__(self) -> tuple[type[RestartLimitExceeded], tuple[object, ...]]:
        """Let it be copied and pickled by its fields."""
        return RestartLimitExceeded, (self.path, self.limit, self.exceptions)

    # A member of a part may be an exception group of its own type, never a BaseException: the
    # general signature of `derive` cannot say so.
    def derive(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, excs: Sequence[Exception]
    ) -> RestartLimitExceeded:
        """Return a group of the same story with other members, as `split` and ``except*`` do.

        Args:
            excs: The members.

        Returns:
            The group.
        """
        return RestartLimitExceeded(self.path, self.limit, excs)
