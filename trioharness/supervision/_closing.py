"""Ending a supervisor: the ordered stop of everything, in the time there is for it."""

from __future__ import annotations

import contextlib
import math
from functools import partial
from typing import TYPE_CHECKING

import trio

from .._errors import RestartLimitExceeded
from ._becoming import let_go
from ._record import Record
from ._stopping import stop_in_order, tell

if TYPE_CHECKING:
    from ._engine import Engine


@trio.lowlevel.enable_ki_protection
def request_close(engine: Engine, reason: str) -> None:
    """Begin the ordered stop of everything; do nothing if it has begun already."""
    if engine.closing is not None:
        return
    engine.closing, engine.takes_no_more = reason, True
    if not engine.hosted.is_set():
        engine.finished.set()  # before anything could be started
        return
    if engine.nursery.cancel_scope.cancel_called:
        return  # it is all ending at once already
    engine.turn.refuse(engine.closed_error)
    # Whatever somebody waits for to start would hold up the stop: it is the last in the order, so
    # it is also the first to go.
    holder = engine.turn.holder
    started = [r for r in engine.records.values() if r.starting is not None or r is holder]
    for record in reversed(started):
        _abandon_start(engine, record, reason)
    engine.turn.submit(partial(_close, engine), first=True)
    engine.check_idle()


def _abandon_start(engine: Engine, record: Record, reason: str) -> None:
    record.void()
    if record.run is not None:
        tell(engine, record.run, reason, engine.now())
    else:
        engine.fail_start(record, engine.closed_error())


async def _close(engine: Engine) -> None:
    """Stop all children in reverse start order."""
    assert engine.closing is not None
    records = tuple(engine.records.values())
    try:
        await stop_in_order(engine, records, engine.closing, let_go, all_at_once=engine.pool)
    finally:  # also when an observer leaves it: nobody else would end the wait for it
        engine.active = 0
        for record in records:
            record.active = False
        engine.finished.set()
        engine.check_idle()


@trio.lowlevel.enable_ki_protection
async def close_in_time(engine: Engine, reason: str) -> None:
    """Stop whatever still runs, shielded for as long as there is grace.

    Args:
        engine: The supervisor.
        reason: Why it stops.
    """
    request_close(engine, reason)
    with stop_shield(engine) as scope:
        await engine.finished.wait()
    if scope.cancelled_caught:
        hurry(engine, f"the grace of supervisor {engine.path!r} is over")


async def stop_the_others_first(engine: Engine) -> None:
    """Hold back what leaves a component, such as KeyboardInterrupt, for an ordered stop."""
    engine.left = engine.takes_no_more = True
    if not engine.nursery.cancel_scope.cancel_called:
        engine.body_scope.cancel(reason="a component was left by what is no crash")
        with stop_shield(engine):
            await engine.finished.wait()
    await trio.lowlevel.cancel_shielded_checkpoint()


def stop_shield(engine: Engine) -> contextlib.AbstractContextManager[trio.CancelScope]:
    """Return a shield for the wait for an ordered stop.

    It lasts for the grace of the component that the supervisor is in, if that was told to stop, or
    is as soon as that happens; else for that of the supervisor. One that ends by itself has nobody
    who waits for it, so that each child has its own grace.
    """
    by_itself = engine.failure is not None
    deadline = math.inf if by_itself else engine.now() + engine.cancel_grace
    above = None if engine.parent is None else engine.parent.run
    if above is None:
        return trio.CancelScope(shield=True, deadline=deadline)
    return above.shielded(above.grace_ends if above.told else deadline)


def hurry(engine: Engine, reason: str) -> None:
    """Let no child of the tree have any more grace."""
    engine.hurried = True
    for record in engine.records.values():
        if record.run is not None:
            record.run.kill(reason)
            if record.stopping is not None:
                record.stopping.heed(record.run.grace_ends)


def parked_failure(engine: Engine) -> RestartLimitExceeded | None:
    """Return the errors of the children that are parked at the end, if there are any."""
    if engine.exhausted != "park":
        return None
    pasts = [record.past for record in engine.records.values() if record.past is not None]
    errors = [error for past in pasts for error in past.parked_for]
    return RestartLimitExceeded(engine.path, str(engine.limit), errors) if errors else None
