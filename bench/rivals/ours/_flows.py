"""Our channels, between tasks that do nothing else: one by one, in batches, and with options."""

from __future__ import annotations

import math
from functools import partial

import trioharness as th
from bench._batches import send_batches, sum_batches
from bench._flow import ROOM_IN_BATCHES, flow, send_each, strict
from bench._neighbour import run
from bench._sample import Clock, Sample, check_sum


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a channel, one by one."""
    return run(strict, th.open_channel(int, 100), size, clock)


def without_room(size: int, clock: Clock) -> Sample:
    """The same, and each send waits for its receiver."""
    return run(strict, th.open_channel(int, 0), size, clock)


def ten_producers(size: int, clock: Clock) -> Sample:
    """The same, from ten tasks."""
    return run(strict, th.open_channel(int, 100), size, clock, 10)


def ten_consumers(size: int, clock: Clock) -> Sample:
    """The same, to ten tasks."""
    return run(strict, th.open_channel(int, 100), size, clock, 1, 10)


def producers(many: int, size: int, clock: Clock) -> Sample:
    """The same, from so many tasks."""
    return run(strict, th.open_channel(int, 100), size, clock, many)


def consumers(many: int, size: int, clock: Clock) -> Sample:
    """The same, to so many tasks."""
    return run(strict, th.open_channel(int, 100), size, clock, 1, many)


def fan_in(size: int, clock: Clock) -> Sample:
    """Send numbers one by one from ten tasks, and receive what is there."""
    gather = partial(sum_batches, of=100)
    transfer = partial(flow, produce=send_each, consume=gather, producers=10)
    return run(transfer, th.open_channel(int, 100), size, clock)


async def _in_batches(
    size: int, clock: Clock, of: int, max_deliveries: int | None = None
) -> Sample:
    ends = th.open_channel(int, ROOM_IN_BATCHES * of, max_deliveries=max_deliveries)
    produce, consume = partial(send_batches, of=of), partial(sum_batches, of=of)
    return await flow(ends, size, clock, produce=produce, consume=consume)


def batches_of_10(size: int, clock: Clock) -> Sample:
    """Send `size` numbers in batches of 10."""
    return run(_in_batches, size, clock, 10)


def batches_of_100(size: int, clock: Clock) -> Sample:
    """Send `size` numbers in batches of 100."""
    return run(_in_batches, size, clock, 100)


def batches_of_1000(size: int, clock: Clock) -> Sample:
    """Send `size` numbers in batches of 1,000."""
    return run(_in_batches, size, clock, 1_000)


async def _send_prepared(end: th.SendChannel[int], numbers: range) -> None:
    batches = [[*numbers[first : first + 100]] for first in range(0, len(numbers), 100)]
    for batch in batches:
        await end.send_many(batch)


async def _sum_whole(end: th.ReceiveChannel[int]) -> int:
    total = 0
    async for numbers in end.batches(100):
        total += sum(numbers)
    return total


def neighbour(size: int, clock: Clock) -> Sample:
    """Send numbers in batches of 100 beside a neighbour that wants its turn.

    What the tasks do with each number is not the channel's, so they do as little as they can.
    """
    ends = th.open_channel(int, ROOM_IN_BATCHES * 100)
    return run(partial(flow, ends, size, clock, produce=_send_prepared, consume=_sum_whole))


def deliveries(size: int, clock: Clock) -> Sample:
    """Send numbers one by one, and be ready to deliver each of them three times."""
    return run(strict, th.open_channel(int, 100, max_deliveries=3), size, clock)


def deliveries_in_batches(size: int, clock: Clock) -> Sample:
    """The same in batches of 100."""
    return run(_in_batches, size, clock, 100, 3)


def _ignore(_event: th.MessagesDropped) -> None:
    """Observe nothing."""


async def _to_nobody(
    ends: tuple[th.SendChannel[int], th.ReceiveChannel[int]], size: int, clock: Clock
) -> Sample:
    send, receive = ends
    with send, receive:
        begun = clock()
        await send_each(send, range(size))
        elapsed = clock() - begun
        statistics = send.statistics()
    kept = statistics.dropped + statistics.current_buffer_used
    check_sum("numbers dropped or queued", kept, size)
    return Sample(count=size, nanoseconds=elapsed)


def into_room(size: int, clock: Clock) -> Sample:
    """Send numbers that nobody receives into a channel that is never full."""
    return run(_to_nobody, th.open_channel(int, math.inf), size, clock)


def drops(size: int, clock: Clock) -> Sample:
    """Send numbers that nobody receives into a full channel, so that each send drops one."""
    ends = th.open_channel(int, 100, overflow="drop_oldest", observer=_ignore)
    return run(_to_nobody, ends, size, clock)
