"""A drain: ending the children from the sources on, so that nothing queued is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from ._closing import request_close
from ._handover import Finishes
from ._record import Record
from ._states import FINAL, PARKED, STOPPED
from ._stopping import Stopping, note_overrun

if TYPE_CHECKING:
    from ._engine import Engine


@trio.lowlevel.enable_ki_protection
async def drain(engine: Engine, grace: float) -> None:
    """End the children from the sources on, so that what is queued is still dealt with.

    Args:
        engine: The supervisor.
        grace: Seconds after which the rest is cancelled, in reverse start order.
    """
    for record in engine.records.values():
        if record.delay is not None:
            record.delay.cancel(reason="drain")  # a consumer restarts at once
    with trio.move_on_after(grace) as scope:  # noqa: ASYNC912 - it waits while a child runs
        while engine.active and engine.closing is None:
            _end_what_is_due(engine)
            _finish_what_is_fed_from_outside(engine)
            if engine.active:
                await engine.ended_lot.park()
    await trio.lowlevel.checkpoint()
    if scope.cancelled_caught:
        for record in engine.records.values():
            if record.active:
                note_overrun(engine, record)
        request_close(engine, "the grace of the drain is over")
    engine.check_idle()


def _end_what_is_due(engine: Engine) -> None:
    """Tell the sources that are left, and retire who is down for good."""
    for record in tuple(engine.records.values()):
        if _is_down(record):
            engine.retire(record)  # nobody can start it any more: it keeps no end open
        elif is_source(record):
            _tell_of_drain(engine, record)


def _is_down(record: Record) -> bool:
    """Say whether a child was stopped by hand, and not set aside for the restart of its group."""
    down = record.state in (STOPPED, PARKED)
    return down and not record.active and not record.background


def is_source(record: Record) -> bool:
    """Say whether a child makes what others consume, and nobody left needs it."""
    kept = record.ends.values()
    if any(end.receives for end in kept) or (record.background and not kept):
        return False
    return all(other.state in FINAL for other in record.dependents)


def _tell_of_drain(engine: Engine, record: Record) -> None:
    run = record.run
    if run is None:
        if record.state not in FINAL:
            engine.retire(record)
    elif not run.draining:
        run.draining = True
        for scope in run.drain_scopes:
            scope.cancel(reason="drain")
        if not run.drain_scopes and record.stopping is None:
            stopping = Stopping(engine, [record], "drain", engine.retire)
            stopping.tell_next(engine.now())
            engine.start_task(stopping.wait)


def _finish_what_is_fed_from_outside(engine: Engine) -> None:
    """Finish the receive ends whose channel no child sends to any more."""
    fed = {
        id(kept.end.channel)
        for record in engine.records.values()
        for kept in record.ends.values()
        if not kept.receives and isinstance(kept.end, Finishes) and kept.holders
    }
    for record in tuple(engine.records.values()):
        if not record.active:
            continue
        for kept in record.ends.values():
            if kept.receives and isinstance(kept.end, Finishes) and id(kept.end.channel) not in fed:
                kept.end.finish()
