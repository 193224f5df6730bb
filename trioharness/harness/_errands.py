"""What threads ask of a run, and how they get their answers.

A thread puts an errand into the queue that trio keeps for that, and waits for its answer. Nobody
waits for ever: each errand is answered by trio, or is called off by its thread, or is answered with
an error when the run ends. It is never both done and called off, so that a thread knows what has
become of it.

`trio.from_thread.run` does less: it has no time limit, what it started is cancelled in the middle
when the run ends, and a thread that leaves for a `KeyboardInterrupt` leaves it running. And it
starts a task for each message, where most need none.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import Context
from typing import Any, Final, Generic, TypeVar

import attrs
import outcome
import trio

from .._errors import CalledInTrio, PortalClosed, PortalTimeout

T = TypeVar("T")

PATIENCE: Final = 1.0
"""Seconds that the event loop has for the way to an errand, however short its time limit is."""


@attrs.define(eq=False)
class Errand(Generic[T]):
    """One thing that a thread asks for; at first it is nobody's, then trio's or called off."""

    verb: str
    """What is to be done, for errors."""
    subject: object
    """What it is to be done with."""
    at_once: Callable[[], T] | None = None
    """Does it without waiting, or raises `trio.WouldBlock`."""
    in_a_task: Callable[[], Awaitable[T]] | None = None
    """Does it where that has to wait."""
    timeout: float | None = None
    context: Context | None = None
    """That of its thread, for what it runs."""
    _asked: float = attrs.field(factory=time.monotonic, init=False)
    _answers: queue.SimpleQueue[outcome.Outcome[T]] = attrs.field(
        factory=queue.SimpleQueue[outcome.Outcome[Any]], init=False
    )
    _owned: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    scope: trio.CancelScope | None = attrs.field(default=None, init=False)
    """Around its task."""

    @property
    def wanted(self) -> str:
        """What it is, for errors: ``"run 'f'"``."""
        return f"{self.verb} {self.subject!r}"

    def claim(self) -> bool:
        """Make it trio's, or call it off; whoever comes second is told False."""
        return self._owned.acquire(blocking=False)

    def answer(self, answer: outcome.Outcome[T]) -> None:
        """Wake its thread; a second answer reaches nobody."""
        self._answers.put(answer)

    def wait(self) -> outcome.Outcome[T] | None:
        """Wait for the answer; None if the event loop did not even get to it, and will not."""
        if self.timeout is None:
            return self._answers.get()
        with contextlib.suppress(queue.Empty):
            return self._answers.get(timeout=max(self.timeout, PATIENCE))
        if self.claim():
            return None
        # It is being done, and its task has a time limit too; only trio knows what comes of it.
        return self._answers.get()

    def begin_task(self) -> trio.CancelScope:
        """Return the scope of its task, whose deadline is that of the thread."""
        self.scope = trio.CancelScope()
        if self.timeout is not None:
            left = self.timeout - (time.monotonic() - self._asked)
            self.scope.deadline = trio.current_time() + max(left, 0)
        return self.scope


@attrs.define(eq=False)
class Errands:
    """All that threads ask of one run, until it ends."""

    harness: str
    ended: threading.Event = attrs.field(factory=threading.Event, init=False)
    _token: trio.lowlevel.TrioToken = attrs.field(
        factory=trio.lowlevel.current_trio_token, init=False
    )
    _closed: bool = attrs.field(default=False, init=False)
    # Each is changed by several threads, but only in single steps of a dict.
    _waiting: dict[Errand[Any], None] = attrs.field(factory=dict[Errand[Any], None], init=False)
    """Those whose threads wait."""
    _working: dict[Errand[Any], None] = attrs.field(factory=dict[Errand[Any], None], init=False)
    """Those with a task."""
    _idle: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)

    # In threads

    def ask(self, errand: Errand[T]) -> T:
        """Have an errand done, and wait for it; in a thread that does not run trio.

        Raises:
            CalledInTrio: It is the wrong thread.
            PortalClosed: The run has ended, or ends before it was done.
            PortalTimeout: It was not done in time.
            BaseException: Whatever it raised.
        """
        if trio.lowlevel.in_trio_run():
            raise CalledInTrio(self.harness, errand.wanted)
        answer: outcome.Outcome[T] | None = None
        self._waiting[errand] = None
        try:
            if self._closed:  # asked only now: who closes it has seen this errand, or is seen here
                raise self._over(errand)
            self._hand_over(errand)
            answer = errand.wait()
        finally:
            del self._waiting[errand]
            if answer is None:  # an interrupt, for one
                self._call_off(errand)
        if answer is None:
            why = "the event loop was busy with something else all that time"
            raise PortalTimeout(self.harness, errand.wanted, errand.timeout or 0, why)
        return answer.unwrap()

    def _hand_over(self, errand: Errand[Any]) -> None:
        try:
            self._token.run_sync_soon(self._begin, errand)
        except trio.RunFinishedError:  # pragma: no cover - trio crashed, and nobody closed this
            raise self._over(errand) from None

    def _call_off(self, errand: Errand[Any]) -> None:
        """Have it not done, or cancelled; its thread does not wait for that."""
        if not errand.claim():
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(_cancel, errand, "its thread does not wait for it")

    def _over(self, errand: Errand[Any]) -> PortalClosed:
        return PortalClosed(self.harness, errand.wanted)

    def soon(self, fn: Callable[[], object]) -> None:
        """Have something done in trio, without waiting for it; nothing, if it has ended."""
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._unless_over, fn)

    # In trio

    def _begin(self, errand: Errand[Any]) -> None:
        if not errand.claim():
            return
        if self._closed:
            errand.answer(outcome.Error(self._over(errand)))
            return
        if errand.at_once is not None:
            answer = _captured(errand, errand.at_once)
            has_to_wait = isinstance(answer, outcome.Error) and isinstance(
                answer.error, trio.WouldBlock
            )
            if not has_to_wait or errand.in_a_task is None:
                errand.answer(answer)
                return
        self._working[errand] = None
        errand.begin_task()
        trio.lowlevel.spawn_system_task(
            self._work, errand, name=f"portal: {errand.wanted}", context=errand.context
        )

    def _unless_over(self, fn: Callable[[], object]) -> None:
        if not self._closed:
            fn()

    async def _work(self, errand: Errand[Any]) -> None:
        answer = await outcome.acapture(self._done, errand)
        if isinstance(answer, outcome.Error) and isinstance(answer.error, trio.Cancelled):
            # Not by us: all of trio is being ended, by a crash of somebody's system task.
            answer = outcome.Error(self._over(errand))
        del self._working[errand]
        self._idle.unpark_all()
        errand.answer(answer)

    async def _done(self, errand: Errand[T]) -> T:
        assert errand.in_a_task is not None
        assert errand.scope is not None
        with errand.scope:
            return await errand.in_a_task()
        if trio.current_time() >= errand.scope.deadline:
            raise PortalTimeout(self.harness, errand.wanted, errand.timeout or 0)
        raise self._over(errand)

    @contextlib.asynccontextmanager
    async def until_the_end(self) -> AsyncGenerator[None]:
        """Take errands in the block; at its end nobody is left waiting.

        What is still being done is cancelled then, and waited for as a nursery would.
        """
        await trio.lowlevel.checkpoint()
        try:
            yield
        finally:
            self._closed = True
            for errand in [*self._working]:
                _cancel(errand, f"harness {self.harness!r} has ended")
            # No deadline: as in a nursery, whoever started a task waits for it.
            with trio.CancelScope(shield=True):
                await trio.lowlevel.checkpoint()
                while self._working:
                    await self._idle.park()
            self.abandon()

    def abandon(self) -> None:
        """Answer all that are left: the run is over, however it ended."""
        self._closed = True
        for errand in [*self._waiting]:
            errand.answer(outcome.Error(self._over(errand)))
        self.ended.set()


def _captured(errand: Errand[T], fn: Callable[[], T]) -> outcome.Outcome[T]:
    if errand.context is None:
        return outcome.capture(fn)
    return errand.context.run(outcome.capture, fn)


def _cancel(errand: Errand[Any], reason: str) -> None:
    if errand.scope is not None:
        errand.scope.cancel(reason=reason)
