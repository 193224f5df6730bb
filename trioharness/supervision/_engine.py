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

from .._errors import RestartLimitExceeded, SupervisorClosed
from .._events import (
    ChildEnded,
    ChildReady,
    Crashed,
    Exit,
    Observer,
    State,
    Stopped,
    SupervisorEnded,
)
from ..observe import summary
from ..rules import Cause, Limit, Strategy, Window, whether
from ._ambient import Place
from ._handover import Handover, settle
from ._incarnation import live
from ._record import FINAL, Incarnation, Record
from ._restarting import decide
from ._turn import Step, Turn

Ts = TypeVarTuple("Ts")

KEPT_ERRORS = 16
"""How many errors of the past a supervisor keeps, at most, to tell why it gave up."""


@attrs.define(eq=False)
class Engine:
    """One supervisor at work."""

    path: str
    strategy: Strategy
    limit: Limit
    observer: Observer
    parent: Place | None
    cancel_grace: float
    context: contextvars.Context = attrs.field(factory=contextvars.copy_context)
    records: dict[str, Record] = attrs.field(factory=dict[str, Record])
    """All children by name, in start order."""
    names: dict[str, int] = attrs.field(factory=dict[str, int])
    """How often a name was made up from each function name."""
    active: set[Record] = attrs.field(factory=set[Record])
    """The children that hold the supervisor open."""
    handover: Handover = attrs.field(factory=Handover)
    errors: deque[tuple[float, Exception, str]] = attrs.field(init=False)
    window: Window = attrs.field(init=False)
    turn: Turn = attrs.field(init=False)
    chance: random.Random = attrs.field(factory=random.Random)
    nursery: trio.Nursery = attrs.field(init=False)
    hosted: trio.Event = attrs.field(factory=trio.Event)
    idle: trio.Event | None = None
    """Set when no child holds the supervisor open any more; there while somebody waits."""
    ended_lot: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)
    """Where a drain waits for the next child to end."""
    draining: bool = False
    closing: str | None = None
    """Why it stops, once it does."""
    hurried: bool = False
    """Whether no child is given any more grace."""
    finished: trio.Event = attrs.field(factory=trio.Event)
    failure: RestartLimitExceeded | None = None
    body_scope: trio.CancelScope = attrs.field(init=False)
    overran: list[str] = attrs.field(factory=list[str])
    """Children that outlived their grace."""

    def __attrs_post_init__(self) -> None:
        self.errors = deque(maxlen=min(self.limit.max_restarts + 1, KEPT_ERRORS))
        self.window = Window(self.limit)
        self.turn = Turn(self._spawn_step)

    async def host(self) -> None:
        """Hold the nursery of the children open, shielded from outside, until all have ended.

        A cancellation from outside would reach all children at once, a dependency before its
        dependents; so it reaches none, and becomes an ordered stop instead.
        """
        try:
            async with trio.open_nursery() as self.nursery:
                self.nursery.cancel_scope.shield = True
                self.hosted.set()
                await self.finished.wait()
        finally:
            self.handover.close()
            self.observer(SupervisorEnded(path=self.path, time=trio.current_time()))

    def _spawn_step(self, step: Step) -> None:
        self.start_task(self._run_step, step)

    def start_task(self, fn: Callable[[*Ts], Awaitable[object]], *args: *Ts) -> None:
        """Start a task of the supervisor's own, in the context it was opened in."""
        self.context.run(lambda: self.nursery.start_soon(fn, *args))

    async def _run_step(self, step: Step) -> None:
        await step()
        # A step that began the start of a child leaves the turn to that child.
        if self.turn.held_for is None:
            self.turn.release()

    def spawn(self, record: Record) -> None:
        """Begin the next incarnation of a child, in a task of its own."""
        self.active_again(record)
        self._new_run(record)
        start_soon = self.nursery.start_soon
        record.context.run(lambda: start_soon(self._run_child, record, name=record.path))

    def begin(self, record: Record) -> None:
        """Start a child now, or as soon as what it needs is ready."""
        if record.needs_are_ready():
            self.spawn(record)
        elif record.needs_are_gone():
            self.retire(record)
        else:
            self.active_again(record)
            record.move(Cause.HOLD)

    def active_again(self, record: Record) -> None:
        """Note that a child holds the supervisor open, unless it is a background one."""
        if not record.background:
            self.active.add(record)

    def _new_run(self, record: Record) -> Incarnation:
        record.move(Cause.BEGIN)
        record.incarnations += 1
        run = record.run = Incarnation(record.incarnations)
        return run

    async def _run_child(self, record: Record) -> None:
        run = record.run
        assert run is not None
        while True:
            run.task = trio.lowlevel.current_task()
            exit: Exit = Stopped("cancelled from outside")
            try:
                exit = await live(record, run, partial(self._ready, record, run))
            finally:
                again = self._ended(record, run, exit)
            if not again:
                return
            epoch = record.epoch
            run.task.context = record.context.copy()
            # Without this checkpoint, a component that crashes at once would starve its siblings.
            await trio.lowlevel.checkpoint()
            if record.epoch != epoch:
                self.turn.release()
                return
            run = self._new_run(record)

    def _ready(self, record: Record, run: Incarnation, value: object) -> None:
        if record.state is not State.STARTING or record.run is not run:
            return  # it was told to stop meanwhile
        now = run.ready_at = trio.current_time()
        record.value = value
        record.was_ready = True
        record.move(Cause.READY)
        self.observer(ChildReady(path=record.path, incarnation=run.number, time=now))
        if record.starting is not None:
            record.starting.ready()
            record.starting = None
        if self.turn.held_for is record:
            self.turn.release()
        if self.closing is None:
            for other in (*record.dependents, *record.followers):
                if other.state is State.WAITING and other.needs_are_ready():
                    self.spawn(other)

    def _ended(self, record: Record, run: Incarnation, exit: Exit) -> bool:
        """Deal with the end of an incarnation.

        Returns:
            Whether the same task is to run the next one at once; it then holds the turn.
        """
        event = self._note_end(record, run, exit)
        mine = self.turn.held_for is record
        if mine:
            self.turn.held_for = None
        if isinstance(exit, Stopped) or record.starting is not None:
            self._ended_for_somebody(record, run, exit)
            if mine:
                self.turn.release()
            return False
        if self.turn.busy and not mine:
            record.move(Cause.RETRY if whether(record.options.restart, exit) else Cause.END)
            self.turn.submit(partial(self._handle_end, record, record.epoch, event, run.ready_at))
            return False
        self.turn.busy = True
        match decide(self, record, event, run.ready_at):
            case "begin":
                self.turn.held_for = record
                return True
            case None:
                self.turn.release()
            case step:
                self._spawn_step(step)
        return False

    def _note_end(self, record: Record, run: Incarnation, exit: Exit) -> ChildEnded:
        """Close the books of an incarnation, and tell the observer."""
        event = ChildEnded(
            path=record.path,
            incarnation=run.number,
            time=trio.current_time(),
            exit=exit,
            ready=run.ready_at is not None,
            in_hand=settle(run.clones, exit),
        )
        record.run = None
        record.value = None
        if isinstance(exit, Crashed):
            record.last_error = summary(exit.error)
        self.observer(event)
        self.ended_lot.unpark_all()
        return event

    def _ended_for_somebody(self, record: Record, run: Incarnation, exit: Exit) -> None:
        """Leave the end of an incarnation to whoever stopped it or waits for its start."""
        record.move(Cause.END)
        starting, record.starting = record.starting, None
        if starting is not None:
            error = exit.error if isinstance(exit, Crashed) else self.closed_error()
            starting.fail(record, error)
        elif run.draining:
            self.retire(record)

    async def _handle_end(
        self, record: Record, epoch: int, event: ChildEnded, ready_at: float | None
    ) -> None:
        await trio.lowlevel.checkpoint()
        if record.epoch != epoch:
            return
        match decide(self, record, event, ready_at):
            case "begin":
                self.begin_held(record)
            case None:
                pass
            case step:
                await step()

    def begin_held(self, record: Record) -> None:
        """Begin a child while holding the turn; it passes the turn on when it is ready or ends."""
        if record.needs_are_ready():
            self.turn.held_for = record
        self.begin(record)

    def retire(self, record: Record) -> None:
        """Note that a child has ended and will not be started again by itself."""
        record.void()
        if record.state not in FINAL:
            record.move(Cause.END)
        self.active.discard(record)
        if record.arguments.ends:
            self.handover.release(record, record.arguments)
            record.move(Cause.RELEASE)
        temporary = record.options.restart == "temporary"
        if temporary or record.options.name is None:
            self.forget(record)
        if self.closing is None:
            for other in (*record.dependents, *record.followers):
                if other.state is State.WAITING:
                    self.begin(other)
        self.check_idle()

    async def join(self, *, stay: bool) -> None:
        """Wait until no child holds the supervisor open; with `stay`, until it drains."""
        await trio.lowlevel.checkpoint()
        while self.active or (stay and not self.draining):
            self.idle = trio.Event()
            await self.idle.wait()

    def check_idle(self) -> None:
        """Wake who waits for the last child that holds the supervisor open."""
        if not self.active and self.idle is not None:
            self.idle.set()

    def closed_error(self) -> SupervisorClosed:
        """Return the error for a call that came too late."""
        return SupervisorClosed(self.path, "start or restart anything")

    def forget(self, record: Record) -> None:
        """Drop a child from the books, so that its name is free and its memory too."""
        if self.records.get(record.name) is record:
            del self.records[record.name]
        for need in record.needs.values():
            need.dependents.remove(record)
        for other in record.after:
            other.followers.remove(record)
        record.needs, record.after = {}, []
