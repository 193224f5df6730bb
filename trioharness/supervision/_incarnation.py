"""The lives of one component: run it, see how it ends, and do what follows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from .._errors import Shutdown
from .._events import ChildEnded, Crashed, DeadLettered, Exit, Ignored, ShutDown, Stopped
from ..observe import summary
from ..rules import RestartType
from ._calling import call, run_watched
from ._closing import stop_the_others_first
from ._exits import MAY_BE_NO_CRASH, apart, exit_of, is_crash
from ._handover import settle
from ._policy import ask_policy, is_to_return
from ._record import Record
from ._restarting import (
    decide,
    may_restart_alone,
    note_no_restart,
    restart_alone,
    restarts_alone,
)
from ._run import Incarnation
from ._states import COMPLETE, END, RETRY, WAITING

if TYPE_CHECKING:
    from ._engine import Engine


NEVER: Final = -1
"""The epoch of no incarnation."""
UNTOUCHED: Final = -2
"""In place of an epoch: nothing has been done about a crash yet."""
FIRST: Final = -3
"""In place of an epoch: the incarnation that a task was started for."""

INNERMOST_SCOPE: Final = "_cancel_status"
"""What of a task tells one innermost cancel scope from another.

A generator that was left in its middle may hold a scope open: its deadline would strike the next
incarnation, its shield keep that from being stopped. No public name of trio shows such a scope
short of leaving the one around it, which is then what happens where this one is not there.
"""

LEFT = Stopped("it was left by what is no crash", killed=True)
"""The end of an incarnation that did not end but was left, by `KeyboardInterrupt` say."""


async def run_child(begun: Incarnation) -> None:  # noqa: ASYNC910 - a component is awaited
    """Run incarnation after incarnation, as long as the child restarts alone and at once."""
    record, engine = begun.record, begun.record.engine
    was_left = True
    scope: trio.CancelScope | None = begun.scope
    try:
        if record.links is not None:
            scope = _scope_unless_it_waits(begun)
        epoch = FIRST
        while scope is not None:
            error: Exception | None = None
            through = True
            try:
                # The error is captured outside of the scope: a clean-up that raises while cancelled
                # arrives as a group that holds Cancelled until the scope has taken its own out of
                # it. What is no crash goes through, split from its group.
                try:
                    try:
                        with scope:
                            # The first life has no handler of ours inside: each that a
                            # cancellation passes slows an ordered stop down.
                            if epoch != FIRST:
                                await _live_on(engine, record, scope, epoch)
                            elif begun.stop_reason is None:
                                begun.task = trio.lowlevel.current_task()
                                await (run_watched if record.options.watched else call)(begun)
                    except Exception as raised:
                        error = raised
                except* Exception as group:
                    error = group
                through = False
            finally:
                scope = _task_has_ended(engine, record, error, scope, through=through)
                error = None
            epoch = record.epoch
        was_left = False
    finally:
        if was_left:
            _task_has_ended(engine, record, None, scope, through=True)
            await stop_the_others_first(engine)  # noqa: ASYNC102 - it shields, with a deadline


async def _live_on(engine: Engine, record: Record, scope: trio.CancelScope, epoch: int) -> None:
    """Run the next incarnation in the task of one that has ended, and those that follow it.

    A crash from which nothing but a restart follows is dealt with inside the scope of the child: to
    leave it and enter another would cost more than all the rest.
    """
    task = trio.lowlevel.current_task()
    status = getattr(task, INNERMOST_SCOPE, None)
    live = run_watched if record.options.watched else call
    while True:
        task.context = engine.context.copy()
        await trio.lowlevel.checkpoint()  # or it starves its siblings
        run = engine.next_run(record, scope, epoch)
        if run is None or run.stop_reason is not None:
            return
        run.task = task
        try:
            await live(run)
            return
        except Exception as raised:
            epoch = _restarts_alone(engine, record, run, raised, status)
            if epoch == UNTOUCHED:
                raise


def _scope_unless_it_waits(begun: Incarnation) -> trio.CancelScope | None:
    """Return the scope to run in; None if a need went away before the first step."""
    record = begun.record
    if begun.stop_reason is not None or record.needs_are_ready():
        return begun.scope
    record.run = None
    record.incarnations -= 1
    record.wait()
    record.engine.turn.release(record)
    record.do_not_wait_in_turn()
    record.engine.begin(record)
    return None


@trio.lowlevel.enable_ki_protection
def _restarts_alone(
    engine: Engine, record: Record, run: Incarnation, error: Exception, status: object
) -> int:
    """Deal with what a component raised, if nothing but a restart follows from it, at once.

    Returns:
        The epoch in which the next incarnation may begin, while holding the turn; `NEVER` if the
        observer made that more than this task can do; `UNTOUCHED` if nothing has been done.
    """
    now = engine.now()
    if (
        status is None
        # If a scope was left open: leaving ours shows that.
        or status is not getattr(run.task, INNERMOST_SCOPE, None)
        or run.ready_at is None
        or run.told
        or (isinstance(error, MAY_BE_NO_CRASH) and not is_crash(error))
        or record.stopping is not None
        or not may_restart_alone(engine, record, now)
    ):
        return UNTOUCHED
    # The observer is told next, and may ask for anything: so it is decided after that.
    event = _note_end(engine, record, run, Crashed(error), now)
    if restarts_alone(engine, record):
        restart_alone(engine, record, event, now)
        return record.epoch
    return record.epoch if _act(engine, record, event, run.ready_at) else NEVER


@trio.lowlevel.enable_ki_protection
def _task_has_ended(
    engine: Engine,
    record: Record,
    error: Exception | None,
    scope: trio.CancelScope | None,
    *,
    through: bool,
) -> trio.CancelScope | None:
    """Deal with the end of whatever a task was running.

    Args:
        engine: The supervisor.
        record: The child.
        error: What it raised, if it did.
        scope: What it ran in, by which its incarnation is known: the books may be closed already,
            or there is another by now, in another task.
        through: Whether something goes through that is no end of the component.

    Raises:
        Exception: What is to go through as well: an internal error of trio, split from its group.

    Returns:
        The scope of the next incarnation, if the same task is to run it at once; the turn is then
        held for it.
    """
    run = record.run
    if run is None or run.scope is not scope:
        if error is not None:
            raise error  # its books are closed, so that it is a fault of our own
        if through and run is None:
            _left_between(engine, record)
        return None
    now = engine.now()
    if error is None:
        stopping = record.stopping
        if (
            stopping is not None
            and stopping.silent_in is engine
            and not (run.clones or record.starting or engine.draining)
        ):  # nothing but an end that was asked for, and nobody to tell
            record.run = record.value = None
            if engine.turn.holder is record:
                engine.turn.release(record)
            following = stopping.after(record, now)
            if following is not None:
                following.cancel(reason=stopping.reason)
            return None
    elif isinstance(error, MAY_BE_NO_CRASH) and not through:
        _let_internal_through(engine, record, run, error, now)
    if _has_ended(engine, record, run, error, now, through=through):
        return trio.CancelScope()
    return None


def _let_internal_through(
    engine: Engine, record: Record, run: Incarnation, error: Exception, now: float
) -> None:
    """Close the books and raise what is an internal error of trio; do nothing if there is none."""
    internal, rest = apart(error)
    if internal is not None:
        _has_ended(engine, record, run, rest, now, through=True)
        raise internal


def _left_between(engine: Engine, record: Record) -> None:
    """Close the books of a child whose task was left when no incarnation was in them.

    An interrupt came before the next one, or what is no crash came out of an observer or a channel
    end while the books of the last were being closed.
    """
    was_to_begin = engine.turn.holder is record
    engine.turn.release(record)
    if record.stopping is not None:
        record.stopping.has_ended(record, engine.now())
    elif was_to_begin and record.state is not COMPLETE:  # a drain may have made it so meanwhile
        record.move(END)


def _has_ended(
    engine: Engine,
    record: Record,
    run: Incarnation,
    error: Exception | None,
    now: float,
    *,
    through: bool,
) -> bool:
    """Deal with the end of an incarnation; say whether its task is to run the next one at once."""
    if through and error is None:
        exit: Exit = LEFT
    else:
        exit = exit_of(run, error)
    event = _note_end(engine, record, run, exit, now)
    # After a failed attempt to restart, whoever waits comes first.
    engine.turn.release(record)
    if through:
        if record.stopping is not None:
            record.stopping.has_ended(record, now)
        else:
            record.move(END)
    elif record.stopping is not None or record.starting is not None:
        _ended_for_somebody(engine, record, exit, event, now)
    elif isinstance(exit, Stopped):
        record.move(END)
        if run.draining:
            engine.retire(record)
    else:
        return _act(engine, record, event, run.ready_at)
    return False


def _act(engine: Engine, record: Record, event: ChildEnded, ready_at: float | None) -> bool:
    """Do what follows from the end of a child: now, or when what came before it has been done.

    Returns:
        Whether it is to begin again in the same task; the turn is then held for it.
    """
    if engine.turn.holder is not None:
        answer = ask_policy(record, event.exit)
        returns = is_to_return(engine, record, event.exit, answer)
        record.move(RETRY if returns else END)
        if not returns:
            record.with_past().end_is_pending = True
        engine.turn.submit(
            partial(handle_end, engine, record, record.epoch, event, ready_at, answer)
        )
        if not returns:
            note_no_restart(engine, record, event, event.time)
        return False
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
    record.run = None
    record.value = None
    if isinstance(exit, Crashed):
        past = record.past or record.with_past()
        past.last_error = summary(exit.error)
        engine.observer(event)
    elif not isinstance(exit, Stopped) or exit.error is not None or engine.tells_all():
        engine.observer(event)
    if isinstance(exit, Stopped) and exit.error is not None:
        engine.unclean.append(record.path)
    if event.in_hand:
        _tell_of_dead_letters(engine, record, event)
    return event


def _tell_of_dead_letters(engine: Engine, record: Record, event: ChildEnded) -> None:
    for item in event.in_hand:
        if item.fate == "dead":
            letter = DeadLettered(
                channel=item.channel,
                time=event.time,
                message=item.message,
                attempts=item.attempt,
                error=record.last_error or "",
            )
            engine.observer(letter)


def _ended_for_somebody(
    engine: Engine, record: Record, exit: Exit, event: ChildEnded, now: float
) -> None:
    """Leave the end of an incarnation to whoever stops it or waits for its start."""
    if record.stopping is not None:
        record.stopping.has_ended(record, now)
    else:
        record.move(END)
    if isinstance(exit, Ignored):
        engine.start_declined(record)
    elif record.starting is not None and record.state is not WAITING:
        engine.fail_start(record, _why_not_started(engine, record, exit), event)


def _why_not_started(engine: Engine, record: Record, exit: Exit) -> Exception:
    if isinstance(exit, Crashed):
        return exit.error
    if isinstance(exit, ShutDown):
        return Shutdown(exit.term)
    return engine.not_started(record)


async def handle_end(
    engine: Engine,
    record: Record,
    epoch: int,
    event: ChildEnded,
    ready_at: float | None,
    answer: RestartType,
) -> None:
    """Deal with an end that had to wait for its turn."""
    await trio.lowlevel.checkpoint()
    if record.epoch != epoch:
        return
    match decide(engine, record, event, ready_at, trio.current_time(), answer):
        case "begin":
            engine.begin_held(record)
        case None:
            pass
        case step:
            await step()
