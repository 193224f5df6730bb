"""What a supervisor knows about one child, and one life of it."""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable
from typing import Final

import attrs
import outcome
import trio

from .._events import State
from ..rules import Cause, advance
from ._component import Shape
from ._handover import NO_ARGUMENTS, Arguments, End
from ._spec import Options

RUNNING: Final = frozenset({State.STARTING, State.READY, State.STOPPING})
"""States in which code of the child runs."""
NOT_RUNNING: Final = frozenset(State) - RUNNING
FINAL: Final = frozenset({State.STOPPED, State.COMPLETE, State.PARKED})
"""States that a child leaves only when somebody asks for it."""


@attrs.define(eq=False)
class Incarnation:
    """One life of one child."""

    number: int
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    """Around all of it."""
    park: trio.CancelScope | None = None
    """Around the wait between the entry and the exit of a context manager."""
    clones: tuple[End, ...] = ()
    task: trio.lowlevel.Task | None = None
    ready_at: float | None = None
    stop_reason: str | None = None
    grace_ends: float = math.inf
    """When its clean-up has to be over, once it was told to stop."""
    killed: str | None = None
    draining: bool = False
    """Whether it was told of a drain."""
    drain_scopes: list[trio.CancelScope] = attrs.field(factory=list[trio.CancelScope])

    def stop(self, reason: str, grace: float) -> None:
        """Tell it to stop, with `grace` seconds for its clean-up."""
        self.stop_reason = reason
        self.grace_ends = trio.current_time() + grace
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
        self.scope.shield = False
        self.scope.cancel(reason=reason)

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

    def ready(self) -> None:
        """One of them is ready."""
        self.remaining -= 1
        if self.remaining == 0:
            self.done.set()

    def fail(self, record: Record, error: Exception) -> None:
        """One of them failed; the first one counts."""
        if self.failed is None:
            self.failed = (record, error)
        self.done.set()


@attrs.define(eq=False)
class Record:
    """What a supervisor knows about one child."""

    name: str
    path: str
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
    delay: trio.CancelScope | None = None
    """Around the wait of a back-off."""
    needs: dict[str, Record] = attrs.field(factory=dict[str, "Record"])
    after: list[Record] = attrs.field(factory=list["Record"])
    dependents: list[Record] = attrs.field(factory=list["Record"])
    """The children that need this one."""
    followers: list[Record] = attrs.field(factory=list["Record"])
    """The children that start after this one."""
    was_ready: bool = False
    """Whether any incarnation ever became ready."""
    _waiting: list[tuple[frozenset[State], trio.lowlevel.Task]] = attrs.field(
        factory=list[tuple[frozenset[State], trio.lowlevel.Task]]
    )

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
        self._waiting.append(entry)

        def abort(_: object) -> trio.lowlevel.Abort:
            self._waiting.remove(entry)
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
        return all(need.state is State.READY for need in self.needs.values()) and all(
            other.was_ready or other.state in FINAL for other in self.after
        )

    def needs_are_gone(self) -> bool:
        """Say whether something it needs has ended for good, so that it can never start."""
        return any(need.state in FINAL for need in self.needs.values())
