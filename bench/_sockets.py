"""Messages over a socket, whoever frames them: one task sends pieces, the other finds messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import trio

from bench._model import Clock, Sample, check_items, check_sum
from bench._purchases import Purchase, make_purchases

Pieces: TypeAlias = Callable[[Sequence[Purchase]], Iterable[bytes]]
"""Makes pieces of messages, each of which is handed to the system at once."""

Found: TypeAlias = Callable[[bytes | bytearray], Iterable[Purchase]]
"""Is given what was received, and gives the messages that are complete by then."""

Take: TypeAlias = Callable[[Iterable[Purchase]], None]
"""Is given messages as they arrive."""

LOOKED_AT = 300
"""Messages that are compared one by one, before the time is taken."""


def over_a_socket(pieces: Pieces, found: Found, size: int, clock: Clock) -> Sample:
    """Send `size` messages through a socket pair; from the first object to the last.

    Each is summed up as it arrives, and let go of, as a receiver does: if all were kept, most of
    the time would be that of the collector, which goes over what is kept again and again. Before
    that, some hundreds are compared one by one, which also makes what is made once for each type.
    """
    purchases = make_purchases(size)
    some = purchases[:LOOKED_AT]
    received: list[Purchase] = []
    trio.run(_transfer, pieces, found, some, received.extend, clock)
    check_items("message received", received, some)

    count = total = 0

    def sum_up(messages: Iterable[Purchase]) -> None:
        nonlocal count, total
        for message in messages:
            count += 1
            total += message.number

    nanoseconds = trio.run(_transfer, pieces, found, purchases, sum_up, clock)
    check_sum("messages received", count, size)
    check_sum("numbers in them", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=nanoseconds)


async def _transfer(
    pieces: Pieces, found: Found, purchases: Sequence[Purchase], take: Take, clock: Clock
) -> int:
    here, there = (trio.SocketStream(end) for end in trio.socket.socketpair())

    async def send() -> None:
        async with here:
            for piece in pieces(purchases):
                await here.send_all(piece)

    begun = clock()
    async with trio.open_nursery() as nursery, there:
        nursery.start_soon(send)
        async for data in there:
            take(found(data))
    return clock() - begun
