"""trio alone, used as its own documentation does: the baseline."""

from __future__ import annotations

import trio

from bench._model import Clock, Sample, check_sum


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a memory channel, one by one."""
    return trio.run(_one_by_one, size, clock)


async def _one_by_one(size: int, clock: Clock) -> Sample:
    send, receive = trio.open_memory_channel[int](100)
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
    check_sum("sum of the numbers received", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)
