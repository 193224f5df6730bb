"""A thread that sends into a running trio, one message after the other."""

from __future__ import annotations

from collections.abc import Callable

import trio

from bench._sample import Clock, Sample, check_sum


async def sums(receive: trio.abc.ReceiveChannel[int], result: list[int]) -> None:
    """Add up all that is received."""
    result.append(sum([number async for number in receive]))


def send_each(send: Callable[[int], object], size: int, clock: Clock) -> int:
    """Send `size` numbers, in a thread; return the time that this took."""
    begun = clock()
    for number in range(size):
        send(number)
    return clock() - begun


def sample_of(size: int, elapsed: int, result: list[int]) -> Sample:
    """Return the sample of so many messages, which arrived."""
    check_sum("sum of the numbers", result, [size * (size - 1) // 2])
    return Sample(count=size, nanoseconds=elapsed)
