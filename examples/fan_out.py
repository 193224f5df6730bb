"""Fan-out: one producer, and several consumers that share the work.

Clones of a receive end share its channel: each message goes to one of them, whoever waits first.
"""

from __future__ import annotations

from collections import Counter

import trio

import trioharness as th

done: Counter[str] = Counter()


async def produce(out: th.SendChannel[int]) -> None:
    for number in range(30):
        await out.send(number)


async def work(name: str, source: th.ReceiveChannel[int]) -> None:
    async for _ in source:
        done[name] += 1
        await trio.sleep(0.001)


async def main() -> None:
    send, receive = th.open_channel(int, 4)
    async with th.open_supervisor("fan_out") as sup:
        sup.start_soon(produce, send)
        for name in ("ann", "bob", "cid"):
            sup.start_soon(work, name, receive)  # each is given a clone of its own
    print(f"{done.total()} messages, each to one of {len(done)} consumers")


if __name__ == "__main__":
    trio.run(main)
