"""What an import takes: the processor time of processes that do nothing else.

A process has to be fresh, since one that has imported a module before takes it as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench._model import Clock, Sample, ToolMissingError, check_sum

SAID = "there"
"""What each process writes at its end: an import that failed would be a fast one."""


def import_apart(statements: str, times: int, clock: Clock) -> Sample:
    """Run `statements` in `times` processes, one after another; their nanoseconds are the amount.

    The start of the interpreter is in it, as it is for who waits for the program.

    Raises:
        ToolMissingError: This system does not tell what child processes took.
    """
    begun, used = clock(), _taken()
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-c", f"{statements}; print({SAID!r})"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=Path(__file__).parent.parent,
        )
        check_sum("last word of the process", done.stdout.strip(), SAID)
    spent = _taken() - used
    if not spent:
        raise ToolMissingError("needs a system that tells what child processes took")
    return Sample(count=times, nanoseconds=clock() - begun, amount=round(spent * 1e9))


def _taken() -> float:
    """The processor time of all child processes so far, in seconds, to a hundredth."""
    times = os.times()
    return times.children_user + times.children_system
