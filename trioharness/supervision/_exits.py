"""What an exception means as the end of an incarnation.

A nursery raises groups, whatever is raised inside of it. So a group means what all its members
mean: one of `Shutdown` alone is an end on purpose, one of `Ignore` alone a start that was declined,
and any other a crash. `RestartLimitExceeded` is a group too, but one that says something itself:
that a supervisor gave up, which is a crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar, cast

import trio

from .._errors import ChildKilled, Ignore, RestartLimitExceeded, Shutdown, StartFailed
from .._events import Crashed, Exit, Ignored, Returned, ShutDown, Stopped
from ._run import Incarnation
from ._watch import faulted

E = TypeVar("E", bound=Exception)

MAY_BE_NO_CRASH: Final[tuple[type[Exception], ...]] = (
    Shutdown,
    ExceptionGroup,
    trio.TrioInternalError,
)
"""What is worth a closer look before it is taken for a crash: almost nothing is, in practice."""


def exit_of(run: Incarnation, error: Exception | None) -> Exit:
    """Say how an incarnation ended.

    Args:
        run: The incarnation.
        error: What it raised, if it did.
    """
    if run.stop_reason is not None:
        if run.fault is not None:
            return faulted(run.fault, error)
        late = run.cut_short or run.killed is not None
        on_purpose = error is not None and _shutdown_in(error) is not None
        return Stopped(run.stop_reason, None if on_purpose else error, late)
    if run.killed is not None:
        return Crashed(ChildKilled(run.killed))
    if error is None:
        if run.ready_at is not None:
            return Returned()
        return Crashed(
            StartFailed(
                run.record.path,
                "it returned without calling task_status.started(); call it when the component is "
                "ready, or have no task_status",
            )
        )
    shutdown = _shutdown_in(error)
    if shutdown is not None:
        return ShutDown(shutdown.term)
    ignore = None if run.ready_at is not None else _ignore_in(error)
    if ignore is not None:
        return Ignored(ignore.reason)
    return Crashed(error)


def is_crash(error: Exception) -> bool:
    """Say whether what a component raised once it was ready is a crash, and nothing else."""
    return apart(error)[0] is None and _shutdown_in(error) is None


def apart(error: Exception) -> tuple[Exception | None, Exception | None]:
    """Split off trio's internal errors, which say that nothing in this run can be relied upon.

    Returns:
        These, and what is left; None for each that there is not.
    """
    if isinstance(error, trio.TrioInternalError):
        return error, None
    if not any(isinstance(leaf, trio.TrioInternalError) for leaf in _leaves(error)):
        return None, error  # as it is: a part would be a copy
    return cast("ExceptionGroup[Exception]", error).split(trio.TrioInternalError)


def _shutdown_in(error: Exception) -> Shutdown | None:
    """Return what an exception means as an end on purpose, if it is one."""
    return _first_if_all(error, Shutdown)


def _ignore_in(error: Exception) -> Ignore | None:
    """Return what an exception means as a start that was declined, if it is one."""
    return _first_if_all(error, Ignore)


def _first_if_all(error: Exception, kind: type[E]) -> E | None:
    """Return the first exception in what a component raised, if all in it are of one kind."""
    found: list[E] = []
    for leaf in _leaves(error):
        if not isinstance(leaf, kind):
            return None
        found.append(leaf)
    return found[0]


def _leaves(error: Exception) -> Iterator[Exception]:
    """Return what is in an exception group, at any depth; of any other exception, itself."""
    if not isinstance(error, ExceptionGroup) or isinstance(error, RestartLimitExceeded):
        yield error
        return
    for member in cast("ExceptionGroup[Exception]", error).exceptions:
        yield from _leaves(member)
