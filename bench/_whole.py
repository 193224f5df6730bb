"""Whole processes: what one takes of the processor, from its start to its end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench._sample import Clock, Sample, ToolMissingError, check_sum

_PATIENCE = 120
"""Seconds after which a process hangs, and does not work any more."""

_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
"""What would have ours compiled anew in each process, and no library that was installed."""


def whole_process(command: Sequence[str], size: int, clock: Clock) -> Sample:
    """Run `command`, which says at its end that it dealt with `size`; its time is the amount."""
    begun = clock()
    amount = cpu_of(command, str(size))
    return Sample(count=size, nanoseconds=clock() - begun, amount=amount)


def cpu_of(command: Sequence[str], last_word: str) -> int:
    """Run `command`, and return what it took of the processor, in nanoseconds.

    Args:
        command: The program and its arguments.
        last_word: What it writes at its end: one that failed would be a fast one.

    Raises:
        ToolMissingError: This system does not tell what child processes took.
    """
    used = taken()
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
        env={name: value for name, value in os.environ.items() if name != _NO_BYTECODE},
        timeout=_PATIENCE,
    )
    check_sum("last word of the process", done.stdout.strip(), last_word)
    spent = taken() - used
    if not spent:
        raise ToolMissingError("needs a system that tells what child processes took")
    return round(spent * 1e9)


def taken() -> float:
    """The processor time of all child processes so far, in seconds."""
    try:
        import resource  # noqa: PLC0415 - to the microsecond, where there is one
    except ModuleNotFoundError:
        times = os.times()
        return times.children_user + times.children_system
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
