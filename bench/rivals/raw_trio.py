"""trio alone, used as its own documentation does: the baseline."""

from __future__ import annotations

from functools import partial

import trio

from bench._calls import ask_each, time_each
from bench._flow import gaps, part_of, strict
from bench._model import Clock, Sample


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a memory channel, one by one."""
    return trio.run(strict, trio.open_memory_channel[int](100), size, clock)


def without_room(size: int, clock: Clock) -> Sample:
    """The same, and each send waits for its receiver."""
    return trio.run(strict, trio.open_memory_channel[int](0), size, clock)


def ten_producers(size: int, clock: Clock) -> Sample:
    """The same, from ten tasks."""
    return trio.run(strict, trio.open_memory_channel[int](100), size, clock, 10)


def ten_consumers(size: int, clock: Clock) -> Sample:
    """The same, to ten tasks."""
    return trio.run(strict, trio.open_memory_channel[int](100), size, clock, 1, 10)


def neighbour(size: int, clock: Clock) -> Sample:
    """Send numbers one by one beside a neighbour that wants its turn."""
    channel = trio.open_memory_channel[int](100)
    return trio.run(gaps, partial(strict, channel, size // 20 + 1, clock), clock)


async def _ask(size: int, clock: Clock, clients: int) -> Sample:
    asks, asked = trio.open_memory_channel[tuple[int, trio.MemorySendChannel[int]]](100)

    async def answer() -> None:
        async for number, reply in asked:
            await reply.send(number + 1)

    async def call(number: int) -> int:
        reply, replied = trio.open_memory_channel[int](1)
        await asks.send((number, reply))
        return await replied.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        sample = await (
            ask_each(call, size, clock, clients) if clients else time_each(call, size, clock)
        )
        asks.close()
    return sample


def one_client(size: int, clock: Clock) -> Sample:
    """Call one after another, with a reply channel for each call."""
    return trio.run(_ask, size, clock, 1)


def evenness(size: int, clock: Clock) -> Sample:
    """Call one after another, and take the time of each call."""
    return trio.run(_ask, size, clock, 0)


def ten_clients(size: int, clock: Clock) -> Sample:
    """The same from ten tasks."""
    return trio.run(_ask, size, clock, 10)


fan_in = ten_producers
deliveries = one_by_one
batches_of_10 = part_of(one_by_one, 10)
batches_of_100 = part_of(one_by_one, 20)
batches_of_1000 = part_of(one_by_one, 50)
