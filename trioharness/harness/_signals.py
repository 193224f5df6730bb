"""What a running harness does when it is told to end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable

import attrs

TOLD_TO_END = (signal.SIGINT, signal.SIGTERM)
"""The signals a harness answers: the first drains, the second stops, the third leaves."""


@attrs.define(eq=False)
class Ending:
    """How often the process was told to end, and what it did about it."""

    drain: Callable[[], None]
    stop: Callable[[str], None]
    first: int | None = None
    """The first signal that came."""
    stopped: bool = False
    """Whether a second one came."""

    async def watch(self, signals: AsyncIterator[int]) -> None:
        """Act on each signal as it comes, until cancelled."""
        async for number in signals:
            name = signal.Signals(number).name
            if self.first is None:
                self.first = number
                _say(f"{name}: draining; once more stops at once")
                self.drain()
            elif not self.stopped:
                self.stopped = True
                _say(f"{name}: stopping; once more leaves everything as it is")
                self.stop(f"second signal ({name})")
            else:
                leave_by(number)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def leave_by(number: int) -> None:
    """End this process by a signal, so that its parent sees what ended it.

    Args:
        number: The signal.
    """
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
