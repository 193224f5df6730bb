"""One thing at a time: whose turn it is to change the children of one supervisor.

Deaths and calls are handled in order of arrival. There is no task that waits for them: a supervisor
that has nothing to do costs nothing, and the most frequent thing of all, one child restarting
alone, is done by the task that ended. Only what has to wait for other tasks (stopping a dependent,
say) gets a task, for as long as it takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import attrs
import outcome
import trio

Step: TypeAlias = Callable[[], Awaitable[None]]
"""Something to do while holding the turn; run in a task of its own."""


@attrs.define(eq=False)
class _Ticket:
    """A task that waits for the turn, to use it itself."""

    task: trio.lowlevel.Task


@attrs.define(eq=False)
class Turn:
    """A first come, first served lock whose waiters are tasks or steps to be run."""

    spawn: Callable[[Step], None]
    """Runs a step in a task of its own."""
    busy: bool = False
    """Whether somebody holds the turn."""
    held_for: object = None
    """The record whose start holds the turn; it passes the turn on when it is ready or ended."""
    _queue: deque[Step | _Ticket] = attrs.field(factory=deque["Step | _Ticket"])

    @property
    def has_queue(self) -> bool:
        """Whether somebody waits for the turn."""
        return bool(self._queue)

    async def take(self) -> None:
        """Wait for the turn; the caller passes it on with `release`.

        A checkpoint when it has to wait. Cancelled while waiting, the place in the queue is lost.
        """
        if not self.busy:
            self.busy = True
            return  # noqa: ASYNC910 - what the turn is taken for is a checkpoint
        ticket = _Ticket(trio.lowlevel.current_task())
        self._queue.append(ticket)

        def abort(_: object) -> trio.lowlevel.Abort:
            self._queue.remove(ticket)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    def submit(self, step: Step, *, first: bool = False) -> None:
        """Have `step` run as soon as the turn is free; with `first`, before all who wait."""
        if not self.busy:
            self.busy = True
            self.spawn(step)
        elif first:
            self._queue.appendleft(step)
        else:
            self._queue.append(step)

    def release(self) -> None:
        """Pass the turn on to the next in line."""
        self.held_for = None
        if not self._queue:
            self.busy = False
            return
        match self._queue.popleft():
            case _Ticket(task=task):
                trio.lowlevel.reschedule(task)
            case step:
                self.spawn(step)

    def refuse(self, error: Callable[[], Exception]) -> None:
        """Give every waiting task an error, and drop every waiting step."""
        waiting, self._queue = self._queue, deque()
        for item in waiting:
            if isinstance(item, _Ticket):
                trio.lowlevel.reschedule(item.task, outcome.Error(error()))
