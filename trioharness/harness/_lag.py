"""How late the event loop comes to what is due, and what holds it up; only while it is watched.

A task sleeps for a moment, again and again, and sees how late it is woken up. A thread sees when
that task is overdue, and takes down the step that is under way just then: when it is over, nothing
tells any more where it stood. Both look some twenty times a second, whatever the application does,
so that no message and no step costs anything.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import AsyncGenerator
from functools import partial
from types import FrameType
from typing import Final

import attrs
import trio

from ..supervision import alone
from ._snapshot import LoopFigures, SlowStep

INTERVAL: Final = 0.05
"""Seconds between two looks, unless somebody asked for others."""
SLOW: Final = 0.1
"""Seconds from which on a step is slow."""
LOOKS: Final = 1200
"""Looks that the percentiles are of, at most: those of the last minute."""
STEPS: Final = 20
"""Slow steps that are kept."""
_DEEPEST: Final = 20
_LOOP: Final = "unrolled_run"
"""What trio calls its loop."""


@attrs.define(eq=False)
class Lag:
    """What one watcher has seen of the event loop."""

    interval: float = INTERVAL
    """Seconds between two looks."""
    _since: float = attrs.field(factory=trio.current_time, init=False)
    _late: deque[float] = attrs.field(factory=partial(deque[float], maxlen=LOOKS), init=False)
    _slow: deque[SlowStep] = attrs.field(factory=partial(deque[SlowStep], maxlen=STEPS), init=False)
    _looked: float = attrs.field(factory=time.monotonic, init=False)
    """When the task looked last, by the clock of the thread."""
    _loop: int = attrs.field(factory=threading.get_ident, init=False)
    """The thread that the event loop runs in."""
    _over: threading.Event = attrs.field(factory=threading.Event, init=False)

    def figures(self) -> LoopFigures | None:
        """Return what was seen; None if nothing was seen yet."""
        late = sorted(self._late)
        if not late:
            return None
        return LoopFigures(
            watched=trio.current_time() - self._since,
            p50=late[len(late) // 2],
            p99=late[len(late) * 99 // 100],
            largest=late[-1],
            slow=tuple(self._slow),
        )

    async def look(self) -> None:
        """See how late this task is woken up, until it is cancelled."""
        due = trio.current_time()
        while True:
            due += self.interval
            await trio.sleep_until(due)
            now = trio.current_time()
            self._late.append(now - due)
            self._looked, due = time.monotonic(), now

    async def guard(self) -> None:
        """Have a thread see what holds that task up, until it is cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                partial(trio.to_thread.run_sync, self._guard, limiter=trio.CapacityLimiter(1))
            )
            try:
                await trio.sleep_forever()
            finally:
                self._over.set()

    def _guard(self) -> None:
        overdue: float | None = None
        """When the task looked last before it was held up."""
        while not self._over.wait(self.interval):
            looked = self._looked
            seconds = time.monotonic() - looked - self.interval
            if seconds < SLOW:
                continue
            if looked == overdue:  # it goes on, or is just over: where it stood was seen before
                self._slow.append(attrs.evolve(self._slow.pop(), seconds=seconds))
            else:
                self._slow.append(self._step(seconds))
            overdue = looked

    def _step(self, seconds: float) -> SlowStep:
        frame = sys._current_frames().get(self._loop)
        stack = "".join(traceback.format_stack(frame, _DEEPEST)) if frame is not None else ""
        return SlowStep(task=_task_in(frame), time=time.time(), seconds=seconds, stack=stack)


def _task_in(frame: FrameType | None) -> str:
    """Return the name of the task that a thread is in a step of; empty if that is not to be seen.

    trio has the task in a variable of its loop: no public name leads from a thread to it. Where it
    has none of that name, the stack alone has to say who it is.
    """
    while frame is not None:
        task = frame.f_locals.get("task") if frame.f_code.co_name == _LOOP else None
        if isinstance(task, trio.lowlevel.Task):
            return str(task.name)
        frame = frame.f_back
    return ""


@contextlib.asynccontextmanager
async def watching(interval: float) -> AsyncGenerator[Lag]:  # noqa: ASYNC911 - it ends a thread
    """Watch the event loop during the block, with so many seconds between two looks."""
    with alone():
        async with trio.open_nursery() as nursery:
            lag = Lag(interval)
            nursery.start_soon(lag.look)
            nursery.start_soon(lag.guard)
            try:
                yield lag
            finally:
                nursery.cancel_scope.cancel(reason="nobody watches any more")
