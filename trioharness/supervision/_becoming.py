"""What becomes of a child that was stopped: one function for each reason that there may be.

They are told to `stop_in_order`, which calls them for each child that has ended, or did not run; a
child may be one of another supervisor, if it needs one of those that are stopped.
"""

from __future__ import annotations

from ._record import Record
from ._states import COMPLETE, END, FINAL, WAITING


def let_go(record: Record) -> None:
    """Take note that a child has ended while everything ends: nothing follows from it.

    Nor is it counted: none holds the supervisor open once all have ended.
    """
    if record.starting is not None:
        record.engine.retire(record)
    elif record.state is not COMPLETE:
        # Its kept ends close when all have ended: those that still run are not to see them break,
        # which would be a crash of theirs.
        record.move(END)


def put_down(record: Record) -> None:
    """Leave a child that was stopped as it is; a temporary one is forgotten."""
    engine = record.engine
    final = record.end_is_pending or record.options.restart == "temporary" or engine.pool
    if final or record.starting is not None:
        engine.retire(record)
    elif record.state is not COMPLETE:
        engine.rest(record)
        record.stay_down()


def hold(record: Record) -> None:
    """Have a child that was stopped start again as soon as what it needs is ready.

    One that ended by itself meanwhile is left alone.
    """
    if record.end_is_pending or record.options.restart == "temporary":
        record.engine.retire(record)
    elif record.state not in FINAL:
        record.wait()
        record.do_not_wait_in_turn()


def set_aside(record: Record) -> None:
    """Leave a child that was stopped to the restart of its group; a temporary one for good."""
    if record.starting is not None and record.state is WAITING:
        return  # it never ran, and somebody waits with it
    if record.starting is not None or record.options.restart == "temporary":
        record.engine.retire(record)
    elif record.state is not COMPLETE:
        record.settle_end()
        record.move(END)
        record.engine.deactivate(record)
