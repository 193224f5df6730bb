"""One life of one component: call it, see it ready, see how it ends, and what follows."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, cast

import trio

from .._errors import ChildKilled, ComponentTypeError, Ignore, Shutdown, StartFailed
from .._events import (
    ChildEnded,
    ChildReady,
    Crashed,
    DeadLettered,
    Exit,
    Ignored,
    Returned,
    ShutDown,
    State,
    Stopped,
)
from ..observe import summary
from ..rules import Cause
from ._handover import End, settle
from ._record import Record
from ._restarting import decide, is_to_return
from ._run import Incarnation

if TYPE_CHECKING:
    from ._engine import Engine


LEFT = Stopped("it was left by what is no Exception", killed=True)
"""The end of an incarnation that did not end but was left, by `KeyboardInterrupt` say."""


class Status:
    """The ``task_status`` of one incarnation."""

    __slots__ = ("_engine", "_record", "_run")

    def __init__(self, engine: Engine, record: Record, run: Incarnation) -> None:
        self._engine = engine
        self._record = record
        self._run = run

    def started(self, value: object = None) -> None:
        """Say that the component is ready.

        Raises:
            RuntimeError: It said so before, as with trio's own.
        """
        if self._run.ready_at is not None:
            raise RuntimeError("called 'started' twice on the same task status")
        is_ready(self._engine, self._record, self._run, value)


def _call(engine: Engine, record: Record, run: Incarnation) -> Awaitable[object]:
    """Call a component.

    Returns:
        What to await until it has ended.

    Raises:
        Exception: Whatever the call itself raises: wrong arguments, a channel end that is closed.
        ComponentTypeError: It gave nothing that can be run.
    """
    if record.arguments.ends:
        clones: list[End] = []
        run.clones = clones
        positional, keywords = record.arguments.for_incarnation(clones)
    else:
        positional, keywords = record.arguments.positional, dict(record.arguments.keywords)
    for keyword, need in record.needs.items():
        keywords[keyword] = need.value
    takes_status = record.shape.takes_status
    if takes_status:
        keywords["task_status"] = Status(engine, record, run)
    called = record.fn(*positional, **keywords)
    if not inspect.iscoroutine(called):
        if isinstance(called, AbstractAsyncContextManager):  # a pool, say, may be awaitable as well
            manager = cast("AbstractAsyncContextManager[object, bool | None]", called)
            return _hold_open(engine, record, run, manager)
        if not isinstance(called, Awaitable):
            raise ComponentTypeError(
                f"component {record.path!r}",
                f"it returned {called!r}, neither a coroutine nor an async context manager",
                "make it an async function, or decorate it with @contextlib.asynccontextmanager",
            )
    if not takes_status:
        is_ready(engine, record, run, None)
    return cast("Awaitable[object]", called)


async def _hold_open(
    engine: Engine,
    record: Record,
    run: Incarnation,
    manager: AbstractAsyncContextManager[object, bool | None],
) -> None:
    with trio.CancelScope() as run.exit_scope:
        async with manager as value:
            with trio.CancelScope() as run.park:
                if run.stop_reason is None:
                    is_ready(engine, record, run, value)
                else:  # told while it was being entered, and it was entered all the same
                    run.leave(run.stop_reason)
                await trio.sleep_forever()
    if run.exit_scope.cancelled_caught:
        run.cut_short = True


def _exit_of(record: Record, run: Incarnation, error: Exception | None) -> Exit:
    """Say how an incarnation ended.

    Args:
        record: The child.
        run: The incarnation.
        error: What it raised, if it did.
    """
    if run.stop_reason is not None:
        late = run.cut_short or run.killed is not None
        return Stopped(run.stop_reason, None if isinstance(error, Shutdown) else error, late)
    if run.killed is not None:
        return Crashed(ChildKilled(run.killed))
    if error is None:
        if run.ready_at is not None:
            return Returned()
        return Crashed(
            StartFailed(record.path, "it returned without calling task_status.started()")
        )
    if isinstance(error, Shutdown):
        return ShutDown(error.term)
    if isinstance(error, Ignore) and run.ready_at is None:
        return Ignored()
    return Crashed(error)


async def run_child(engine: Engine, record: Record) -> None:
    """Run incarnation after incarnation, as long as the child restarts alone and at once."""
    run = record.run
    assert run is not None
    task = trio.lowlevel.current_task()
    while True:
        if record.needs and run.stop_reason is None and not record.needs_are_ready():
            engine.back_to_waiting(record)
            return  # noqa: ASYNC910 - the task ends here
        run.task = task
        error: Exception | None = None
        through = True
        try:
            # The error is captured outside of the scope: a clean-up that raises while being
            # cancelled arrives as a group that still holds Cancelled until the scope has taken
            # its own out of it. What is no Exception goes through, split from its group.
            try:
                try:
                    with run.scope:
                        if run.stop_reason is None:  # or it was told before its first step
                            await _call(engine, record, run)
                except Exception as raised:
                    error = raised
            except* Exception as group:
                error = group
            through = False
        finally:
            again = _has_ended(engine, record, run, error, through=through)
            error = None
            if through:
                await engine.stop_the_others_first()  # noqa: ASYNC102 - it shields, with a deadline
        if not again:
            return  # noqa: ASYNC910 - the task ends here
        epoch = record.epoch
        task.context = record.context.copy()
        # Without this checkpoint, a component that crashes at once would starve its siblings.
        await trio.lowlevel.checkpoint()
        if record.epoch != epoch:
            engine.turn.release(record)
            return
        run = engine.new_run(record)


@trio.lowlevel.enable_ki_protection
def is_ready(engine: Engine, record: Record, run: Incarnation, value: object) -> None:
    """Take note that an incarnation is ready."""
    if record.state is not State.STARTING or record.run is not run:
        return  # it was told to stop meanwhile
    now = run.ready_at = trio.current_time()
    record.value = value
    record.was_ready = True
    if run.park is not None and record.options.background is None and not record.background:
        # It could not be seen before that it is a context manager.
        record.background = True
        engine.active.discard(record)
        engine.check_idle()
    record.move(Cause.READY)
    if run.number > 1 or engine.wants(ChildReady):
        engine.observer(ChildReady(path=record.path, incarnation=run.number, time=now))
    if record.starting is not None:
        record.starting.ready()
        record.starting = None
    engine.turn.release(record)
    if record.dependents or record.followers:
        engine.wake_dependents(record)


@trio.lowlevel.enable_ki_protection
def _has_ended(
    engine: Engine, record: Record, run: Incarnation, error: Exception | None, *, through: bool
) -> bool:
    """Deal with the end of an incarnation.

    Args:
        engine: The supervisor.
        record: The child.
        run: The incarnation.
        error: What it raised, if it did.
        through: Whether something goes through that is no end of the component.

    Returns:
        Whether the same task is to run the next one at once; it then holds the turn.
    """
    now = trio.current_time()
    if (
        record.stopping is not None
        and error is None
        and not (run.clones or record.starting or engine.draining)
        and not engine.wants(ChildEnded)
    ):  # nothing but an end that was asked for, and nobody to tell
        record.run = record.value = None
        engine.turn.release(record)
        record.stopping.has_ended(record, now)
        return False
    if through and error is None:
        exit: Exit = LEFT
    else:
        exit = _exit_of(record, run, error)
    event = _note_end(engine, record, run, exit, now)
    # After a failed attempt to restart, whoever waits comes first.
    engine.turn.release(record)
    if through:
        if record.stopping is not None:
            record.stopping.has_ended(record, now)
        else:
            record.move(Cause.END)
    elif record.stopping is not None or record.starting is not None:
        _ended_for_somebody(engine, record, exit, event, now)
    elif isinstance(exit, Stopped):
        record.move(Cause.END)
        if run.draining:
            engine.retire(record)
    elif engine.turn.holder is not None:
        # One thing at a time: its end is dealt with when what came before it has been.
        returns = is_to_return(engine, record, exit)
        record.end_is_pending = not returns
        record.move(Cause.RETRY if returns else Cause.END)
        step = partial(handle_end, engine, record, record.epoch, event, run.ready_at)
        engine.turn.submit(step)
    else:
        return _act(engine, record, event, run.ready_at)
    return False


def _act(engine: Engine, record: Record, event: ChildEnded, ready_at: float | None) -> bool:
    """Do what follows from the end of a child, while holding the turn.

    Returns:
        Whether it is to begin again in the same task; the turn is then held for it.
    """
    engine.turn.holder = record
    match decide(engine, record, event, ready_at, event.time):
        case "begin":
            return True
        case None:
            engine.turn.release(record)
        case step:
            engine.turn.run(step)
    return False


def _note_end(
    engine: Engine, record: Record, run: Incarnation, exit: Exit, now: float
) -> ChildEnded:
    """Close the books of an incarnation, and tell the observer."""
    event = ChildEnded(
        path=record.path,
        incarnation=run.number,
        time=now,
        exit=exit,
        ready=run.ready_at is not None,
        in_hand=settle(run.clones, exit) if run.clones else (),
    )
    run.clones = ()
    dead = [item for item in event.in_hand if item.fate == "dead"]
    record.run = None
    record.value = None
    if isinstance(exit, Crashed):
        record.last_error = summary(exit.error)
        engine.observer(event)
    elif not isinstance(exit, Stopped) or exit.error is not None or engine.wants(ChildEnded):
        engine.observer(event)
    if isinstance(exit, Stopped) and exit.error is not None:
        engine.unclean.append(record.path)
    for item in dead:
        letter = DeadLettered(
            channel=item.channel,
            time=now,
            message=item.message,
            attempts=item.attempt,
            error=record.last_error or "",
        )
        engine.observer(letter)
    return event


def _ended_for_somebody(
    engine: Engine, record: Record, exit: Exit, event: ChildEnded, now: float
) -> None:
    """Leave the end of an incarnation to whoever stops it or waits for its start."""
    if record.stopping is not None:
        record.stopping.has_ended(record, now)
    else:
        record.move(Cause.END)
    if isinstance(exit, Ignored):
        engine.start_declined(record)
    elif record.starting is not None and record.state is not State.WAITING:
        engine.fail_start(record, _why_not_started(engine, record, exit), event)


def _why_not_started(engine: Engine, record: Record, exit: Exit) -> Exception:
    if isinstance(exit, Crashed):
        return exit.error
    if isinstance(exit, ShutDown):
        return Shutdown(exit.term)
    return engine.not_started(record)


async def handle_end(
    engine: Engine, record: Record, epoch: int, event: ChildEnded, ready_at: float | None
) -> None:
    """Deal with an end that had to wait for its turn."""
    await trio.lowlevel.checkpoint()
    if record.epoch != epoch:
        return
    match decide(engine, record, event, ready_at, trio.current_time()):
        case "begin":
            engine.begin_held(record)
        case None:
            pass
        case step:
            await step()
