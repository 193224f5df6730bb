"""Messages over a socket, whoever frames them: one task sends pieces, the other finds messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import trio

from bench._model import Clock, Sample, check_items
from bench._purchases import Purchase, make_purchases

Pieces: TypeAlias = Callable[[Sequence[Purchase]], Iterable[bytes]]
"""Makes pieces of messages, each of which is handed to the system at once."""

Found: TypeAlias = Callable[[bytes | bytearray], Iterable[Purchase]]
"""Is given what was received, and gives the messages that are complete by then."""


def over_a_socket(pieces: Pieces, found: Found, size: int, clock: Clock) -> Sample:
    """Send `size` messages through a socket pair; from the first object to the last."""
    purchases = make_purchases(size)
    received: list[Purchase] = []
    nanoseconds = trio.run(_transfer, pieces, found, purchases, received, clock)
    check_items("message received", received, purchases)
    return Sample(count=size, nanoseconds=nanoseconds)


async def _transfer(
    pieces: Pieces,
    found: Found,
    purchases: Sequence[Purchase],
    received: list[Purchase],
    clock: Clock,
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
            received += found(data)
    return clock() - begun
