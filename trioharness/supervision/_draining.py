"""A drain: ending the children from the sources on, so that nothing queued is lost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import trio

from ._circles import circles_that_are_due
from ._closing import request_close
from ._handover import feed, finishes
from ._record import Record
from ._states import FINAL, PARKED, STOPPED
from ._stopping import Stopping, note_overrun

if TYPE_CHECKING:
    from ._engine import Engine


def begin_drain(engine: Engine, grace: float) -> None:
    """Begin to drain a supervisor; do nothing if it drains, or stops, already."""
    if not engine.draining and engine.closing is None:
        engine.draining = engine.takes_no_more = True
        engine.start_task(drain, engine, grace)


@trio.lowlevel.enable_ki_protection
async def drain(engine: Engine, grace: float) -> None:
    """End the children from the sources on, so that what is queued is still dealt with.

    Args:
        engine: The supervisor.
        grace: Seconds after which the rest is cancelled, in reverse start order.
    """
    for record in engine.records.values():
        if record.past is not None and record.past.delay is not None:
            record.past.delay.cancel(reason="drain")  # a consumer restarts at once
    with trio.move_on_after(grace) as scope:  # noqa: ASYNC912 - it waits while a child runs
        while engine.active and engine.closing is None:
            _end_what_is_due(engine)
            _finish_what_is_fed_from_outside(engine)
            _end_circles(engine)
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
    return makes_alone(record) and not _is_needed(record)


def _is_needed(record: Record) -> bool:
    """Say whether anybody left needs a child.

    What is merely held open until all else has ended is nobody, unless it is needed itself: neither
    of the two would ever end.
    """
    return any(
        other.state not in FINAL
        and (other.engine is not record.engine or not _is_held_open(other) or _is_needed(other))
        for other in record.dependents
    )


def _is_held_open(record: Record) -> bool:
    return record.background and not record.ends


def makes_alone(record: Record) -> bool:
    """Say whether a child makes something without receiving anything for it."""
    return not _is_held_open(record) and not any(kept.receives for kept in record.ends.values())


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
        feed(kept.end)
        for record in engine.records.values()
        for kept in record.ends.values()
        if not kept.receives and finishes(kept.end) and kept.holders
    }
    for record in tuple(engine.records.values()):
        if not record.active:
            continue
        for kept in record.ends.values():
            if kept.receives and finishes(kept.end) and feed(kept.end) not in fed:
                kept.end.finish()


def _end_circles(engine: Engine) -> None:
    """Begin with one of those that wait for each other to end, and for nobody else.

    Sources that asked to be told go first, even though somebody needs them, and supervisors inside
    of the circle drain: theirs is the time that this one has. Where there are none of either, what
    the first one in start order receives is finished; the others follow, as what is sent to
    them ends. A source that would have to be cancelled is one of these: nothing that is needed is
    cancelled before those that need it.
    """
    for circle in circles_that_are_due(engine):
        listening = [record for record in circle if makes_alone(record) and _listens(record)]
        for record in listening:
            _tell_of_drain(engine, record)
        inside = [inner for record in circle for inner in record.inside]
        for inner in inside:  # who sends in the circle may be in there
            begin_drain(inner, math.inf)
        if not (listening or inside):
            received = (
                [kept.end for kept in record.ends.values() if kept.receives] for record in circle
            )
            for end in next(filter(None, received)):
                if finishes(end):
                    end.finish()


def _listens(record: Record) -> bool:
    run = record.run
    return run is not None and (run.draining or bool(run.drain_scopes))
