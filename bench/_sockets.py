"""Messages over a socket, whoever frames them: one task sends pieces, the other finds messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias, TypeVar

import trio

from bench._neighbour import run
from bench._sample import Clock, Sample, check_items, check_sum, start


class Numbered(Protocol):
    """A message with a number of its own, from 0."""

    @property
    def number(self) -> int:
        """Its number."""
        ...


M = TypeVar("M", bound=Numbered)

Pieces: TypeAlias = Callable[[Sequence[M]], Iterable[bytes]]
"""Makes pieces of messages, each of which is handed to the system at once."""

Found: TypeAlias = Callable[[bytes | bytearray], Iterable[M]]
"""Is given what was received, and gives the messages that are complete by then."""

Take: TypeAlias = Callable[[Iterable[M]], None]
"""Is given messages as they arrive."""

LOOKED_AT = 300
"""Messages that are compared one by one, before the time is taken."""


def over_a_socket(pieces: Pieces[M], found: Found[M], sent: Sequence[M], clock: Clock) -> Sample:
    """Send messages through a socket pair; from the first object to the last.

    Each is summed up as it arrives, and let go of, as a receiver does: if all were kept, most of
    the time would be that of the collector, which goes over what is kept again and again. Before
    that, some hundreds are compared one by one, which also makes what is made once for each type.
    """
    some = sent[:LOOKED_AT]
    received: list[M] = []
    run(_transfer, pieces, found, some, received.extend, clock)
    check_items("message received", received, some)

    count = total = 0

    def sum_up(messages: Iterable[M]) -> None:
        nonlocal count, total
        for message in messages:
            count += 1
            total += message.number

    nanoseconds = run(_transfer, pieces, found, sent, sum_up, clock)
    check_sum("messages received", count, len(sent))
    check_sum("numbers in them", total, len(sent) * (len(sent) - 1) // 2)
    return Sample(count=len(sent), nanoseconds=nanoseconds)


async def _transfer(
    pieces: Pieces[M], found: Found[M], messages: Sequence[M], take: Take[M], clock: Clock
) -> int:
    here, there = (trio.SocketStream(end) for end in trio.socket.socketpair())

    async def send() -> None:
        async with here:
            for piece in pieces(messages):
                await here.send_all(piece)

    begun = start(clock)
    async with trio.open_nursery() as nursery, there:
        nursery.start_soon(send)
        async for data in there:
            take(found(data))
    return clock() - begun
