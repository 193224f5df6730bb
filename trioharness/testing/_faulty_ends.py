"""Channel ends that tell the life they belong to what goes through them.

They stand in for the clones that an incarnation was given. The clones themselves stay with the
supervisor, which settles and closes them as ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import trio

from ._faulty_source import FaultySource

if TYPE_CHECKING:
    from ._life import Life


class FaultyEnd:
    """What both kinds have in common: all that is not theirs is that of the real end."""

    # An end may be ours, trio's or anyio's, so its type says nothing.
    def __init__(self, end: Any, life: Life) -> None:
        self._end = end
        self._life = life

    def __repr__(self) -> str:
        return f"<faulty {self._end!r}>"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._end, name)

    def clone(self) -> Self:
        """Return an end of the same channel that belongs to the same life."""
        return type(self)(self._end.clone(), self._life)

    def close(self) -> None:
        """Close the real end."""
        self._forget()
        self._end.close()

    async def aclose(self) -> None:
        """Close the real end."""
        self._forget()
        await self._end.aclose()

    def __enter__(self) -> Self:
        self._end.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._forget()
        self._end.__exit__(exc_type, exc_value, traceback)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._forget()
        await self._end.__aexit__(exc_type, exc_value, traceback)  # noqa: ASYNC102 - as it does

    def _forget(self) -> None:
        """Drop what this end was still to give; it is about to be closed."""


class FaultyReceive(FaultyEnd, trio.abc.ReceiveChannel[object]):
    """A receive end that counts what it takes, and gives of that what is to arrive, when it is."""

    def __init__(self, end: Any, life: Life) -> None:
        super().__init__(end, life)
        self._arriving: deque[tuple[float, object]] = deque()
        """What was taken and is still to be given, each with the time from which it may be."""

    def _forget(self) -> None:
        self._arriving.clear()

    async def receive(self) -> object:
        """Receive as the real end does, then count."""

        async def one() -> list[object]:
            return [await self._end.receive()]

        (message,) = await self.take(1, one)
        return message

    def receive_nowait(self) -> object:
        """Receive as the real end does, then count."""
        while True:
            if not self._arriving:
                self.keep([self._end.receive_nowait()])
            elif due := self.due(1):
                return due[0]
            else:
                raise trio.WouldBlock

    async def receive_many(self, limit: int, /) -> list[object]:
        """Receive as the real end does, then count."""
        return await self.take(limit, lambda: self._end.receive_many(limit))

    def batches(self, limit: int, /, within: float | None = None) -> AsyncIterator[list[object]]:
        """Return the iterator of the real end, counted."""
        return CountedBatches(self, self._end.batches(limit, within), limit)

    async def take(self, limit: int, fetch: Callable[[], Awaitable[list[object]]]) -> list[object]:
        """Give what has arrived, 1 to `limit` messages, or fetch more and wait until it has.

        What was fetched is kept at once, so that a cancel while it waits loses nothing.
        """
        if self._arriving:
            await trio.lowlevel.checkpoint()
        while not (due := self.due(limit)):
            if self._arriving:
                await trio.sleep_until(self._arriving[0][0])
            else:
                self.keep(await fetch())
        return due  # noqa: ASYNC910 - what is due was waited for, above or in the loop

    @property
    def _source(self) -> Callable[[], FaultySource]:
        """What `select` asks for, and does not find where the real end has none."""
        of_end = self._end._source
        return lambda: FaultySource(self, of_end())

    @property
    def next_due(self) -> float | None:
        """When the next message arrives of those that were taken; None if there are none."""
        return self._arriving[0][0] if self._arriving else None

    def keep(self, messages: list[object]) -> None:
        """Take note of messages that were taken from the real end, each with its fate."""
        now = trio.current_time()
        fates = self._life.has_received(len(messages))
        for message, (times, delay) in zip(messages, fates, strict=True):
            self._arriving.extend([(now + delay, message)] * times)

    def due(self, limit: int) -> list[object]:
        """Give up to `limit` messages that have arrived by now."""
        now = trio.current_time()
        due: list[object] = []
        while self._arriving and len(due) < limit and self._arriving[0][0] <= now:
            due.append(self._arriving.popleft()[1])
        return due


class CountedBatches:
    """Batches, counted."""

    def __init__(
        self, end: FaultyReceive, batches: AsyncIterator[list[object]], limit: int
    ) -> None:
        self._end = end
        self._batches = batches
        self._limit = limit

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[object]:
        return await self._end.take(self._limit, lambda: anext(self._batches))


class FaultySend(FaultyEnd, trio.abc.SendChannel[object]):
    """A send end that counts what it is asked to send."""

    async def send(self, value: object) -> None:
        """Count, then send as the real end does."""
        self._life.will_send()
        await self._end.send(value)

    async def send_many(self, items: Iterable[object], /, **options: object) -> None:
        """Count one send, then send as the real end does."""
        self._life.will_send()
        await self._end.send_many(items, **options)

    async def call(self, message: object) -> object:
        """Count one send, then call as the real end does."""
        self._life.will_send()
        return await self._end.call(message)

    async def cast(self, message: object) -> None:
        """Count, then cast as the real end does."""
        self._life.will_send()
        await self._end.cast(message)


def probe(end: object, life: Life) -> FaultyEnd:
    """Return an end that stands in for another one in a life."""
    return FaultyReceive(end, life) if hasattr(end, "receive") else FaultySend(end, life)
