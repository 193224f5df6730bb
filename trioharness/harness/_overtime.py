"""What ends a process whose components do not end: nothing inside of trio could."""

from __future__ import annotations

import _thread
import math
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator

import attrs

from .._events import ChildStuck
from ._say import say

GRACE_EXCEEDED = 4
"""The exit code of a process that had to leave components as they are."""
LAST_WORDS = 1.0
"""Seconds for saying so, before the process is left unsaid."""


@attrs.define(eq=False)
class Overtime:
    """Leaves the process once its end has taken longer than it may.

    There is a thread for it, because a component that blocks the event loop keeps every task from
    running; it is started when the end begins. A signal handler does that, so it takes the low
    road: `threading` would wait for a lock that the interrupted code may hold.
    """

    harness: str
    stuck: dict[str, ChildStuck] = attrs.field(factory=dict[str, ChildStuck], init=False)
    """Which components outlived their grace so far, by path."""
    _until: float = attrs.field(default=math.inf, init=False)
    _is_over: bool = attrs.field(default=False, init=False)
    # Its lock may be taken twice: a signal handler runs between any two steps of its thread.
    _changed: threading.Condition = attrs.field(factory=threading.Condition, init=False)
    _is_watched: bool = attrs.field(default=False, init=False)

    def allow(self, seconds: float) -> None:
        """Let the process go on for so long at most; a shorter time than before counts."""
        with self._changed:
            self._until = min(self._until, time.monotonic() + seconds)
            self._changed.notify()
            if not self._is_watched and self._until < math.inf:
                self._is_watched = True
                _thread.start_new_thread(self._watch, ())

    def over(self) -> None:
        """Take note that everything has ended."""
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._is_over:
                left = self._until - time.monotonic()
                if left <= 0:
                    self._leave()
                self._changed.wait(min(left, threading.TIMEOUT_MAX))

    def _leave(self) -> None:  # pragma: no cover - the process ends unmeasured
        # In a thread of its own: where stderr is full and nobody reads, this would be for ever.
        _thread.start_new_thread(self._say, ())
        time.sleep(LAST_WORDS)
        os._exit(GRACE_EXCEEDED)

    def _say(self) -> None:  # pragma: no cover - as above
        text, code = "\n".join(self._report()), GRACE_EXCEEDED
        say("critical", text, event="GraceExceeded", harness=self.harness, exit_code=code)
        os._exit(code)

    def _report(self) -> Iterator[str]:  # pragma: no cover - as above
        yield f"harness {self.harness!r} did not end in the time it has, and is left as it is"
        for event in self.stuck.values():
            yield f"{event.path!r} (incarnation {event.incarnation}) stands at"
            yield event.stack
        if not self.stuck:
            main = threading.main_thread().ident
            frame = None if main is None else sys._current_frames().get(main)
            yield "the event loop stands at"
            yield "".join(traceback.format_stack(frame)).rstrip()
