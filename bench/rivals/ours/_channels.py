"""Our channels: one producer and one consumer, no supervision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import trio

import trioharness as th
from bench._model import Clock, Sample, check_items, check_sum
from bench.rivals.ours._messages import Order, make_orders

T = TypeVar("T")


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a channel, one by one."""
    return trio.run(_one_by_one, size, clock)


async def _one_by_one(size: int, clock: Clock) -> Sample:
    send, receive = th.open_channel(int, 100)
    total = 0

    async def produce() -> None:
        with send:
            for number in range(size):
                await send.send(number)

    begun = clock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce)
        async for number in receive:
            total += number
    elapsed = clock() - begun
    receive.close()
    check_sum("sum of the numbers received", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


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
