"""What follows from the end of a child; all of it happens while holding the turn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import trio

from .._errors import RestartLimitExceeded, Shutdown, UnexpectedReturn
from .._events import (
    ChildEnded,
    ChildParked,
    ChildRestarting,
    Crashed,
    Exit,
    GaveUp,
    Ignored,
    Returned,
    State,
)
from ..observe import summary
from ..rules import (
    RESTART_TYPES,
    Backoff,
    Cause,
    RestartType,
    restart_type,
    shuts_down,
    whether,
    whom,
)
from ._becoming import hold, set_aside
from ._draining import is_source
from ._record import FINAL, RUNNING, Record, Starting
from ._stopping import stop_in_order
from ._turn import Step

if TYPE_CHECKING:
    from ._engine import Engine

Answer: TypeAlias = Literal["begin"] | Step | None
"""What follows from the end of a child: a start at once, a step that takes time, or nothing."""


def is_to_return(engine: Engine, record: Record, exit: Exit) -> bool:
    """Say whether a child that ended is to be started again."""
    if engine.ending or not whether(_restart_type(record, exit), exit):
        return False
    # In a drain whatever returns is done, and a source has nothing more to do when it crashes.
    return not engine.draining or (isinstance(exit, Crashed) and not is_source(record))


def _restart_type(record: Record, exit: Exit) -> RestartType:
    """Ask a child's policy; one that fails itself counts as transient, and the error says so."""
    try:
        answer = restart_type(record.options.restart, exit)
    except Exception as error:
        problem = f"raised {summary(error)}"
    else:
        if answer in RESTART_TYPES:
            return answer
        problem = f"gave {answer!r}, which is no restart type"
    if isinstance(exit, Crashed):
        exit.error.add_note(f"the restart policy of {record.path!r} {problem}")
    return "transient"


def decide(
    engine: Engine, record: Record, event: ChildEnded, ready_at: float | None, now: float
) -> Answer:
    """Decide what follows from the end of a child; count it, and tell the observer.

    Args:
        engine: The supervisor.
        record: The child.
        event: How it ended.
        ready_at: When that incarnation became ready, if it did.
        now: The time; later than that of its end, if that had to wait for its turn.

    Returns:
        What to do.
    """
    if not is_to_return(engine, record, event.exit):
        engine.retire(record)
        if record.options.significant and not isinstance(event.exit, Ignored):
            _end_with_significant(engine, record, now)
        return None
    return restart(engine, record, event, ready_at, now)


def restarts_alone(engine: Engine, record: Record, now: float) -> bool:
    """Say whether a crash of a child is sure to be followed by nothing but its restart, at once."""
    options = record.options
    return (
        engine.turn.holder is None
        and engine.strategy == "one_for_one"
        and not record.dependents
        and options.backoff is None
        and options.restart in ("transient", "permanent")
        and engine.closing is None
        and engine.failure is None
        and not engine.draining
        and not engine.window.is_full(now)
        and record.needs_are_ready()
    )


def restart(
    engine: Engine, record: Record, event: ChildEnded, ready_at: float | None, now: float
) -> Answer:
    """Count the restart of a child, and tell the observer; or do what follows from too many.

    Args and the return value are those of `decide`.
    """
    restarts = _count(engine, record, event, now)
    if restarts > engine.limit.max_restarts:
        if engine.exhausted == "park":
            _park(engine, record, event, now)
            return partial(_stop_dependents_of_parked, engine, record)
        _give_up(engine, record, now)
        return None
    if record.state is not State.RESTARTING:
        record.move(Cause.RETRY)
    record.restarts += 1
    backoff = record.options.backoff
    delay = 0.0 if backoff is None else _delay(engine, record, backoff, event, ready_at)
    because = _because(record, event.exit)
    record.restart = ChildRestarting(
        path=record.path,
        incarnation=event.incarnation,
        time=now,
        delay=delay,
        restarts=restarts,
        max_restarts=engine.limit.max_restarts,
        because=because,
    )
    engine.observer(record.restart)
    if engine.strategy != "one_for_one":
        return partial(_restart_group, engine, record, record.epoch, delay, because)
    if record.dependents or delay > 0 or not record.needs_are_ready():
        return partial(_restart_with_dependents, engine, record, record.epoch, delay, because)
    return "begin"


def _because(record: Record, exit: Exit) -> str:
    if isinstance(exit, Crashed):
        assert record.last_error is not None
        return record.last_error
    return "it returned" if isinstance(exit, Returned) else "it ended on purpose"


def _end_with_significant(engine: Engine, record: Record, now: float) -> None:
    """End the supervisor if the end of this significant child asks for it."""
    if engine.ending:
        return
    others_left = any(
        other.options.significant and other is not record and other.state not in FINAL
        for other in engine.records.values()
    )
    if shuts_down(engine.auto_shutdown, others_left=others_left):
        allowed = f"the end of a significant child ({engine.auto_shutdown})"
        engine.observer(
            GaveUp(
                path=engine.path, time=now, child=record.path, why="auto_shutdown", allowed=allowed
            )
        )
        _end(engine, Shutdown(), f"significant child {record.path!r} has ended")


def _count(engine: Engine, record: Record, event: ChildEnded, now: float) -> int:
    """Count a restart, and return how many count now."""
    if event.in_hand and any(item.fate != "acknowledged" for item in event.in_hand):
        # Limited by the deliveries of the message: else one poison message would end a system.
        return 0
    exit = event.exit
    error = exit.error if isinstance(exit, Crashed) else UnexpectedReturn(record.path)
    errors = engine.errors
    errors.append((event, error))
    restarts = engine.window.how_often(now)
    while len(errors) > restarts:
        errors.popleft()
    return restarts


def _delay(
    engine: Engine, record: Record, backoff: Backoff, event: ChildEnded, ready_at: float | None
) -> float:
    if engine.draining:
        return 0.0
    if ready_at is not None and event.time - ready_at >= backoff.healthy_after:
        record.attempts = 0
    record.attempts += 1
    return backoff.delay(record.attempts, engine.chance)


def _give_up(engine: Engine, record: Record, now: float) -> None:
    allowed = str(engine.limit)
    engine.retire(record)
    engine.observer(
        GaveUp(path=engine.path, time=now, child=record.path, why="intensity", allowed=allowed)
    )
    failure = RestartLimitExceeded(engine.path, allowed, _noted_errors(engine))
    _end(engine, failure, f"supervisor {engine.path!r} gave up")


def _end(engine: Engine, failure: RestartLimitExceeded | Shutdown, reason: str) -> None:
    """End the supervisor: its block is left, then the children are stopped."""
    engine.failure = failure
    # It takes a moment until the block is left; whoever waits for the turn is not to get it then.
    engine.turn.refuse(engine.closed_error)
    engine.body_scope.cancel(reason=reason)


def _park(engine: Engine, record: Record, event: ChildEnded, now: float) -> None:
    """Leave a child down; the others go on."""
    allowed = str(engine.limit)
    record.void()
    record.move(Cause.PARK)
    record.parked_for = _noted_errors(engine)
    engine.window.forget()
    engine.deactivate(record)
    record.parked = ChildParked(
        path=record.path, incarnation=event.incarnation, time=now, allowed=allowed
    )
    engine.observer(record.parked)


async def _stop_dependents_of_parked(engine: Engine, record: Record) -> None:
    """Have those that need a parked child wait for it; they do not hold the supervisor open."""
    waiting = [d for d in with_dependents(engine, record) if d is not record]
    running = [d for d in waiting if d.state not in FINAL]
    await stop_in_order(engine, running, f"{record.path!r}, which it needs, is parked", hold)
    for other in running:
        other.engine.deactivate(other)
        other.engine.check_idle()
    engine.check_idle()


def _noted_errors(engine: Engine) -> list[Exception]:
    """Return the errors of the last period, each with a note on when it was, and forget them."""
    for event, error in engine.errors:
        error.add_note(f"{event.path}, incarnation {event.incarnation}, at {event.time:.3f} s")
    errors = [error for _, error in engine.errors]
    engine.errors.clear()
    return errors


def _dependents(record: Record) -> dict[Record, None]:
    """Return all children that need this one, at any depth, also those of supervisors inside."""
    dependents: dict[Record, None] = {}
    found = [record]
    while found:
        new = [d for d in found.pop().dependents if d not in dependents]
        dependents.update(dict.fromkeys(new))
        found += new
    return dependents


def with_dependents(engine: Engine, record: Record) -> list[Record]:
    """Return a child and all that need it, in start order; those of supervisors inside come last.

    They are to be stopped first; and among them `Stopping` sees to the order.
    """
    found = _dependents(record)
    own = [r for r in engine.records.values() if r is record or r in found]
    return own + [r for r in found if r.engine is not engine]


def _taken_along(engine: Engine, record: Record) -> list[Record]:
    """Return whom the restart of a child takes along, as `with_dependents` does."""
    found = _dependents(record)
    up = [d for d in found if d.state in RUNNING or d.state is State.RESTARTING]
    group = engine.strategy != "one_for_one"
    own = whom(engine.strategy, tuple(engine.records.values()), record, set(found if group else up))
    return [*own, *(d for d in up if d.engine is not engine)]


# Epochs are those of the decision: a task starts a moment later, and much may be void by then.


async def _restart_with_dependents(
    engine: Engine, record: Record, epoch: int, delay: float, because: str
) -> None:
    """Stop those that need the child; then start it, or have it started after its delay.

    Those that need it start again by themselves, as soon as it is ready. One that has ended by
    itself meanwhile, or never began, is left alone.
    """
    reason = f"restart of {record.path!r} ({because})"
    await stop_in_order(engine, _taken_along(engine, record), reason, hold)
    if record.epoch != epoch or engine.ending:
        engine.wake_dependents(record)
    elif delay > 0 and not engine.draining:
        _start_later(engine, record, epoch, delay, None)
    else:
        engine.begin_held(record)


def _start_later(
    engine: Engine, record: Record, epoch: int, delay: float, group: list[Record] | None
) -> None:
    record.delay = trio.CancelScope()
    engine.start_task(_later, engine, record, epoch, record.delay, delay, group)


async def _restart_group(
    engine: Engine, record: Record, epoch: int, delay: float, because: str
) -> None:
    """Stop whom the strategy takes along, in reverse order; then start the group in order."""
    if record.epoch != epoch:
        await trio.lowlevel.checkpoint()
        return
    engine.activate(record)  # for all of them, until they are begun or it is stopped
    order = tuple(engine.records.values())
    taken_along = _taken_along(engine, record)
    reason = f"restart of {record.path!r} ({because})"
    await stop_in_order(engine, taken_along, reason, partial(_leave_to_group, engine))
    if record.epoch != epoch or engine.ending:
        engine.wake_dependents(record)
        return
    group = [r for r in order if r is record or r in taken_along]
    if delay > 0:
        _start_later(engine, record, epoch, delay, group)
    else:
        await _begin_group(engine, record, group)


def _leave_to_group(engine: Engine, record: Record) -> None:
    """Leave a child that was stopped to the restart of its group, or to that of what it needs."""
    if record.engine is engine:
        set_aside(record)
    else:
        hold(record)


async def _begin_group(engine: Engine, record: Record, group: Sequence[Record]) -> None:
    """Start the group of a child that is to be restarted."""
    await _start_group(engine, group)
    if record.background:
        engine.deactivate(record)
        engine.check_idle()


async def _start_group(engine: Engine, group: Sequence[Record]) -> None:
    """Start the members of a group in order, each when the one before is ready.

    One that fails ends the attempt: it is then a child that ended and is to be restarted, after
    whatever waits already.
    """
    await trio.lowlevel.checkpoint()
    for position, record in enumerate(group):
        if engine.ending:
            return
        if not _is_set_aside(engine, record):
            continue
        # Should this one decline, those that are still to begin hold the supervisor open.
        rest = [r for r in group[position + 1 :] if _is_set_aside(engine, r) and not r.background]
        for other in rest:
            engine.activate(other)
        starting = record.starting = Starting(1, in_turn=True)
        engine.begin(record)
        if record.state is State.WAITING:
            record.starting = None
            continue
        await starting.done.wait()
        if starting.failed is None:
            continue
        if starting.ended is not None and is_to_return(engine, record, starting.ended.exit):
            engine.retry(record, starting.ended)
            for other in rest:
                if other.state in FINAL:
                    engine.deactivate(other)
            for other in group[position:]:
                if other.state is State.RESTARTING and other is not record:
                    set_aside(other)  # it is no longer the one that is tried again
            return
        engine.retire(record)  # it is not tried again, so the others start without it


def _is_set_aside(engine: Engine, record: Record) -> bool:
    """Say whether a member of a group is to be started with it.

    Not one that runs or is complete, nor a temporary one, which was forgotten when it was stopped,
    nor one that waits for what it needs while somebody waits for its start.
    """
    if record.state in RUNNING or record.state is State.COMPLETE or record.starting is not None:
        return False
    return engine.records.get(record.name) is record


@trio.lowlevel.enable_ki_protection
async def _later(
    engine: Engine,
    record: Record,
    epoch: int,
    scope: trio.CancelScope,
    delay: float,
    group: list[Record] | None,
) -> None:
    """Wait out a back-off; only the start waits, the turn is free meanwhile."""
    with scope:
        await trio.sleep(delay)
    if record.delay is scope:
        record.delay = None
    if record.epoch == epoch:
        engine.turn.submit(partial(_begin_delayed, engine, record, epoch, group))


async def _begin_delayed(
    engine: Engine, record: Record, epoch: int, group: list[Record] | None
) -> None:
    await trio.lowlevel.checkpoint()
    if record.epoch != epoch or engine.ending:
        return
    if group is None:
        engine.begin_held(record)
    else:
        await _begin_group(engine, record, group)
