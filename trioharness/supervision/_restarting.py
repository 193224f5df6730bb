"""What follows from the end of a child; all of it happens while holding the turn."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import trio

from .._errors import RestartLimitExceeded, UnexpectedReturn
from .._events import ChildEnded, ChildRestarting, Crashed, Exit, GaveUp, State
from ..observe import summary
from ..rules import Cause, whether, whom
from ._record import RUNNING, Record
from ._stopping import stop
from ._turn import Step

if TYPE_CHECKING:
    from ._engine import Engine

Answer: TypeAlias = Literal["begin"] | Step | None
"""What follows from the end of a child: a start at once, a step that takes time, or nothing."""


def decide(engine: Engine, record: Record, event: ChildEnded, ready_at: float | None) -> Answer:
    """Decide what follows from the end of a child; count it, and tell the observer.

    Args:
        engine: The supervisor.
        record: The child.
        event: How it ended.
        ready_at: When that incarnation became ready, if it did.

    Returns:
        What to do.
    """
    if engine.closing is not None or not _is_wanted(engine, record, event.exit):
        engine.retire(record)
        return None
    restarts = _count(engine, record, event)
    if restarts > engine.limit.max_restarts:
        _give_up(engine, record, event.time)
        return None
    if record.state is not State.RESTARTING:
        record.move(Cause.RETRY)
    record.restarts += 1
    delay = _delay(engine, record, event, ready_at)
    exit = event.exit
    because = summary(exit.error) if isinstance(exit, Crashed) else "it returned"
    engine.observer(
        ChildRestarting(
            path=record.path,
            incarnation=event.incarnation,
            time=event.time,
            delay=delay,
            restarts=restarts,
            max_restarts=engine.limit.max_restarts,
            because=because,
        )
    )
    taken_along = _taken_along(engine, record)
    if taken_along or delay > 0 or not record.needs_are_ready():
        reason = f"restart of {record.path!r} ({because})"
        return partial(_restart_with, engine, record, taken_along, delay, reason)
    return "begin"


def _is_wanted(engine: Engine, record: Record, exit: Exit) -> bool:
    if engine.failure is not None or not whether(record.options.restart, exit):
        return False
    # A source has nothing more to do in a drain; a consumer still has what is queued.
    return not engine.draining or any(kept.receives for kept in record.arguments.ends.values())


def _count(engine: Engine, record: Record, event: ChildEnded) -> int:
    """Count a restart, and return how many count now."""
    if any(item.fate != "acknowledged" for item in event.in_hand):
        # Limited by the deliveries of the message: else one poison message would end a system.
        return 0
    exit = event.exit
    error = exit.error if isinstance(exit, Crashed) else UnexpectedReturn(record.path)
    note = f"{record.path}, incarnation {event.incarnation}, at {event.time:.3f} s"
    errors = engine.errors
    errors.append((event.time, error, note))
    while errors[0][0] < event.time - engine.limit.within:
        errors.popleft()
    return engine.window.how_often(event.time)


def _delay(engine: Engine, record: Record, event: ChildEnded, ready_at: float | None) -> float:
    backoff = record.options.backoff
    if backoff is None or engine.draining:
        return 0.0
    if ready_at is not None and event.time - ready_at >= backoff.healthy_after:
        record.attempts = 0
    record.attempts += 1
    return backoff.delay(record.attempts, engine.chance)


def _give_up(engine: Engine, record: Record, now: float) -> None:
    allowed = str(engine.limit)
    engine.retire(record)
    engine.observer(GaveUp(path=engine.path, time=now, child=record.path, why=allowed))
    for _, error, note in engine.errors:
        error.add_note(note)
    errors = [error for _, error, _ in engine.errors]
    engine.failure = RestartLimitExceeded(engine.path, allowed, errors)
    engine.errors.clear()
    engine.body_scope.cancel(reason=f"supervisor {engine.path!r} gave up")


def _taken_along(engine: Engine, record: Record) -> tuple[Record, ...]:
    """Return the other children that the restart stops first, in start order."""
    if not record.dependents:
        return ()
    dependents: set[Record] = set()
    found = [record]
    while found:
        new = [d for d in found.pop().dependents if d not in dependents]
        dependents.update(new)
        found += new
    affected = {d for d in dependents if d.state in RUNNING or d.state is State.RESTARTING}
    return whom(engine.strategy, tuple(engine.records.values()), record, affected)


async def _restart_with(
    engine: Engine, record: Record, taken_along: tuple[Record, ...], delay: float, reason: str
) -> None:
    """Stop what is taken along, then start the child, or have it started after its delay."""
    epoch = record.epoch
    for other in reversed(taken_along):
        await stop(engine, other, reason, Cause.HOLD)
    if record.epoch == epoch and engine.closing is None:
        if delay > 0:
            engine.start_task(_later, engine, record, delay)
        else:
            engine.begin_held(record)
    await trio.lowlevel.checkpoint()


async def _later(engine: Engine, record: Record, delay: float) -> None:
    """Wait out a back-off; only the start waits, the turn is free meanwhile."""
    epoch = record.epoch
    with trio.CancelScope() as record.delay:
        await trio.sleep(delay)
    record.delay = None
    if record.epoch == epoch:
        engine.turn.submit(partial(_begin_delayed, engine, record, epoch))


async def _begin_delayed(engine: Engine, record: Record, epoch: int) -> None:
    await trio.lowlevel.checkpoint()
    if record.epoch == epoch:
        engine.begin_held(record)
