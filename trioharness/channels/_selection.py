"""Taking the next item of whichever source has one.

It works as epoll does. A source that had nothing gets a watcher, once; when it is told, the source
has its turns again, and the task is woken if it waits. So the cost of an item grows with the
sources that have something and not with all, and no task is started for any of them.

An item is taken in the very step in which `__anext__` returns it: what it waits for is only the
news that there may be something. So a cancel loses nothing, and exactly one item is taken. The
price is that somebody else may be quicker; then it waits again. Rejected: to wait in line at each
channel, as a receiver does, which costs each wait a step for each source.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from heapq import heappop, heappush
from types import TracebackType
from typing import Any, Self, TypeVar, cast, final

import attrs
import trio
from trio.lowlevel import (
    Abort,
    Task,
    cancel_shielded_checkpoint,
    checkpoint,
    current_task,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from .._util import NoPublicConstructor
from ._hand import Meter
from ._source import Source
from ._turns import Entry, Turns

T = TypeVar("T")


@final
@attrs.define(eq=False, repr=False)
class Selection(AsyncIterator[T], metaclass=NoPublicConstructor):
    """What `select` and `merge` return: to be entered, and iterated over inside."""

    _name: str
    _given: Sequence[object]
    _sources: Sequence[Source[Any]]
    _alone: bool
    """Whether it gives the items without their sources."""
    _turns: Turns
    _timers: list[tuple[float, int, Entry]] = attrs.field(
        factory=list[tuple[float, int, Entry]], init=False
    )
    """A heap of the entries that wait for news by the clock: when, rank, entry."""
    _entries: list[Entry] = attrs.field(factory=list[Entry], init=False)
    """One for each source; none outside the block."""
    _open: int = attrs.field(default=0, init=False)
    """How many of the sources that hold it open have not ended."""
    _meters: list[Meter] = attrs.field(factory=list[Meter], init=False)
    _last: Source[Any] | None = attrs.field(default=None, init=False)
    """Where the last item or error came from."""
    _task: Task | None = attrs.field(default=None, init=False)
    """The task that waits for news and has not been woken."""
    _busy: bool = attrs.field(default=False, init=False)
    """A task asks for the next item."""
    _entered: bool = attrs.field(default=False, init=False)

    def __repr__(self) -> str:
        return f"<{self._name} of {', '.join(map(repr, self._given))}>"

    async def __aenter__(self) -> Self:
        await checkpoint()
        self._enter()
        return self

    @enable_ki_protection
    def _enter(self) -> None:
        if self._entered:
            raise trio.BusyResourceError(f"{self!r} was entered before; make another one")
        self._entered = True
        ending = [source for source in self._sources if not source.lasting]
        # With nothing but timers there is no other end that it could wait for.
        self._open = len(ending) or len(self._sources)
        for rank, source in enumerate(self._sources):
            entry = Entry(rank, source, self._told)
            self._entries.append(entry)
            if source.lasting:
                self._watch(entry)  # its time begins
            else:
                self._turns.add(entry)
        meters = [source.meter() for source in self._sources]
        self._meters = [*{id(meter): meter for meter in meters if meter is not None}.values()]

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()
        await cancel_shielded_checkpoint()  # a Cancelled from here would hide the block's own error

    @enable_ki_protection
    def _leave(self) -> None:
        for entry in self._entries:
            entry.source.unwatch(entry.told)
        self._entries.clear()
        self._timers.clear()
        self._wake()

    @enable_ki_protection
    async def __anext__(self) -> T:
        """Take the next item. Always a checkpoint. Cancelled, it has taken nothing.

        Raises:
            StopAsyncIteration: All sources have ended, but for timers.
            trio.ClosedResourceError: One of the ends is closed, or this is used outside its block.
            Lagged: A subscription has missed messages.
            FilterFailed: The filter of a subscription has failed.
            Exception: Whatever the function of a view raises; the message is then taken.
            trio.BusyResourceError: Another task asks for the next item just now.
        """
        if self._busy:
            raise trio.BusyResourceError(f"{self!r} is in use by another task; give each its own")
        self._busy = True
        try:
            if self._last is not None:
                self._last.acknowledge()
            if self._is_idle():
                pair = await self._wait()
            else:
                await checkpoint()
                pair = self._take() or await self._wait()
        finally:
            self._busy = False
        given: Any = pair[1] if self._alone else pair
        return cast("T", given)

    def _is_idle(self) -> bool:
        """Say whether there is certainly nothing to be taken or said."""
        if self._timers:
            self._ripen()
        return self._turns.first() is None and bool(self._open and self._entries)

    async def _wait(self) -> tuple[Any, Any]:
        """Wait until there is an item, and take it."""
        for meter in self._meters:
            meter.wait_began()
        try:
            while True:
                await self._sleep()
                pair = self._take()
                if pair is not None:
                    return pair
        finally:
            for meter in self._meters:
                meter.wait_ended()

    async def _sleep(self) -> None:
        """Wait for news: from a watcher, or by the clock."""
        self._task = current_task()
        if not self._timers:
            await wait_task_rescheduled(self._abort)
        else:
            with trio.CancelScope(deadline=self._timers[0][0]):
                await wait_task_rescheduled(self._abort)

    def _abort(self, _: object) -> Abort:
        self._task = None
        return Abort.SUCCEEDED

    def _take(self) -> tuple[Any, Any] | None:
        """Take an item of the source whose turn it is; return None if no source has one."""
        if not self._entries:
            raise trio.ClosedResourceError(f"{self!r} gives items only inside its `async with`")
        if self._timers:
            self._ripen()
        while self._open and (entry := self._turns.first()) is not None:
            try:
                pair: tuple[Any, Any] | None = entry.source.take()
            except trio.EndOfChannel:
                self._turns.drop(entry)
                self._open -= 1
                continue
            except Exception:
                # It had its turn. It may have taken something, and there may be more, also to be
                # raised: a closed end raises again whenever its turn comes.
                self._serve(entry)
                raise
            if pair is not None:
                self._serve(entry)
                return pair
            self._turns.drop(entry)
            self._watch(entry)
        if not self._open:
            raise StopAsyncIteration
        return None

    def _serve(self, entry: Entry) -> None:
        """Pass the turn on, from one that gave an item or raised."""
        self._turns.served()
        self._last = entry.source

    def _watch(self, entry: Entry) -> None:
        """Have an entry wait for news, for it has nothing."""
        due = entry.source.watch(entry.told)
        if due < math.inf:
            heappush(self._timers, (due, entry.rank, entry))

    def _ripen(self) -> None:
        """Give turns to the entries whose time has come."""
        now = trio.current_time()
        while self._timers and self._timers[0][0] <= now:
            self._told(heappop(self._timers)[2])

    def _told(self, entry: Entry) -> None:
        """Give an entry its turns, for there is news, and wake the task that waits for some."""
        self._turns.add(entry)
        self._wake()

    def _wake(self) -> None:
        if self._task is not None:
            reschedule(self._task)
            self._task = None
