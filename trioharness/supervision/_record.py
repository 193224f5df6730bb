"""What a supervisor knows about one child, and one life of it."""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs
import outcome
import trio

from .._events import ChildEnded, State
from ..rules import Cause, advance
from ._component import Shape
from ._handover import NO_ARGUMENTS, Arguments, End
from ._options import Options

if TYPE_CHECKING:
    from ._engine import Engine
    from ._stopping import Stopping

RUNNING: Final = frozenset({State.STARTING, State.READY, State.STOPPING})
"""States in which code of the child runs."""
NOT_RUNNING: Final = frozenset(State) - RUNNING
STUCK_AFTER: Final = 1.0
"""Seconds beyond its grace after which a child is reported as stuck."""
FINAL: Final = frozenset({State.STOPPED, State.COMPLETE, State.PARKED})
"""States that a child leaves only when somebody asks for it."""


class Incarnation:
    """One life of one child.

    What most lives never change stands on the class: a supervisor makes very many of these.
    """

    number: int
    scope: trio.CancelScope
    """Around all of it."""
    park: trio.CancelScope | None = None
    """Around the wait between the entry and the exit of a context manager."""
    clones: tuple[End, ...] = ()
    task: trio.lowlevel.Task | None = None
    ready_at: float | None = None
    stop_reason: str | None = None
    grace_ends: float = math.inf
    """When its clean-up has to be over, once it was told to stop."""
    alarm_at: float = math.inf
    """When it is to be reported as stuck, if it has not ended by then."""
    cut_short: bool = False
    """Whether its clean-up had no grace or outlasted it."""
    killed: str | None = None
    draining: bool = False
    """Whether it was told of a drain."""
    drain_scopes: Sequence[trio.CancelScope] = ()
    """Blocks that end when it is told of a drain."""
    shields: Sequence[trio.CancelScope] = ()
    """Blocks that hold off its cancellation as long as it has grace."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.scope = trio.CancelScope()

    def stop(self, reason: str, grace: float, now: float) -> None:
        """Tell it to stop, with `grace` seconds for its clean-up."""
        self.stop_reason = reason
        self.grace_ends = now + grace
        self.alarm_at = self.grace_ends + STUCK_AFTER
        self.cut_short = grace <= 0
        if self.park is None:
            self.scope.cancel(reason=reason)
            return
        # A context manager that holds a nursery has to see its exit begin before anything inside it
        # is cancelled: the shield comes first, then only the wait is cancelled.
        self.scope.shield = True
        self.scope.deadline = self.grace_ends
        self.park.cancel(reason=reason)

    def kill(self, reason: str) -> None:
        """Cancel all of it at once, clean-up included."""
        self.killed = reason
        self.grace_ends = -math.inf
        self.alarm_at = trio.current_time() + STUCK_AFTER
        self.scope.shield = False
        self.scope.cancel(reason=reason)
        for shield in self.shields:
            shield.cancel(reason=reason)

    def stack(self) -> str:
        """Say where its task stands, outermost frame first, one a line."""
        if self.task is None:
            return ""
        frames = [frame for frame, _ in self.task.iter_await_frames()]
        return "\n".join(
            f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
            for frame in frames
        )


@attrs.define(eq=False)
class Starting:
    """Somebody waits for children to become ready; a failure before that is theirs."""

    remaining: int
    done: trio.Event = attrs.field(factory=trio.Event)
    failed: tuple[Record, Exception] | None = None
    ended: ChildEnded | None = None
    """How the one that failed ended, if it ever ran."""
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


class Record:
    """What a supervisor knows about one child.

    What most children never change stands on the class: a supervisor makes very many of these.
    """

    engine: Engine
    name: str
    made_up: bool
    """Whether the name was made up; such a child is forgotten when it has ended for good."""
    fn: Callable[..., object]
    options: Options
    shape: Shape
    background: bool
    context: contextvars.Context
    """Each incarnation begins in a fresh copy of it."""
    arguments: Arguments = NO_ARGUMENTS
    state: State = State.PENDING
    epoch: int = 0
    """Grows whenever what is pending for the child (a death, a delayed start) becomes void."""
    incarnations: int = 0
    restarts: int = 0
    attempts: int = 0
    """Restarts in a row without a sustained healthy run."""
    last_error: str | None = None
    value: object = None
    run: Incarnation | None = None
    starting: Starting | None = None
    stopping: Stopping | None = None
    parked_for: Sequence[Exception] = ()
    """The errors it is parked for, while it is."""
    delay: trio.CancelScope | None = None
    """Around the wait of a back-off."""
    needs: Mapping[str, Record] = MappingProxyType({})
    after: Sequence[Record] = ()
    dependents: Sequence[Record] = ()
    """The children that need this one."""
    followers: Sequence[Record] = ()
    """The children that start after this one."""
    was_ready: bool = False
    """Whether any incarnation ever became ready."""
    _waiting: list[tuple[frozenset[State], trio.lowlevel.Task]] | None = None

    def __init__(
        self,
        engine: Engine,
        name: str,
        fn: Callable[..., object],
        options: Options,
        shape: Shape,
        *,
        made_up: bool,
    ) -> None:
        self.engine = engine
        self.name = name
        self.made_up = made_up
        self.fn = fn
        self.options = options
        self.shape = shape
        self.background = shape.opens if options.background is None else options.background
        self.context = engine.context.copy()

    @property
    def path(self) -> str:
        """Its path, supervisor names first."""
        return f"{self.engine.path}/{self.name}"

    def move(self, cause: Cause) -> None:
        """Go to the next state, and wake those who wait for it."""
        self.state = state = advance(self.state, cause)
        if self._waiting:
            woken = [entry for entry in self._waiting if state in entry[0]]
            for entry in woken:
                self._waiting.remove(entry)
                trio.lowlevel.reschedule(entry[1], outcome.Value(state))

    async def until(self, states: frozenset[State]) -> State:
        """Wait until the child is in one of `states`, however briefly; a checkpoint.

        Returns:
            The state that was reached.
        """
        if self.state in states:
            state = self.state
            await trio.lowlevel.checkpoint()
            return state
        entry = (states, trio.lowlevel.current_task())
        waiting = self._waiting = self._waiting or []
        waiting.append(entry)

        def abort(_: object) -> trio.lowlevel.Abort:
            waiting.remove(entry)
            return trio.lowlevel.Abort.SUCCEEDED

        result: State = await trio.lowlevel.wait_task_rescheduled(abort)
        return result

    def void(self) -> None:
        """Make void whatever is pending for the child."""
        self.epoch += 1
        if self.delay is not None:
            self.delay.cancel(reason="voided")

    def needs_are_ready(self) -> bool:
        """Say whether everything it needs, or comes after, is there."""
        if not self.needs and not self.after:
            return True
        return all(need.state is State.READY for need in self.needs.values()) and all(
            other.was_ready or other.state in FINAL for other in self.after
        )

    def needs_are_gone(self) -> bool:
        """Say whether something it needs has ended for good, so that it can never start."""
        gone = (State.STOPPED, State.COMPLETE)  # one that is parked may come back by hand
        return any(need.state in gone for need in self.needs.values())
