"""Fan-in: several producers and one consumer, which takes what is there in batches.

The messages of each producer stay in order. The channel ends when the last producer has returned.
"""

from __future__ import annotations

import trio

import trioharness as th


async def produce(name: str, out: th.SendChannel[tuple[str, int]]) -> None:
    for number in range(100):
        await out.send((name, number))


async def collect(source: th.ReceiveChannel[tuple[str, int]]) -> None:
    last: dict[str, int] = {}
    total = 0
    async for batch in source.batches(50):
        for name, number in batch:
            assert number == last.get(name, -1) + 1
            last[name] = number
        total += len(batch)
    print(f"{total} messages of {len(last)} producers, those of each in order")


async def main() -> None:
    send, receive = th.open_channel(tuple[str, int], 50)
    async with th.open_supervisor("fan_in") as sup:
        for name in ("north", "south", "west"):
            sup.start_soon(produce, name, send)
        sup.start_soon(collect, receive)


if __name__ == "__main__":
    trio.run(main)
