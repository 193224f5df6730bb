"""One life of one child, as its supervisor sees it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Final

import attrs
import trio

from .._events import ChildReady
from ._handover import End
from ._in_thread import frames_of
from ._states import BECOME_READY, STARTING

if TYPE_CHECKING:
    from ._record import Record
    from ._watch import Watch

STUCK_AFTER: Final = 1.0
"""Seconds beyond its grace after which a child is reported as stuck."""


@attrs.define(eq=False, weakref_slot=False)
class Held:
    """A context manager that is held open."""

    exit_scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    """Around all of it, its exit included."""
    wait: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    """Around the wait between the entry and the exit."""


@attrs.define(eq=False, repr=False, weakref_slot=False)
class Incarnation:
    """One life of one child; to its component, the ``task_status``."""

    record: Record
    number: int
    scope: trio.CancelScope
    """Around all of it, and around earlier ones that were followed by it at once."""
    tells: bool
    """Whether the observer is told of its start; asked once for beginning and ready alike."""
    held: Held | None = None
    """The context manager that it holds open, if it is one."""
    clones: Sequence[End] = ()
    task: trio.lowlevel.Task | None = None
    ready_at: float | None = None
    stop_reason: str | None = None
    grace_ends: float = math.inf
    """When its clean-up has to be over, once it was told to stop."""
    cut_short: bool = False
    """Whether its clean-up had no grace or outlasted it."""
    killed: str | None = None
    draining: bool = False
    """Whether it was told of a drain."""
    drain_scopes: Sequence[trio.CancelScope] = ()
    """Blocks that end when it is told of a drain."""
    watch: Watch | None = None
    """Who watches over its start and its signs of life, if anybody was asked to."""
    stuck_at: float | None = None
    """When it was reported as stuck."""
    shields: Sequence[trio.CancelScope] = ()
    """What holds off its cancellation as long as it has grace, from the outside in."""

    def __repr__(self) -> str:
        return f"<incarnation {self.number} of {self.record.path!r}>"

    def started(self, value: object = None) -> None:
        """Say that the component is ready.

        Raises:
            RuntimeError: It said so before, as with trio's own.
        """
        if self.ready_at is not None:
            raise RuntimeError("called 'started' twice on the same task status")
        self.is_ready(value)

    @trio.lowlevel.enable_ki_protection
    def is_ready(self, value: object, *, is_held: bool = False) -> None:
        """Take note that it is ready.

        Args:
            value: What it gives.
            is_held: Whether it has nothing more to do than to be there until it is stopped.
        """
        record = self.record
        if record.state is not STARTING or record.run is not self:
            return  # it was told to stop meanwhile
        engine = record.engine
        now = self.ready_at = engine.now()
        record.value = value
        record.was_ready = True
        if is_held and record.options.background is None and not record.background:
            # It could not be seen before that it is one of those.
            record.background = True
            engine.deactivate(record)
            engine.check_idle()
        record.move(BECOME_READY)
        if self.watch is not None:
            self.watch.ready(now, is_held=is_held)
        if self.tells or self.number > 1:
            engine.observer(ChildReady(path=record.path, incarnation=self.number, time=now))
        if record.starting is not None:
            record.starting.ready()
            record.starting = None
        if engine.turn.holder is record:
            engine.turn.release(record)
        if record.links is not None:
            engine.wake_dependents(record)

    @property
    def fault(self) -> Exception | None:
        """What it is ended for by its own supervisor: a crash to the policy, but with its grace."""
        return None if self.watch is None else self.watch.fault

    @property
    def alarm_at(self) -> float:
        """When it is to be reported as stuck, if it has not ended by then."""
        return self.grace_ends + STUCK_AFTER if self.stuck_at is None else math.inf

    @property
    def told(self) -> bool:
        """Whether it was told to stop, or killed."""
        return self.stop_reason is not None or self.killed is not None

    def stop(self, reason: str, grace: float, now: float) -> None:
        """Tell it to stop, with `grace` seconds for its clean-up; never more than it had before."""
        scope = self.told_to_stop(reason, grace, now)
        if scope is not None:
            scope.cancel(reason=reason)

    def told_to_stop(self, reason: str, grace: float, now: float) -> trio.CancelScope | None:
        """Do all of that but the cancellation, which is left to the caller.

        Returns:
            What is to be cancelled, if there is anything.
        """
        if self.stop_reason is None:
            self.stop_reason = reason
        ends = now + grace
        if self.shields:
            self._end_grace(ends)
        elif ends < self.grace_ends:
            self.grace_ends = ends
        if grace <= 0:
            self.cut_short = True
        if self.held is None:
            return self.scope
        self.leave(self.held, reason)
        return None

    def leave(self, held: Held, reason: str) -> None:
        """Have a context manager exit.

        One that holds a nursery has to see its exit begin before anything inside it is cancelled:
        the shield comes first, then only the wait is cancelled.
        """
        shield = held.exit_scope
        if not shield.shield:
            shield.shield = True
            self.shields = (shield, *self.shields)
        self._end_grace(self.grace_ends)
        held.wait.cancel(reason=reason)

    def kill(self, reason: str) -> None:
        """Cancel all of it at once, clean-up included."""
        self.killed = reason
        self._end_grace(trio.current_time())
        for shield in self.shields:
            shield.cancel(reason=reason)
        self.scope.cancel(reason=reason)

    def _end_grace(self, at: float) -> None:
        self.grace_ends = min(self.grace_ends, at)
        for shield in self.shields:
            shield.deadline = min(shield.deadline, self.grace_ends)

    @contextlib.contextmanager
    def shielded(self, deadline: float) -> Generator[trio.CancelScope]:
        """Shield a block until `deadline`, or until the end of the grace if that is earlier."""
        with trio.CancelScope(shield=True, deadline=deadline) as scope:
            self.shields = (*self.shields, scope)
            try:
                yield scope
            finally:
                self.shields = tuple(other for other in self.shields if other is not scope)
        if scope.cancelled_caught:
            self.cut_short = True

    def stack(self) -> str:
        """Say where its task stands, or the thread that it waits for, outermost frame first."""
        if self.task is None:
            return ""
        return "\n".join(
            f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"
            for frame, line in frames_of(self.task)
        )
