"""What a running harness does when it is told to end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator
from types import FrameType
from typing import Final, NoReturn

import attrs
import trio

from ..observe import summary
from ._say import say

TOLD_TO_END = (signal.SIGINT, signal.SIGTERM)
"""The signals a harness answers: the first drains, the second stops, the third leaves."""


ASKED_TO_DUMP: Final[signal.Signals | None] = getattr(signal, "SIGUSR1", None)
"""The signal that has it say where all tasks stand; None where there is no such signal."""
INNERMOST: Final = 12
"""Frames of the event loop that are shown then."""


@attrs.define(eq=False)
class Ending:
    """How often the process was told to end, and what it did about it.

    The signals are counted by a handler of its own, not by `trio.open_signal_receiver`: a component
    that blocks the event loop keeps every task from running, and the third signal has to end that
    as well. What a signal asks for is done between two steps of tasks, by trio.
    """

    harness: str
    """Its name."""
    drain: Callable[[], bool]
    """Begins to drain; False if that is too early, and everything was told to stop instead."""
    stop: Callable[[str], None]
    told: Callable[[], None]
    """Called by the signal handler itself, the first two times, whatever blocks the event loop."""
    dump: Callable[[], str]
    """Says where all tasks stand, for SIGUSR1."""
    first: int | None = None
    """The first signal that came."""
    count: int = 0

    @contextlib.contextmanager
    def listening(self) -> Generator[None]:
        """Answer the signals inside the block, in the main thread, and nowhere else."""
        token = trio.lowlevel.current_trio_token()
        process = os.getpid()

        def told(number: int, _: FrameType | None) -> None:
            if os.getpid() != process:  # pragma: no cover - that process ends unmeasured
                leave_by(number)  # a forked child has this handler too, but is no harness
            self.count += 1
            if self.count <= 2:
                self.told()
            if self.count == 1:
                self.first = number
                token.run_sync_soon(self._drain, number)
            elif self.count == 2:
                token.run_sync_soon(self._stop, number)
            else:  # pragma: no cover - the process ends unmeasured
                leave_by(number)

        def asked(_: int, frame: FrameType | None) -> None:
            if os.getpid() == process:
                self._dump(frame)

        before = {number: signal.signal(number, told) for number in TOLD_TO_END}
        if ASKED_TO_DUMP is not None:
            before[ASKED_TO_DUMP] = signal.signal(ASKED_TO_DUMP, asked)
        try:
            yield
        finally:
            for number, handler in before.items():
                # None stands for a handler that Python did not set and cannot set again.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _dump(self, frame: FrameType | None) -> None:
        """Say where everything stands, now: what blocks the event loop would keep a task from it.

        The handler runs between two steps of the thread that has the event loop, so that nothing
        moves meanwhile.
        """
        try:
            text = self.dump()
        except Exception as error:  # it must not come out of whatever was interrupted
            text = f"the tasks cannot be listed: {summary(error)}"
        stands = "".join(traceback.format_stack(frame, INNERMOST)).rstrip()
        text = f"{text}\nthe event loop stands at\n{stands}"
        say("info", text, event="Dump", harness=self.harness)

    def _drain(self, number: int) -> None:
        does = "draining" if self.drain() else "stopping, before everything had started"
        self._say(number, f"{does}; once more stops at once")

    def _stop(self, number: int) -> None:
        self.stop(f"second signal ({signal.Signals(number).name})")
        self._say(number, "stopping; once more leaves everything as it is")

    def _say(self, number: int, does: str) -> None:
        name = signal.Signals(number).name
        say("warning", f"{name}: {does}", event="Signal", harness=self.harness, signal=name)


def answer_dumps_outside_of_a_run() -> None:
    """Have SIGUSR1 do no harm before a run and after it, until the process ends.

    Whoever asks an application where it stands cannot know that it is still being imported, or
    writes its receipt; that signal would end the process then, as it does where nobody handles it.
    """
    main = threading.current_thread() is threading.main_thread()
    if ASKED_TO_DUMP is None or not main or signal.getsignal(ASKED_TO_DUMP) != signal.SIG_DFL:
        return

    def asked(_: int, __: FrameType | None) -> None:
        say("info", "no tasks: the application does not run just now", event="Dump")

    signal.signal(ASKED_TO_DUMP, asked)  # not SIG_IGN, which programs that are started inherit


def leave_by(number: int = signal.SIGINT) -> NoReturn:  # pragma: no cover - as it says
    """End this process by a signal, so that its parent sees what ended it.

    Nothing is flushed or cleaned up: whoever calls it has done so, or wants to be gone.

    Args:
        number: The signal; by default that of Ctrl-C.
    """
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    # The first process of a container is not ended by a signal of its own; nor is one that blocks
    # it. A shell would report the same number.
    os._exit(128 + number)
