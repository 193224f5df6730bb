"""anyio's memory object streams, on the trio backend."""

from __future__ import annotations

import anyio

from bench._model import Clock, Sample, check_sum


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a memory object stream, one by one."""
    return anyio.run(_one_by_one, size, clock, backend="trio")


async def _one_by_one(size: int, clock: Clock) -> Sample:
    send, receive = anyio.create_memory_object_stream[int](100)
    total = 0

    async def produce() -> None:
        with send:
            for number in range(size):
                await send.send(number)

    begun = clock()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(produce)
        async for number in receive:
            total += number
    elapsed = clock() - begun
    receive.close()
    check_sum("sum of the numbers received", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)
