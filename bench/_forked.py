"""Work in a forked process, which tells of it while it goes on.

Forked, so that it has all that is here, and what is told is all that has to be sent.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeAlias, TypeVar

import attrs

T = TypeVar("T")

Work: TypeAlias = Callable[[Callable[[T], None]], None]
"""``work(tell)``: do something, and call `tell` with what there is to say of it."""

CAN_FORK = hasattr(os, "fork")

_INTERRUPTED = 128 + signal.SIGINT


class ProcessDiedError(Exception):
    """A process has ended without doing its work; what it had to say stands on stderr."""


def forked(what: str, work: Work[T], hear: Callable[[T], None]) -> None:
    """Call ``work(tell)`` in a process of its own, and `hear` here with whatever it tells.

    Args:
        what: What it does, for the error.
        work: What it is to do; what it tells is pickled.
        hear: Is given that, at once.

    Raises:
        KeyboardInterrupt: It was interrupted; so are both by Ctrl-C.
        ProcessDiedError: It raised something, or was killed.
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, there), daemon=True)
    process.start()
    there.close()
    with here:
        while (told := _received(here)) is not None and told.more:
            hear(told.item)
    process.join()
    if process.exitcode == _INTERRUPTED:
        raise KeyboardInterrupt
    if process.exitcode or told is None:
        code = process.exitcode
        raise ProcessDiedError(f"the process of {what} ended with exit code {code}, not done")


@attrs.frozen
class _Told:
    """One thing that was told; the last thing says that the work is done."""

    item: Any = None
    more: bool = True


def _received(here: Connection[Any, Any]) -> _Told | None:
    """Return what is told next; None if the process is gone."""
    try:
        told: _Told = here.recv()
    except (EOFError, OSError):  # it may have died in the middle of saying something
        return None
    return told


def _child(work: Work[Any], there: Connection[Any, Any]) -> None:
    with there:
        try:
            work(lambda item: there.send(_Told(item)))
            there.send(_Told(more=False))
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)
        except BaseExceptionGroup as group:  # a nursery puts an interrupt into one
            if group.subgroup(KeyboardInterrupt) is None:
                raise
            sys.exit(_INTERRUPTED)
