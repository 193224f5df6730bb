"""What an import takes: the processor time of processes that do nothing else.

A process has to be fresh, since one that has imported a module before takes it as it is.
"""

from __future__ import annotations

import sys

from bench._sample import Clock, Sample
from bench._whole import cpu_of

SAID = "there"
"""What each process writes at its end."""


def import_apart(statements: str, times: int, clock: Clock) -> Sample:
    """Run `statements` in `times` processes, one after another; their nanoseconds are the amount.

    The start of the interpreter is in it, as it is for who waits for the program.
    """
    begun = clock()
    command = [sys.executable, "-c", f"{statements}; print({SAID!r})"]
    amount = sum(cpu_of(command, SAID) for _ in range(times))
    return Sample(count=times, nanoseconds=clock() - begun, amount=amount)
