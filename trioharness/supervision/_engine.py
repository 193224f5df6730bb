"""The machinery of one supervisor: it asks `rules` what to do, and does it in trio.

Everything that changes children happens while holding the turn (`_turn.py`). The most frequent
thing, one child that restarts alone and at once, needs no task and no event: the task of the child
holds the turn from its end until it is ready again.
"""

from __future__ import annotations

import contextvars
import random
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVarTuple

import attrs
import trio

from .._errors import RestartLimitExceeded, Shutdown, StartFailed, SupervisorClosed
from .._events import ChildEnded, Crashed, Observer, SupervisorEnded
from ..observe import summary
from ..rules import AutoShutdown, Cause, Exhausted, Limit, RestartType, Strategy, Window
from ._alone import alone
from ._ambient import hosting, watched
from ._closing import parked_failure, stop_the_others_first
from ._handover import Handover
from ._incarnation import handle_end, run_child
from ._links import unlink
from ._names import Names
from ._record import Record
from ._run import Incarnation
from ._states import BEGIN, END, FINAL, RETRY, WAITING
from ._telling import tell_completed, tell_starting
from ._turn import Step, Turn
from ._watch import Monitor

Ts = TypeVarTuple("Ts")

KEPT_ERRORS = 16
"""How many errors of the past a supervisor keeps, at most, to tell why it gave up."""


@attrs.define(eq=False)
class Engine:
    """One supervisor at work."""

    path: str
    strategy: Strategy
    auto_shutdown: AutoShutdown
    limit: Limit
    observer: Observer
    tells_all: Callable[[], bool]
    """Whether the observer does anything just now with events of a healthy life, which are many."""
    parent: Record | None
    """The child that this supervisor is inside of, if it is."""
    cancel_grace: float
    exhausted: Exhausted = "escalate"
    """What follows when its restarts are spent."""
    pool: bool = False
    """Whether its children are instances: forgotten when they end, stopped all at once."""
    context: contextvars.Context = attrs.field(factory=contextvars.copy_context)
    records: dict[str, Record] = attrs.field(factory=dict[str, Record])
    """All children by name, in start order."""
    names: Names = attrs.field(factory=Names)
    """Makes up names for children that were given none."""
    active: int = 0
    """How many children hold the supervisor open; each one knows whether it does."""
    handover: Handover = attrs.field(factory=Handover)
    errors: deque[tuple[ChildEnded, Exception]] = attrs.field(init=False)
    """The crashes of the last period, to tell why it gave up."""
    window: Window = attrs.field(init=False)
    turn: Turn = attrs.field(init=False)
    now: Callable[[], float] = attrs.field(init=False)
    """The time in seconds, asked of the clock itself: `trio.current_time` takes twice as long."""
    chance: random.Random = attrs.field(factory=random.Random)
    nursery: trio.Nursery = attrs.field(init=False)
    start_soon: Callable[..., object] = attrs.field(init=False)
    """Starts a task in it."""
    hosted: trio.Event = attrs.field(factory=trio.Event)
    idle: trio.Event | None = None
    """Set when no child holds the supervisor open any more; there while somebody waits."""
    ended_lot: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)
    """Where a drain waits for the next child to end."""
    monitor: Monitor | None = None
    """Watches over the children that asked for it."""
    takes_no_more: bool = False
    """Whether no child is entered any more: it drains, or ends."""
    draining: bool = False
    closing: str | None = None
    """Why it stops, once it does."""
    hurried: bool = False
    """Whether no child is given any more grace."""
    finished: trio.Event = attrs.field(factory=trio.Event)
    failure: RestartLimitExceeded | Shutdown | None = None
    """What it ended by itself with."""
    left: bool = False
    """Whether a component was left by what is no `Exception`, `KeyboardInterrupt` say."""
    body_scope: trio.CancelScope = attrs.field(init=False)
    overran: list[str] = attrs.field(factory=list[str])
    """Children that outlived their grace."""
    unclean: list[str] = attrs.field(factory=list[str])
    """Children whose clean-up raised while they were being stopped."""

    def __attrs_post_init__(self) -> None:
        self.errors = deque(maxlen=min(self.limit.max_restarts + 1, KEPT_ERRORS))
        self.window = Window(self.limit)
        self.turn = Turn(self.spawn_step)
        self.now = trio.lowlevel.current_clock().current_time
        self.context.run(watched.set, None)  # whoever watches over what it is in

    async def host(self) -> None:
        """Hold the nursery of the children open, shielded from outside, until all have ended.

        A cancellation from outside would reach all children at once, a dependency before its
        dependents; so it reaches none, and becomes an ordered stop instead.

        Raises:
            RestartLimitExceeded: The supervisor gave up. It is raised here, so that trio adds it
                to whatever the body raises.
            Shutdown: It shut down.
        """
        try:
            with alone():
                async with trio.open_nursery() as self.nursery:
                    self.start_soon = self.nursery.start_soon
                    hosting.set(self)
                    self.nursery.cancel_scope.shield = True
                    self.hosted.set()
                    await self.finished.wait()
        finally:
            failure = self._shut()
        if failure is not None:
            raise failure

    def _shut(self) -> Exception | None:
        """Close the books; nothing runs any more, however it came to that.

        Returns:
            What the supervisor ended by itself with, if it did.
        """
        self.closing, self.takes_no_more = self.closing or "it has ended", True
        failure = self.failure or parked_failure(self)
        if isinstance(failure, Shutdown):
            failure.__cause__ = parked_failure(self)
        self.turn.refuse(self.closed_error)
        for record in tuple(self.records.values()):
            if record.starting is not None or record.state not in FINAL:
                self.retire(record)
            if record.links is not None:
                unlink(record)  # what it needs may live on, and is not to keep it
            if record.over is None:
                record.end_for_good("its supervisor has ended")
        self.finished.set()
        self.handover.close()
        self.observer(SupervisorEnded(path=self.path, time=self.now()))
        if isinstance(failure, RestartLimitExceeded) and self.exhausted == "shutdown":
            shutdown = Shutdown()
            shutdown.__cause__ = failure
            return shutdown
        return failure

    @property
    def ending(self) -> bool:
        """Whether nothing is begun any more."""
        return (
            self.closing is not None
            or self.failure is not None
            or self.nursery.cancel_scope.cancel_called
        )

    @property
    def will_raise(self) -> bool:
        """Whether `host` is to raise."""
        return self.failure is not None or self.left or parked_failure(self) is not None

    def spawn_step(self, step: Step) -> None:
        """Run a step that holds the turn, in a task of its own."""
        try:
            self.start_task(self._run_step, step)
        except SupervisorClosed:
            # The nursery has ended: nothing is left to be done, and nobody is to wait for that.
            self.turn.refuse(self.closed_error)
            self.turn.release(step)

    def start_task(self, fn: Callable[[*Ts], Awaitable[object]], *args: *Ts) -> None:
        """Start a task of the supervisor's own, in the context it was opened in.

        Raises:
            SupervisorClosed: The nursery has ended.
        """
        try:
            self.context.run(lambda: self.nursery.start_soon(fn, *args))
        except RuntimeError as error:
            raise self.closed_error() from error

    @trio.lowlevel.enable_ki_protection
    async def _run_step(self, step: Step) -> None:  # noqa: ASYNC910 - a step is awaited
        was_left = True
        try:
            await step()
            was_left = False
        finally:
            self.turn.release(step)
            if was_left:
                await stop_the_others_first(self)  # noqa: ASYNC102 - it shields, with a deadline

    def spawn(self, record: Record) -> None:
        """Begin the next incarnation of a child, in a task of its own."""
        if not record.background and not record.active:  # `active_again`, without its cost
            record.active = True
            self.active += 1
        tells = self.tells_all()
        run = self.new_run(record, trio.CancelScope(), tells=tells)
        try:
            self.context.run(self.start_soon, run_child, run, name=record.path)
        except RuntimeError as error:
            raise self.closed_error() from error
        # Now that a task is there to end it, whatever comes out of the observer.
        if tells:
            tell_starting(record)

    def begin(self, record: Record) -> None:
        """Start a child now, or as soon as what it needs is ready."""
        if record.needs_are_ready():
            self.spawn(record)
            return
        missing = None if record.links is None else record.links.missing()
        if missing is None:
            self.active_again(record)
            record.wait()
        else:
            self._never_begins(record, StartFailed(record.path, missing))

    def _never_begins(self, record: Record, error: StartFailed) -> None:
        """Note that a child can never start, which nobody may overlook."""
        if record.starting is not None:
            late = self.ending or self.draining
            self.fail_start(record, self.closed_error() if late else error)
            self.retire(record)
            return
        record.with_past().last_error = summary(error)
        now, exit = self.now(), Crashed(error)
        event = ChildEnded(
            path=record.path, incarnation=record.incarnations, time=now, exit=exit, ready=False
        )
        self.observer(event)
        self.retire(record)

    def begin_held(self, record: Record) -> None:
        """Begin a child while holding the turn; it passes the turn on when it is ready or ends."""
        if record.run is not None:
            return  # it waited, and what it needs became ready just now
        if record.needs_are_ready():
            self.turn.holder = record
        self.begin(record)

    def active_again(self, record: Record) -> None:
        """Note that a child holds the supervisor open, unless it is a background one."""
        if not record.background:
            self.activate(record)

    def activate(self, record: Record) -> None:
        """Note that a child holds the supervisor open."""
        if not record.active:
            record.active = True
            self.active += 1

    def deactivate(self, record: Record) -> None:
        """Note that a child does not hold the supervisor open."""
        if record.active:
            record.active = False
            self.active -= 1

    @trio.lowlevel.enable_ki_protection
    def next_run(self, record: Record, scope: trio.CancelScope, epoch: int) -> Incarnation | None:
        """Begin the next incarnation in the task of the last, unless that is void by now."""
        void = record.epoch != epoch
        if not void and record.needs_are_ready():
            run = self.new_run(record, scope, tells=self.tells_all())
            if run.tells:
                tell_starting(record)
            return run
        self.turn.release(record)
        if not void:
            self.begin(record)  # what it needs has ended meanwhile: it has to wait for that
        return None

    def new_run(self, record: Record, scope: trio.CancelScope, *, tells: bool) -> Incarnation:
        """Enter the next incarnation of a child into the books; see `Incarnation`."""
        record.move(BEGIN)
        record.epoch += 1
        past = record.past
        if past is not None:
            past.end_is_pending = False
            if past.down:
                record.take_up()
        record.incarnations += 1
        run = record.run = Incarnation(record, record.incarnations, scope, tells)
        return run

    def wake_dependents(self, record: Record) -> None:
        """Start whoever waited for this child alone."""
        for other in (*record.dependents, *record.followers):
            if other.state is WAITING and not other.engine.ending:
                other.engine.begin(other)

    def fail_start(self, record: Record, error: Exception, event: ChildEnded | None = None) -> None:
        """Tell whoever waits for the start of a child that it failed."""
        starting, record.starting = record.starting, None
        if starting is not None:
            starting.fail(record, error, event)
            if starting.forgets:
                self.undo(record)

    def not_started(self, record: Record) -> Exception:
        """Return the error for who waits for a child that was stopped before it was ready."""
        if self.ending or self.draining:
            return self.closed_error()
        return StartFailed(record.path, "it was stopped before it was ready")

    def start_declined(self, record: Record) -> None:
        """Tell whoever waits for the start of a child that it declined."""
        starting, record.starting = record.starting, None
        if starting is not None:
            starting.ready()
        self.retire(record)

    def retire(self, record: Record) -> None:
        """Note that a child has ended and will not be started again by itself."""
        if record.starting is not None:
            self.fail_start(record, self.not_started(record))
        if record.over is not None:
            return
        self.rest(record)
        if record.ends:
            self.handover.release(record)
            record.move(Cause.RELEASE)
            tell_completed(record)
        made_up = record.made_up and self.strategy == "one_for_one"
        if made_up or record.options.restart == "temporary" or self.pool:
            self.forget(record)

    def undo(self, record: Record) -> None:
        """Forget a child that never was ready; its channel ends are the caller's again."""
        if self.records.get(record.name) is record:
            self.rest(record)
            self.handover.give_back(record)
            self.forget(record)

    def rest(self, record: Record) -> None:
        """Note that a child does not run, is not to be started, and is waited for in vain."""
        record.void()
        record.settle_end()
        if record.state not in FINAL:
            record.move(END)
        self.deactivate(record)
        if record.links is not None:
            self.wake_dependents(record)
        self.check_idle()
        for need in record.needs.values():
            if need.engine is not self:
                need.engine.check_idle()  # a drain there may wait for this end

    def retry(self, record: Record, event: ChildEnded, answer: RestartType) -> None:
        """Have the failed start of a member of a group dealt with after what waits already."""
        record.move(RETRY)
        self.activate(record)
        self.turn.submit(partial(handle_end, self, record, record.epoch, event, None, answer))

    async def join(self, *, stay: bool) -> None:
        """Wait until no child holds the supervisor open; with `stay`, until it drains."""
        await trio.lowlevel.checkpoint()
        while self.active or (stay and not self.draining):
            self.idle = trio.Event()
            await self.idle.wait()

    def check_idle(self) -> None:
        """Wake who waits for children that hold the supervisor open to become fewer."""
        if self.draining:
            self.ended_lot.unpark_all()
        if not self.active and self.idle is not None:
            self.idle.set()

    def closed_error(self) -> SupervisorClosed:
        """Return the error for a call that came too late."""
        return SupervisorClosed(self.path, "start or restart anything")

    def forget(self, record: Record) -> None:
        """Drop a child from the books, so that its name is free and its memory too."""
        if self.records.get(record.name) is record:
            del self.records[record.name]
        if record.links is not None:
            unlink(record)
        record.end_for_good("it has ended and was forgotten; start a new one, or give it a name=")
