"""Our channels with messages: as objects and as bytes, one producer and one consumer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import trio

import trioharness as th
from bench._sample import Clock, Sample, check_items
from bench.rivals.ours._messages import Order, make_orders

T = TypeVar("T")


def by_reference(size: int, clock: Clock) -> Sample:
    """Send `size` messages; what arrives is the very objects that were sent, in order."""
    orders = make_orders(size)
    received: list[Order] = []
    ends = th.open_channel(Order, 100)
    nanoseconds = trio.run(_transfer, ends, orders, received.append, clock)
    check_items("identity received", [*map(id, received)], [*map(id, orders)])
    return Sample(count=size, nanoseconds=nanoseconds)


def serialized(size: int, clock: Clock) -> Sample:
    """Send `size` messages as bytes; what arrives equals what was sent, in order."""
    orders = make_orders(size)
    received: list[Order] = []
    codec = th.Codec(Order)
    ends = th.open_channel(bytes, 100)

    def decode(data: bytes) -> None:
        received.append(codec.decode(data))

    nanoseconds = trio.run(_transfer, ends, map(codec.encode, orders), decode, clock)
    check_items("message received", received, orders)
    return Sample(count=size, nanoseconds=nanoseconds)


async def _transfer(
    ends: tuple[th.SendChannel[T], th.ReceiveChannel[T]],
    items: Iterable[T],
    take: Callable[[T], None],
    clock: Clock,
) -> int:
    """Send `items` one by one, `take` each at the other end; return the nanoseconds it took."""
    send, receive = ends

    async def produce() -> None:
        with send:
            for item in items:
                await send.send(item)

    begun = clock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce)
        async for item in receive:
            take(item)
    elapsed = clock() - begun
    receive.close()
    return elapsed
