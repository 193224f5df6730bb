"""Watching over components that asked for it: slow starts, silence, slow health checks.

And who outlives the end that such a fault has brought it.

One task a supervisor does it, there only while a child is watched. It sleeps until the earliest
moment at which something could be wrong, and looks again then; a beat is no more than a number that
it finds there. While all consumers are idle it has nothing to wait for and does not wake up.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import attrs
import trio

from .._errors import ChildSilent, StartFailed
from .._events import Crashed
from ..observe import summary
from ..rules import NO_FAILURES, Cause, Checks, WorkClock
from ._culprit import standing_at, start_hangs_at
from ._stopping import report_stuck

if TYPE_CHECKING:
    from ._engine import Engine
    from ._record import Record
    from ._run import Incarnation


@attrs.define(eq=False)
class Watch:
    """What is known of the signs of life of one incarnation."""

    monitor: Monitor
    record: Record
    run: Incarnation
    begun: float
    """When that was: when it began."""
    start_by: float
    """When it has to be ready."""
    beat_within: float
    """Seconds it may work without a beat."""
    clock: WorkClock = attrs.field(factory=WorkClock)
    """Paused until it is ready, and while any of its tasks waits on an end it was given."""
    checks: Checks = NO_FAILURES
    """What its health checks have shown."""
    slow_check: Callable[[float], None] | None = None
    """Deals with the health check that is under way, when its time is over."""
    check_by: float = math.inf
    """When that is."""
    fault: Exception | None = None
    """What its supervisor ends it for; see `Incarnation.fault`."""
    ending_since: float | None = None
    """When it was told so."""
    beats: bool = False
    """Whether it is watched from its first beat on: it may have nothing to do but to be there."""

    def ready(self, now: float, *, is_held: bool) -> None:
        """Take note that its start is over."""
        self.start_by = math.inf
        if is_held:
            self.beats = True
        else:
            self.clock.resume(now)
            self.monitor.heed(self.clock.due(self.beat_within))

    def beat(self, now: float) -> None:
        """Take note of a sign of life."""
        self.clock.beat(now)
        if self.beats:
            self.beats = False
            self.clock.resume(now)
            self.monitor.heed(self.clock.due(self.beat_within))

    def wait_began(self) -> None:
        """Take note that a task of it waits to receive."""
        self.clock.pause(trio.current_time())

    def wait_ended(self) -> None:
        """Take note that such a wait is over."""
        self.clock.resume(trio.current_time())
        self.monitor.heed(self.clock.due(self.beat_within))

    def due(self) -> float:
        """Return the earliest moment at which something could be wrong with it."""
        run = self.run
        if run.fault is not None:
            return run.alarm_at
        if run.told:
            return math.inf  # whoever stops it watches over that
        if run.ready_at is None:
            return self.start_by
        return min(self.clock.due(self.beat_within), self.check_by)


@attrs.define(eq=False)
class Monitor:
    """The one task of a supervisor that watches over children."""

    engine: Engine
    watches: dict[Watch, None] = attrs.field(factory=dict[Watch, None])
    runs: bool = False
    """Whether the task is there."""
    sleep: trio.CancelScope | None = None
    """Around its sleep."""
    wakes_at: float = math.inf
    """The deadline of that, kept here too: asking it costs more than all the rest."""

    def add(self, watch: Watch) -> None:
        """Begin to watch over an incarnation."""
        self.watches[watch] = None
        self.heed(watch.due())
        if not self.runs:
            self.engine.start_task(self.run)
            self.runs = True

    def remove(self, watch: Watch) -> None:
        """Stop watching over an incarnation; the task ends with the last."""
        del self.watches[watch]
        if not self.watches and self.sleep is not None:
            self.sleep.cancel(reason="nobody is left to watch over")

    def heed(self, due: float) -> None:
        """See to it that the task looks no later than then."""
        if due < self.wakes_at and self.sleep is not None:
            self.sleep.deadline = self.wakes_at = due

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Look whenever something could be wrong, as long as there is somebody to watch over."""
        try:
            while self.watches:
                now = trio.current_time()
                for watch in tuple(self.watches):
                    self._look(watch, now)
                self.wakes_at = min(watch.due() for watch in self.watches)
                with trio.CancelScope(deadline=self.wakes_at) as self.sleep:
                    await trio.sleep_forever()
        finally:
            self.runs, self.sleep, self.wakes_at = False, None, math.inf
        await trio.lowlevel.checkpoint()

    def _look(self, watch: Watch, now: float) -> None:
        if now < watch.due():
            return
        record, run = watch.record, watch.run
        if run.fault is not None:
            report_stuck(self.engine, record, run, now)
        elif run.ready_at is None:
            limit = record.options.start_within
            why = f"it was not ready within {limit:g} s; it was waiting {start_hangs_at(record)}"
            self.end(watch, StartFailed(record.path, why), now)
        elif now >= watch.check_by:
            assert watch.slow_check is not None
            watch.slow_check(now)
        elif is_told_to_drain(record):
            watch.beat_within = math.inf  # whatever it still does, it has the grace of the drain
        else:
            where = standing_at(record)
            self.end(watch, ChildSilent(record.path, watch.clock.worked(now), where), now)

    def end(self, watch: Watch, fault: Exception, now: float) -> None:
        """End an incarnation for a fault of its own, with its grace.

        Nobody is told yet: to an observer it is a crash, told like others, when it has ended.
        """
        record, run = watch.record, watch.run
        record.move(Cause.STOP)
        watch.fault, watch.ending_since = fault, now
        run.stop(str(fault), 0.0 if self.engine.hurried else record.options.grace, now)


def is_told_to_drain(record: Record) -> bool:
    """Say whether a child, or whatever it is in, was told of a drain."""
    above: Record | None = record
    while above is not None:
        if above.engine.draining or (above.run is not None and above.run.draining):
            return True
        above = above.engine.parent
    return False


@contextlib.contextmanager
def watching(run: Incarnation) -> Generator[Watch]:
    """Have an incarnation watched over, unless it is already.

    Args:
        run: The incarnation.

    Yields:
        What is known of its signs of life.
    """
    if run.watch is not None:
        yield run.watch
        return
    record, now = run.record, trio.current_time()
    engine, options = record.engine, record.options
    within = None if options.health is None else options.health.beat_within
    monitor = engine.monitor = engine.monitor or Monitor(engine)
    watch = run.watch = Watch(
        monitor,
        record,
        run,
        begun=now,
        start_by=math.inf if options.start_within is None else now + options.start_within,
        beat_within=math.inf if within is None else within,
    )
    monitor.add(watch)
    try:
        yield watch
    finally:
        monitor.remove(watch)


def faulted(fault: Exception, error: Exception | None) -> Crashed:
    """Return the end of an incarnation that its supervisor ended for a fault of its own.

    Args:
        fault: That.
        error: What it raised meanwhile, if it did.
    """
    if error is not None:
        fault.add_note(f"while it was ended for that, it raised {summary(error)}")
    return Crashed(fault)
