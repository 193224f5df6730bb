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
"""Something to do while holding the turn; run in a task of its own, which releases the turn."""


@attrs.define(eq=False)
class _Ticket:
    """A task that waits for the turn, to use it itself."""

    task: trio.lowlevel.Task
    holder: object


@attrs.define(eq=False)
class _Waiting:
    """A step that waits for the turn."""

    step: Step
    refused: Callable[[], None] | None


@attrs.define(eq=False)
class Turn:
    """A first come, first served lock whose waiters are tasks or steps to be run.

    Whoever holds it is known by name, and only the holder can release it. So it makes no difference
    who of two is first to say that something is over, and no turn is given twice.
    """

    spawn: Callable[[Step], None]
    """Runs a step in a task of its own."""
    holder: object = None
    """A step that runs, or the record of a child whose start holds the turn until it is decided."""
    _queue: deque[_Waiting | _Ticket] = attrs.field(factory=deque["_Waiting | _Ticket"])

    async def take(self, holder: object) -> None:
        """Wait for the turn; the caller passes it on with `release`.

        A checkpoint when it has to wait. Cancelled while waiting, the place in the queue is lost.
        """
        if self.holder is None:
            self.holder = holder
            return  # noqa: ASYNC910 - what the turn is taken for is a checkpoint
        ticket = _Ticket(trio.lowlevel.current_task(), holder)
        self._queue.append(ticket)

        def abort(_: object) -> trio.lowlevel.Abort:
            self._queue.remove(ticket)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    def submit(
        self, step: Step, *, first: bool = False, refused: Callable[[], None] | None = None
    ) -> None:
        """Have a step run as soon as the turn is free.

        Args:
            step: The step.
            first: Whether it goes before all who wait.
            refused: Called instead, if the turn is refused to all who wait.
        """
        if self.holder is None:
            self.run(step)
        elif first:
            self._queue.appendleft(_Waiting(step, refused))
        else:
            self._queue.append(_Waiting(step, refused))

    def run(self, step: Step) -> None:
        """Give the turn to a step, and run it; for who holds the turn, or knows that it is free."""
        self.holder = step
        self.spawn(step)

    def release(self, holder: object) -> None:
        """Pass the turn on to the next in line; do nothing if `holder` does not hold it."""
        if self.holder is not holder:
            return
        self.holder = None
        if not self._queue:
            return
        match self._queue.popleft():
            case _Ticket(task=task, holder=taker):
                self.holder = taker
                trio.lowlevel.reschedule(task)
            case _Waiting(step=step):
                self.run(step)

    def refuse(self, error: Callable[[], Exception]) -> None:
        """Give every waiting task an error, and drop every waiting step."""
        waiting, self._queue = self._queue, deque()
        for item in waiting:
            match item:
                case _Ticket(task=task):
                    trio.lowlevel.reschedule(task, outcome.Error(error()))
                case _Waiting(refused=refused):
                    if refused is not None:
                        refused()
