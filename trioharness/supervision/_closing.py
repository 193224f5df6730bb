"""Ending a supervisor: the ordered stop of everything, and a drain that loses nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from .._events import State
from ..rules import Cause
from ._handover import Finishes
from ._record import Record
from ._stopping import stop_in_order

if TYPE_CHECKING:
    from ._engine import Engine


@trio.lowlevel.enable_ki_protection
def request_close(engine: Engine, reason: str) -> None:
    """Begin the ordered stop of everything; do nothing if it has begun already."""
    if engine.closing is not None:
        return
    engine.closing = reason
    engine.turn.refuse(engine.closed_error)
    for record in tuple(engine.records.values()):
        # Whatever somebody waits for to start would hold up the stop: it is the last in the order,
        # so it is also the first to go.
        if record.starting is not None or engine.turn.held_for is record:
            _abandon_start(engine, record, reason)
    engine.turn.submit(partial(_close, engine), first=True)


def _abandon_start(engine: Engine, record: Record, reason: str) -> None:
    record.void()
    if record.run is not None:
        grace = 0.0 if engine.hurried else record.options.grace
        record.run.stop(reason, grace, trio.current_time())
    elif record.starting is not None:
        starting, record.starting = record.starting, None
        starting.fail(record, engine.closed_error())
        if starting.forgets:
            engine.undo(record)


async def _close(engine: Engine) -> None:
    """Stop all children in reverse start order."""
    assert engine.closing is not None
    records = tuple(engine.records.values())
    await stop_in_order(engine, records, engine.closing, engine.let_go, all_at_once=engine.pool)
    engine.active.clear()
    engine.finished.set()
    engine.check_idle()
    engine.check_idle()  # the body may wait for the children, where a drain took too long


def hurry(engine: Engine, reason: str) -> None:
    """Let no child of the tree have any more grace, and do not wait for the order any longer."""
    engine.hurried = True
    engine.finished.set()
    for record in engine.records.values():
        if record.run is not None:
            record.run.kill(reason)


@trio.lowlevel.enable_ki_protection
async def drain(engine: Engine, grace: float) -> None:
    """End the children from the sources on, so that what is queued is still dealt with.

    Args:
        engine: The supervisor.
        grace: Seconds after which the rest is cancelled, in reverse start order.
    """
    with trio.move_on_after(grace) as scope:  # noqa: ASYNC912 - it waits while a child runs
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
    engine.check_idle()


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
            run.stop("drain", record.options.grace, trio.current_time())


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
