"""trio alone, used as its own documentation does: the baseline."""

from __future__ import annotations

from functools import partial

import trio

from bench._fan_out import ROOM, SUBSCRIBERS, fan_out
from bench._flow import gaps, part_of, strict, sum_each
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


def to_ten_subscribers(size: int, clock: Clock) -> Sample:
    """Send each number ten times, into a memory channel for each receiver."""
    ends = [trio.open_memory_channel[int](ROOM) for _ in range(SUBSCRIBERS)]

    async def publish(numbers: range) -> None:
        for number in numbers:
            for send, _ in ends:
                await send.send(number)
        for send, _ in ends:
            send.close()

    receives = [receive for _, receive in ends]
    return trio.run(partial(fan_out, receives, size, clock, publish=publish, consume=sum_each))


fan_in = ten_producers
to_ten_subscribers_in_batches = part_of(to_ten_subscribers, 40)
deliveries = one_by_one
batches_of_10 = part_of(one_by_one, 10)
batches_of_100 = part_of(one_by_one, 20)
batches_of_1000 = part_of(one_by_one, 50)
