"""Whether a child that ended comes back, by its policy and by what goes on around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._events import Crashed, Exit
from ..observe import summary
from ..rules import LEAVE, RESTART_TYPES, RestartType, restart_type, whether
from ._draining import is_source
from ._record import Record

if TYPE_CHECKING:
    from ._engine import Engine


def is_to_return(
    engine: Engine, record: Record, exit: Exit, answer: RestartType | None = None
) -> bool:
    """Say whether a child that ended is to be started again.

    Args:
        engine: Its supervisor.
        record: The child.
        exit: How it ended.
        answer: What its policy said to that, if it was asked already.
    """
    if engine.ending or whether(answer or ask_policy(record, exit), exit) is LEAVE:
        return False
    # In a drain whatever returns is done, and a source has nothing more to do when it crashes.
    return not engine.draining or (isinstance(exit, Crashed) and not is_source(record))


def why_not(engine: Engine, record: Record) -> str:
    """Say why a child that crashed is not started again, without asking its policy once more."""
    if engine.ending:
        return "its supervisor is ending"
    if record.options.restart == "temporary":
        return "its restart type is temporary"
    if engine.draining:
        return "its supervisor drains"
    return "its restart policy makes it temporary for that error"


def ask_policy(record: Record, exit: Exit) -> RestartType:
    """Ask a child's policy about an end, which it is asked about once: it may count, or log.

    One that fails itself counts as transient, and the error says so.
    """
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
