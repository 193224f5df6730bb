"""Channel ends that tell the life they belong to what goes through them.

They stand in for the clones that an incarnation was given. The clones themselves stay with the
supervisor, which settles and closes them as ever.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import trio

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
        self._end.close()

    async def aclose(self) -> None:
        """Close the real end."""
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
        self._end.__exit__(exc_type, exc_value, traceback)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._end.__aexit__(exc_type, exc_value, traceback)  # noqa: ASYNC102 - as it does


class FaultyReceive(FaultyEnd, trio.abc.ReceiveChannel[object]):
    """A receive end that counts what it gives."""

    async def receive(self) -> object:
        """Receive as the real end does, then count."""
        message: object = await self._end.receive()
        self._life.has_received(1)
        return message

    def receive_nowait(self) -> object:
        """Receive as the real end does, then count."""
        message: object = self._end.receive_nowait()
        self._life.has_received(1)
        return message

    async def receive_many(self, limit: int, /) -> list[object]:
        """Receive as the real end does, then count."""
        messages: list[object] = await self._end.receive_many(limit)
        self._life.has_received(len(messages))
        return messages

    def batches(self, limit: int, /, within: float | None = None) -> AsyncIterator[list[object]]:
        """Return the iterator of the real end, counted."""
        return CountedBatches(self._end.batches(limit, within), self._life)


class CountedBatches:
    """Batches, counted."""

    def __init__(self, batches: AsyncIterator[list[object]], life: Life) -> None:
        self._batches = batches
        self._life = life

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[object]:
        messages = await anext(self._batches)
        self._life.has_received(len(messages))
        return messages


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
