"""Numbers to receivers that all get all of them, whoever made the ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import attrs
import trio

from bench._flow import Consume, End
from bench._sample import Clock, Sample, check_sum

SUBSCRIBERS = 10
ROOM = 100
"""How many messages may wait for each of them."""

Publish: TypeAlias = Callable[[range], Awaitable[None]]
"""``publish(numbers)`` sends the numbers to all, and lets them end."""


async def fan_out(
    receives: Sequence[End], size: int, clock: Clock, *, publish: Publish, consume: Consume
) -> Sample:
    """Publish `size` numbers, with a task for each end that receives them."""
    sums: list[int] = []

    async def consumer(end: End) -> None:
        with end:
            sums.append(await consume(end))

    begun = clock()
    async with trio.open_nursery() as nursery:
        for end in receives:
            nursery.start_soon(consumer, end)
        await publish(range(size))
    elapsed = clock() - begun
    check_sum("sum of the numbers received", sum(sums), len(receives) * size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


def deliveries_of(sample: Sample, many: int) -> Sample:
    """Return the sample of as many publishes, in terms of what arrived."""
    return attrs.evolve(sample, count=sample.count * many)
