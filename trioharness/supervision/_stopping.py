"""Stopping children in order: each end tells the next, and somebody watches that it goes on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs
import trio

from .._events import ChildStopping, ChildStuck
from ._record import Record
from ._run import STUCK_AFTER, Incarnation
from ._states import FINAL, PENDING, READY, RESTARTING, STOP, STOPPING, WAITING
from ._telling import tell_dropped

if TYPE_CHECKING:
    from ._engine import Engine


@attrs.define(eq=False)
class Stopping:
    """Children that are stopped one after the other, or all at once.

    The task of a child that has ended tells the next one, so that a stop costs no task switch but
    the child's own. The task that waits in `run` has nothing to do unless a child outlives its
    grace.
    """

    engine: Engine
    todo: list[Record]
    """What is still to be told, the next one last."""
    reason: str
    ended: Callable[[Record], None]
    """Says what becomes of each child that has stopped."""
    revives: bool = False
    """Whether they are to start again."""
    current: dict[Record, None] = attrs.field(factory=dict[Record, None])
    """What has been told and has not ended."""
    done: trio.Event = attrs.field(factory=trio.Event)
    watch: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    """Around the wait for the end."""
    grace_ends: float = math.inf
    """When the first grace is over, for its deadline: asking that costs more than all the rest."""
    silent_in: Engine | None = attrs.field(init=False)
    """The supervisor, if nobody wants to be told of ends of its children that were asked for; asked
    once for all of them."""
    taken_over: dict[Record, Stopping] | None = None
    """Whose children these were before, of those that were told already."""

    def __attrs_post_init__(self) -> None:
        self.silent_in = None if self.engine.tells_all() else self.engine

    def tell_next(self, now: float, *, all_at_once: bool = False) -> None:
        """Tell the next child that runs, once what was told has ended; skip those that do not."""
        _cancel(self._next(now, all_at_once=all_at_once), self.reason)

    def _next(self, now: float, *, all_at_once: bool = False) -> trio.CancelScope | None:
        """Do all of that but the last cancellation, which is left to the caller.

        Python keeps each frame that a `trio.Cancelled` was made under for as long as that lives. To
        make and to free them is a good part of what a stop costs, so they are to be few.

        Returns:
            What is to be cancelled, if there is anything.
        """
        todo, current = self.todo, self.current
        while todo and (all_at_once or not current):
            record = todo.pop()
            run = record.run
            if record.links is not None and not all_at_once and self._goes_after_others(record):
                continue
            if run is None:
                self._drop(record, now)
                continue
            current[record] = None
            if record.stopping is not None:
                self.taken_over = {**(self.taken_over or {}), record: record.stopping}
            record.stopping = self
            if (
                record.state is READY
                and record.engine is self.silent_in
                and run.held is None
                and not run.shields
                and record.options.grace > 0
                and not self.engine.hurried
            ):  # what `_told` comes to for most children, without its cost
                record.move(STOP)
                scope: trio.CancelScope | None = run.scope
                run.stop_reason = self.reason
                ends = now + record.options.grace
                if ends < run.grace_ends:  # noqa: PLR1730 - a call takes as long as all of this
                    run.grace_ends = ends
            else:
                scope = _told(self.engine, run, self.reason, now, self.silent_in)
            if run.grace_ends < self.grace_ends:
                self.heed(run.grace_ends)
            if not all_at_once:
                return scope
            _cancel(scope, self.reason)
        if not current:
            self.done.set()
        return None

    def _goes_after_others(self, record: Record) -> bool:
        """Put before a child those that need it and have begun since the list was made."""
        late = [d for d in record.dependents if d.run is not None and d not in self.current]
        if late:
            self.todo[:] = [*(r for r in self.todo if r not in late), record, *late]
        return bool(late)

    def _drop(self, record: Record, now: float) -> None:
        """Tell a child of which nothing runs."""
        record.void()
        awaited = record.state in (PENDING, WAITING, RESTARTING)
        self.ended(record)
        if awaited and record.state in FINAL:
            tell_dropped(record, self.reason, now)

    def heed(self, grace_ends: float) -> None:
        """See to it that who outlives a grace that ends then is reported."""
        if grace_ends < self.grace_ends:
            self.grace_ends = grace_ends
            self.watch.deadline = grace_ends + STUCK_AFTER

    def has_ended(self, record: Record, now: float) -> None:
        """Take note that a child that was told has ended, and tell the next."""
        _cancel(self.after(record, now), self.reason)

    def after(self, record: Record, now: float) -> trio.CancelScope | None:
        """Do all of that but the cancellation; see `_next`.

        Returns:
            What the caller is to cancel, for the reason of the stop, if there is anything.
        """
        record.stopping = None
        if self.taken_over is not None:
            self._has_ended_for_all(record, now)
            return None
        del self.current[record]
        through = True
        try:
            self.ended(record)
            through = False
        finally:
            following = self._next(now)
            if through:
                _cancel(following, self.reason)
        return following

    def _has_ended_for_all(self, record: Record, now: float) -> None:
        """Do the same for all who took the child over one from the other.

        The last who does not want it back decides what becomes of it: what was stopped by hand, or
        drained, does not return because something that it needs restarts meanwhile.
        """
        stoppings: list[Stopping] = [self]
        while (taken_over := stoppings[-1].taken_over) is not None and record in taken_over:
            stoppings.append(taken_over.pop(record))
        for stopping in stoppings:
            del stopping.current[record]
        decides = next((stopping for stopping in stoppings if not stopping.revives), self)
        decides.ended(record)
        for stopping in stoppings:
            stopping.tell_next(now)

    async def run(self, *, all_at_once: bool = False) -> None:
        """Stop them all and wait for it, however long that takes.

        trio cannot kill a task: a child that outlives its grace is reported, and waited for.
        """
        self.tell_next(self.engine.now(), all_at_once=all_at_once)
        await self.wait()

    async def wait(self) -> None:
        """Wait until all have ended, and report who outlives its grace."""
        while not self.done.is_set():
            runs = [record.run for record in self.current if record.run is not None]
            self.watch, self.grace_ends = trio.CancelScope(), math.inf
            self.heed(
                min((run.grace_ends for run in runs if run.stuck_at is None), default=math.inf)
            )
            with self.watch:
                await self.done.wait()
            self._report_stuck()
        await trio.lowlevel.checkpoint()

    def _report_stuck(self) -> None:
        now = self.engine.now()
        for record in self.current:
            run = record.run
            if run is not None and now >= run.alarm_at:
                report_stuck(record.engine, record, run, now)


def report_stuck(engine: Engine, record: Record, run: Incarnation, now: float) -> None:
    """Report a child that runs on beyond its grace, once."""
    run.stuck_at = now
    note_overrun(engine, record)
    engine.observer(
        ChildStuck(path=record.path, incarnation=run.number, time=now, stack=run.stack())
    )


def _cancel(scope: trio.CancelScope | None, reason: str) -> None:
    if scope is not None:
        scope.cancel(reason=reason)


def tell(engine: Engine, run: Incarnation, reason: str, now: float) -> None:
    """Tell a running child to stop; one that was told already gets no more grace.

    Args:
        engine: The supervisor that asks for it.
        run: The incarnation.
        reason: Why.
        now: The time.
    """
    _cancel(_told(engine, run, reason, now, None), reason)


def _told(
    engine: Engine, run: Incarnation, reason: str, now: float, silent_in: Engine | None
) -> trio.CancelScope | None:
    """Do all of that but the cancellation; nobody wants to be told of children of `silent_in`.

    Returns:
        What is to be cancelled, if there is anything.
    """
    record = run.record
    own = record.engine
    if record.state is not STOPPING or run.fault is not None:
        # Not told yet, or ended for a fault so far; now it is just stopped.
        if run.watch is not None:
            run.watch.fault = None
        run.stop_reason = reason
        record.move(STOP)
        if own is not silent_in and own.tells_all():
            event = ChildStopping(path=record.path, incarnation=run.number, time=now, reason=reason)
            own.observer(event)
    hurried = own.hurried or engine.hurried
    return run.told_to_stop(reason, 0.0 if hurried else record.options.grace, now)


def note_overrun(engine: Engine, record: Record) -> None:
    """Note a child that outlived its grace, once."""
    if record.path not in engine.overran:
        engine.overran.append(record.path)


async def stop_in_order(
    engine: Engine,
    records: Iterable[Record],
    reason: str,
    ended: Callable[[Record], None],
    *,
    all_at_once: bool = False,
    revives: bool = False,
) -> None:
    """Stop children in reverse order, and wait for their ends; while holding the turn.

    Args:
        engine: Their supervisor.
        records: The children, in start order.
        reason: Why, for their `trio.Cancelled` and for the observer.
        ended: Says what becomes of each one that has stopped, or did not run.
        all_at_once: Whether they are all told before the first has ended.
        revives: Whether they are to start again. Where somebody else stops one of them for good
            meanwhile, or did before, it does not.
    """
    await Stopping(engine, list(records), reason, ended, revives).run(all_at_once=all_at_once)
