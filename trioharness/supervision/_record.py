"""What a supervisor knows about one child, and those who wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import outcome
import trio

from .._errors import ChildDown, StartFailed
from .._events import ChildEnded, ChildNotRestarted, ChildParked, ChildRestarting, State
from ..rules import TRANSITIONS, Cause, StoppedByHand
from ._component import Shape
from ._handover import NO_ENDS, NO_KEYWORDS, Kept
from ._links import NO_RECORDS, Links
from ._options import Options
from ._run import Incarnation
from ._states import FINAL, PARKED, PENDING, WAITING
from ._telling import tell_waiting

if TYPE_CHECKING:
    from ._engine import Engine
    from ._stopping import Stopping


@attrs.define(eq=False)
class Starting:
    """Somebody waits for children to become ready; a failure before that is theirs."""

    remaining: int
    done: trio.Event = attrs.field(factory=trio.Event)
    failed: tuple[Record, Exception] | None = None
    ended: ChildEnded | None = None
    """How the one that failed ended, if it ever ran."""
    in_turn: bool = False
    """Whether who waits holds the turn, and so must not wait for what the child needs."""
    forgets: bool = False
    """Whether one that failed is forgotten, before the turn goes to anybody else."""

    def ready(self) -> None:
        """One of them is ready, or has declined to start."""
        self.remaining -= 1
        if self.remaining == 0:
            self.done.set()

    def fail(self, record: Record, error: Exception, ended: ChildEnded | None = None) -> None:
        """One of them failed; the first one counts."""
        if self.failed is None:
            self.failed = (record, error)
            self.ended = ended
        self.done.set()


@attrs.define(eq=False, weakref_slot=False)
class Past:
    """What became of a child that crashed or was put down at some time."""

    last_error: str | None = None
    """Its last error, in one line."""
    restart: ChildRestarting | None = None
    """The last restart that was decided for it."""
    restarts: int = 0
    """How many were decided."""
    attempts: int = 0
    """Restarts in a row without a sustained healthy run."""
    stopped: StoppedByHand | None = None
    """When somebody stopped it last, and why."""
    parked: ChildParked | None = None
    """When it was parked last, and why."""
    not_restarted: ChildNotRestarted | None = None
    """When it crashed last without a restart, and why."""
    parked_for: Sequence[Exception] = ()
    """The errors it is parked for, while it is."""
    down: bool = False
    """Whether it stays as it is until somebody starts it by hand, or what it needs."""
    end_is_pending: bool = False
    """Whether it ended by itself, not to be restarted, and that has not been dealt with yet."""
    delay: trio.CancelScope | None = None
    """Around the wait of a back-off."""


@attrs.define(eq=False, weakref_slot=False)
class Record:
    """What a supervisor knows about one child.

    In slots: an instance with a dict that grows after it was made takes a kilobyte. What few
    children have stands apart, since each field costs time and memory a child.
    """

    engine: Engine
    path: str
    """Its path, supervisor names first."""
    fn: Callable[..., object]
    options: Options
    shape: Shape
    made_up: bool
    """Whether the name was made up; such a child is forgotten when it has ended for good."""
    background: bool
    """Whether it does not hold its supervisor open."""
    positional: tuple[object, ...] = ()
    keywords: Mapping[str, object] = NO_KEYWORDS
    ends: Mapping[int | str, Kept] = NO_ENDS
    """Kept channel ends by the position or the keyword of their argument."""
    state: State = PENDING
    active: bool = False
    """Whether it holds its supervisor open just now."""
    epoch: int = 0
    """Grows whenever what is pending for the child (a death, a delayed start) becomes void."""
    incarnations: int = 0
    value: Any = None
    run: Incarnation | None = None
    starting: Starting | None = None
    stopping: Stopping | None = None
    links: Links | None = None
    """What it needs and who needs it, if there is any such thing."""
    past: Past | None = None
    """Its crashes and stops, if there were any."""
    inside: tuple[Engine, ...] = ()
    """The supervisors that are open inside of it."""
    was_ready: bool = False
    """Whether any incarnation ever became ready."""
    over: str | None = None
    """Why it can never run again, whoever asks for it."""
    _waiting: list[tuple[frozenset[State], trio.lowlevel.Task]] | None = None

    @property
    def name(self) -> str:
        """Its name under its supervisor."""
        return self.path.rpartition("/")[2]

    @property
    def last_error(self) -> str | None:
        """Its last error, in one line."""
        return None if self.past is None else self.past.last_error

    @property
    def restarts(self) -> int:
        """How many restarts were decided for it."""
        return 0 if self.past is None else self.past.restarts

    @property
    def end_is_pending(self) -> bool:
        """Whether it ended by itself, not to be restarted, and that was not dealt with yet."""
        return self.past is not None and self.past.end_is_pending

    def settle_end(self) -> None:
        """Note that such an end has been dealt with."""
        if self.past is not None:
            self.past.end_is_pending = False

    @property
    def needs(self) -> Mapping[str, Record]:
        """What it needs, by keyword."""
        return NO_RECORDS if self.links is None else self.links.needs

    @property
    def after(self) -> Sequence[Record]:
        """What it starts after."""
        return () if self.links is None else self.links.after

    @property
    def dependents(self) -> Sequence[Record]:
        """The children that need this one."""
        return () if self.links is None else self.links.dependents

    @property
    def followers(self) -> Sequence[Record]:
        """The children that start after this one."""
        return () if self.links is None else self.links.followers

    def move(self, cause: Cause) -> None:
        """Go to the next state, and wake those who wait for it."""
        self.state = state = TRANSITIONS[self.state, cause]
        if self._waiting:
            woken = [entry for entry in self._waiting if state in entry[0]]
            for entry in woken:
                self._waiting.remove(entry)
                trio.lowlevel.reschedule(entry[1], outcome.Value(state))

    def stay_down(self) -> None:
        """Note that it does not begin again by itself; who sends to it alone is told so."""
        self.with_past().down = True
        if self.ends:
            self.engine.handover.put_down(self, ChildDown(self.path, self.state))

    def take_up(self) -> None:
        """Note that one that stayed down begins again."""
        past = self.with_past()
        past.down, past.parked_for = False, ()
        self.engine.handover.take_up(self)
        for other in self.dependents:
            if other.state is WAITING and other.is_down and not other.needs_what_is_down():
                other.take_up()

    def wait(self) -> None:
        """Have it start as soon as what it needs is ready; nothing changes if it waits already."""
        if self.state is not WAITING:
            self.move(Cause.HOLD)
            if self.links is not None:
                self.links.waiting_since = self.engine.now()
            tell_waiting(self)
        if not self.is_down and self.needs_what_is_down():
            self.stay_down()

    async def until(self, states: frozenset[State]) -> State:
        """Wait until the child is in one of `states`, however briefly; a checkpoint.

        Returns:
            The state that was reached.

        Raises:
            StartFailed: It will never be, because it is over.
        """
        state = self.state
        if state in states or self.over is not None:
            await trio.lowlevel.checkpoint()
            if state in states:
                return state
            raise self.over_error()
        entry = (states, trio.lowlevel.current_task())
        waiting = self._waiting = self._waiting or []
        waiting.append(entry)

        def abort(_: object) -> trio.lowlevel.Abort:
            waiting.remove(entry)
            return trio.lowlevel.Abort.SUCCEEDED

        result: State = await trio.lowlevel.wait_task_rescheduled(abort)
        return result

    def end_for_good(self, why: str) -> None:
        """Note that it can never run again, and tell those who wait for that in vain."""
        if self.over is None:
            self.over = why
        if self._waiting:
            waiting, self._waiting = self._waiting, None
            for _, task in waiting:
                trio.lowlevel.reschedule(task, outcome.Error(self.over_error()))

    def over_error(self) -> StartFailed:
        """Return the error for who wants something of it that can be no more."""
        return StartFailed(self.path, self.over or "it has ended")

    def with_past(self) -> Past:
        """Return where its crashes and stops are noted; made now if there were none."""
        past = self.past = self.past or Past()
        return past

    def do_not_wait_in_turn(self) -> None:
        """Let go on who waits for the start while holding the turn: it takes as long as a need."""
        if self.starting is not None and self.starting.in_turn:
            self.starting.ready()
            self.starting = None

    def void(self) -> None:
        """Make void whatever is pending for the child."""
        self.epoch += 1
        if self.past is not None and self.past.delay is not None:
            self.past.delay.cancel(reason="voided")

    @property
    def is_down(self) -> bool:
        """Whether it stays as it is until somebody starts it by hand, or what it needs."""
        return self.past is not None and self.past.down

    def needs_what_is_down(self) -> bool:
        """Say whether it cannot start until somebody starts what it needs by hand."""
        return self.links is not None and any(n.is_down for n in self.links.needs.values())

    def needs_are_ready(self) -> bool:
        """Say whether everything it needs, or comes after, is there."""
        return self.links is None or self.links.are_ready()

    def may_yet_be_ready(self) -> bool:
        """Say whether it can be ready again without being started by hand, or is parked."""
        return self.state not in FINAL or self.state is PARKED

    def may_be_followed(self) -> bool:
        """Say whether those that start after it may start."""
        return self.was_ready or self.state in FINAL
