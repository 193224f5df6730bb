"""One start by somebody who holds the turn: a call, a group that starts, or one that restarts."""

from __future__ import annotations

from ._record import Record, Starting
from ._states import WAITING


async def begin_and_wait(record: Record) -> Starting:
    """Begin a child while holding the turn, and wait until it is known what became of that.

    One that has to wait for what it needs is not waited for: that may take as long as the need,
    which may need the turn to become ready.

    Returns:
        How it went. A failure is the caller's: whether it is raised, tried again or passed over is
        what the callers differ in.

    Cancellation:
        A checkpoint; the start goes on.
    """
    starting = record.starting = Starting(1, in_turn=True)
    record.engine.begin(record)
    if record.state is WAITING:
        record.do_not_wait_in_turn()
    await starting.done.wait()
    return starting
