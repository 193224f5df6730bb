"""Ending things: one child, all children, and a drain that loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from .._events import ChildStopping, ChildStuck, State
from ..rules import Cause
from ._handover import Finishes
from ._record import NOT_RUNNING, Record

if TYPE_CHECKING:
    from ._engine import Engine

STUCK_AFTER = 1.0
"""Seconds beyond its grace after which a child is reported as stuck."""


async def stop(engine: Engine, record: Record, reason: str, then: Cause) -> None:
    """Stop one child and wait for its end, however long that takes; while holding the turn.

    trio cannot kill a task: a child that outlives its grace is reported, and waited for.

    Args:
        engine: The supervisor.
        record: The child.
        reason: Why, for its `trio.Cancelled` and for the observer.
        then: What becomes of it: `Cause.END` or `Cause.HOLD`.
    """
    record.void()
    run = record.run
    if run is not None:
        record.move(Cause.STOP)
        number, now = run.number, trio.current_time()
        engine.observer(
            ChildStopping(path=record.path, incarnation=number, time=now, reason=reason)
        )
        run.stop(reason, 0.0 if engine.hurried else record.options.grace)
        with trio.move_on_at(run.grace_ends + STUCK_AFTER):
            await record.until(NOT_RUNNING)
        if record.run is run:
            engine.overran.append(record.path)
            now, stack = trio.current_time(), run.stack()
            engine.observer(ChildStuck(path=record.path, incarnation=number, time=now, stack=stack))
            await record.until(NOT_RUNNING)
    else:
        await trio.lowlevel.checkpoint()
    if record.state is not State.COMPLETE:
        record.move(then)


def request_close(engine: Engine, reason: str) -> None:
    """Begin the ordered stop of everything; do nothing if it has begun already."""
    if engine.closing is not None:
        return
    engine.closing = reason
    engine.turn.refuse(engine.closed_error)
    for record in engine.records.values():
        # Whatever somebody waits for to start would hold up the stop: it is the last in the order,
        # so it is also the first to go.
        if record.starting is not None or engine.turn.held_for is record:
            _abandon_start(engine, record, reason)
    engine.turn.submit(lambda: _close(engine), first=True)


def _abandon_start(engine: Engine, record: Record, reason: str) -> None:
    record.void()
    if record.run is not None:
        record.run.stop(reason, 0.0 if engine.hurried else record.options.grace)
    elif record.starting is not None:
        starting, record.starting = record.starting, None
        starting.fail(record, engine.closed_error())


async def _close(engine: Engine) -> None:
    """Stop all children in reverse start order."""
    reason = engine.closing
    assert reason is not None
    for record in reversed(tuple(engine.records.values())):
        if record.run is not None or record.state is not State.COMPLETE:
            await stop(engine, record, reason, Cause.END)
            engine.retire(record)
    engine.finished.set()


def hurry(engine: Engine, reason: str) -> None:
    """Let no child of the tree have any more grace."""
    engine.hurried = True
    for record in engine.records.values():
        if record.run is not None:
            record.run.kill(reason)


async def drain(engine: Engine, grace: float) -> None:
    """End the children from the sources on, so that what is queued is still dealt with.

    Args:
        engine: The supervisor.
        grace: Seconds after which the rest is cancelled, in reverse start order.
    """
    with trio.move_on_after(grace) as scope:
        while engine.active and engine.closing is None:
            for record in tuple(engine.records.values()):
                if _is_source(record):
                    _tell(engine, record)
            _finish_what_is_fed_from_outside(engine)
            if engine.active:
                await engine.ended_lot.park()
    await trio.lowlevel.checkpoint()
    if scope.cancelled_caught:
        engine.overran += sorted(record.path for record in engine.active)
        request_close(engine, "the grace of the drain is over")


def _is_source(record: Record) -> bool:
    """Say whether a child makes what others consume, and nobody left needs it."""
    kept = record.arguments.ends.values()
    if any(end.receives for end in kept) or (record.background and not kept):
        return False
    return record.state is not State.COMPLETE and not any(
        other.state not in (State.STOPPED, State.COMPLETE) for other in record.dependents
    )


def _tell(engine: Engine, record: Record) -> None:
    run = record.run
    if run is None:
        if record.state not in (State.STOPPED, State.PARKED):
            engine.retire(record)
    elif not run.draining:
        run.draining = True
        for scope in run.drain_scopes:
            scope.cancel(reason="drain")
        if not run.drain_scopes:
            record.move(Cause.STOP)
            run.stop("drain", record.options.grace)


def _finish_what_is_fed_from_outside(engine: Engine) -> None:
    """Finish the receive ends whose channel no child sends to any more."""
    fed = {
        id(kept.end.channel)
        for record in engine.records.values()
        for kept in record.arguments.ends.values()
        if not kept.receives and isinstance(kept.end, Finishes) and kept.holders
    }
    for record in tuple(engine.active):
        for kept in record.arguments.ends.values():
            if kept.receives and isinstance(kept.end, Finishes) and id(kept.end.channel) not in fed:
                kept.end.finish()
