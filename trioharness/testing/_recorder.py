"""The events of a tree, kept for a test to look at, to wait for, and to compare."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TypeVar, final

import trio
from typing_extensions import TypeIs

from .._errors import ConfigurationError
from .._events import ChildRestarting, DeadLettered, Event, MessagesDropped, Observer
from ._clock import threads_at_work

E = TypeVar("E", bound=Event)

CLOSE = 1e-6
"""Times are the same if they differ by less than this, in seconds: sums of floats are not exact."""


@final
class EventRecorder:
    """An observer that keeps what it is told: ``open_supervisor(observer=recorder)``.

    Each event has its time. A supervisor with an observer of its own no longer logs: to have that
    too, forward to ``trioharness.observe.log_observer``. Not for production, where events are told
    for years: there use a function that does what is to be done.

    A path is that of a child or a supervisor (``"shop/worker"``), or the name of a channel for
    `DeadLettered` and `MessagesDropped`.

    Example::

        recorder = EventRecorder()
        async with th.open_supervisor("shop", observer=recorder) as sup:
            sup.start_soon(worker, backoff=th.Backoff(1, 30, jitter=0))
            await recorder.wait_for(th.ChildEnded, path="shop/worker")
        recorder.assert_schedule("shop/worker", [1, 3, 7])
    """

    __slots__ = ("_events", "_forward", "_told", "_watchers")

    def __init__(self, *, forward: Observer | None = None, keep: int | None = None) -> None:
        """Make a recorder that knows no event yet.

        Args:
            forward: An observer that is told each event next.
            keep: How many events it keeps, the latest ones; all by default.

        Raises:
            ConfigurationError: `keep` is no number of events.
        """
        if keep is not None and (not isinstance(keep, int) or keep < 1):
            raise ConfigurationError(
                "EventRecorder(keep=)",
                f"{keep!r} is no number of events",
                "give 1 or more, or None to keep all",
            )
        self._events: deque[Event] = deque(maxlen=keep)
        self._forward = forward
        self._told = 0
        self._watchers: list[trio.MemorySendChannel[Event]] = []

    def __repr__(self) -> str:
        return f"<EventRecorder: {len(self._events)} events>"

    def __call__(self, event: Event) -> None:
        """Keep an event; this is what makes it an observer."""
        self._events.append(event)
        self._told += 1
        for watcher in self._watchers:
            watcher.send_nowait(event)
        if self._forward is not None:
            self._forward(event)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events it keeps, oldest first."""
        return tuple(self._events)

    @property
    def forgotten(self) -> int:
        """How many older events it has dropped, because of `keep`."""
        return self._told - len(self._events)

    def of(self, kind: type[E], path: str | None = None) -> list[E]:
        """Return the events of one class, oldest first.

        Args:
            kind: The class.
            path: Only those of this child, supervisor or channel; by default of all.

        Returns:
            The events; a list of its own.
        """
        return [event for event in self._events if _is(event, kind, path)]

    async def wait_for(
        self,
        kind: type[E],
        *,
        path: str | None = None,
        where: Callable[[E], object] | None = None,
    ) -> E:
        """Return the first event of a class: one that is kept already, or the next to come.

        The caller sets the deadline: ``with trio.fail_after(5): await recorder.wait_for(…)``.

        Args:
            kind: The class.
            path: Of which child, supervisor or channel; by default of any.
            where: Says whether it is the one: ``where=lambda event: event.incarnation == 3``. Asked
                in the task that waits, once for each event of that class and path.

        Returns:
            The event.

        Raises:
            Exception: What `where` raised.

        Cancellation:
            A checkpoint; the recorder keeps all events whether somebody waits or not.
        """
        with contextlib.ExitStack() as stack:
            send, receive = trio.open_memory_channel[Event](math.inf)
            stack.enter_context(send)
            stack.enter_context(receive)
            for event in self._events:
                send.send_nowait(event)
            self._watchers.append(send)
            stack.callback(self._watchers.remove, send)
            while True:
                event = await receive.receive()
                if _is(event, kind, path) and (where is None or where(event)):
                    return event

    def restarts(self, path: str) -> list[float]:
        """Return when a child was to begin again: each decision to restart it, plus its back-off.

        A restart that a stop made void during its back-off is among them. Restarts of other
        children that took this one along are not: those are not decided for it.

        Args:
            path: The path of the child.

        Returns:
            Times, as `trio.current_time()` gives them, in seconds.
        """
        return [event.time + event.delay for event in self.of(ChildRestarting, path)]

    def assert_schedule(self, path: str, schedule: Sequence[float], *, start: float = 0.0) -> None:
        """Assert that a child was restarted at exactly these times, and at no others.

        Times are those of `restarts`, compared to a microsecond. Give the child a
        ``Backoff(jitter=0)``, or chance is part of them.

        Args:
            path: The path of the child.
            schedule: Seconds after `start` of each restart, in order.
            start: The time that counts as 0; that of a new virtual clock by default.

        Raises:
            AssertionError: The restarts were others, and it shows both schedules side by side; or
                none was expected of a path of which it was never told anything.
        """
        actual = [time - start for time in self.restarts(path)]
        pairs = list(zip_longest(schedule, actual))
        if all(_same(*pair) for pair in pairs) and (pairs or self._may_have_told_of(path)):
            return
        rows = "\n".join(
            f"{number:>4}  {_seconds(expected):>8}  {_seconds(got):>8}"
            f"{'' if _same(expected, got) else '  <-'}"
            for number, (expected, got) in enumerate(pairs, 1)
        )
        raise AssertionError(
            f"the restarts of {path!r} are not on schedule, in seconds after {start:g}:\n"
            f"{'#':>4}  {'expected':>8}  {'actual':>8}\n{rows}{self._doubts(path)}"
        )

    def _may_have_told_of(self, path: str) -> bool:
        return self.forgotten > 0 or any(_path(event) == path for event in self._events)

    def _doubts(self, path: str) -> str:
        """Say what else may be wrong where a schedule is not as expected."""
        doubts = ""
        known = dict.fromkeys(_path(event) for event in self._events)
        if path not in known:
            doubts += f"\nno event has that path; there are {', '.join(map(repr, known)) or 'none'}"
        if self.forgotten:
            doubts += f"\n{self.forgotten} older events are not kept (keep={self._events.maxlen})"
        return doubts + threads_at_work()


def _path(event: Event) -> str:
    return event.channel if isinstance(event, DeadLettered | MessagesDropped) else event.path


def _is(event: Event, kind: type[E], path: str | None) -> TypeIs[E]:
    return isinstance(event, kind) and (path is None or _path(event) == path)


def _same(expected: float | None, got: float | None) -> bool:
    return expected is not None and got is not None and abs(expected - got) < CLOSE


def _seconds(time: float | None) -> str:
    return "-" if time is None else f"{round(time, 6):.12g}"
