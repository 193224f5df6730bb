"""Broadcast: every subscriber gets every message, and chooses what happens when it is slow.

The archive holds the publisher back rather than miss anything; the display wants the newest alone
and is told how many it has missed.
"""

from __future__ import annotations

import trio

import trioharness as th


async def thermometer(out: th.SendChannel[int], slow: trio.Event) -> None:
    for degrees in range(20, 26):
        await out.send(degrees)
    slow.set()


async def archive(readings: th.ReceiveChannel[int]) -> None:
    print("archive:", *[degrees async for degrees in readings])


async def display(readings: th.ReceiveChannel[int], wake: trio.Event) -> None:
    await wake.wait()
    try:
        await readings.receive()
    except th.Lagged as lagged:
        print(f"display: missed {lagged.count}")
    print("display:", await readings.receive())


async def main() -> None:
    publisher, topic = th.open_topic(int)
    wake = trio.Event()
    async with th.open_supervisor("weather") as sup:
        await sup.start(archive, topic.subscribe(1))
        await sup.start(display, topic.subscribe(1, overflow="latest"), wake)
        sup.start_soon(thermometer, publisher, wake)


if __name__ == "__main__":
    trio.run(main)
