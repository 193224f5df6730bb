"""Threads: a portal lets threads that know nothing of trio into an application that runs in trio.

Here they stand for callbacks of a library with threads of its own: they send, ask, and look.
"""

from __future__ import annotations

import functools
import threading

import trio

import trioharness as th

app = th.Harness("lab", observer=lambda _: None)
send, readings = app.channel(int, 4, name="readings")
ask, asked = app.requests(int, str, name="names")
app.expose(send, ask)
got: list[int] = []


async def keep(end: th.ReceiveChannel[int]) -> None:
    got.extend([reading async for reading in end])


async def name(server: th.ReceiveChannel[th.Request[int, str]]) -> None:
    async for request in server:
        with request:
            if request.message > 1:
                await trio.sleep_forever()  # nobody knows
            request.reply(["thermometer", "barometer"][request.message])


app.add(keep, readings)
app.add(name, asked)


def on_readings(portal: th.Portal) -> None:
    """Send 100 readings; each send waits while four are queued."""
    for reading in range(100):
        portal.send(send, reading)


def on_question(portal: th.Portal) -> None:
    print("sensor 1 is a", portal.call(ask, 1))
    try:
        portal.call(ask, 2, timeout=0.1)
    except TimeoutError as error:
        print(error)
    print(portal.health())


async def main() -> None:
    async with app.open() as running:
        portal = running.portal
        threads = [threading.Thread(target=on_readings, args=(portal,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        await trio.to_thread.run_sync(on_question, portal)
        for thread in threads:
            await trio.to_thread.run_sync(thread.join)
        await trio.to_thread.run_sync(functools.partial(portal.drain, grace=5))
    print(f"{running.receipt().channels[0]}; the sum is {sum(got)}")
    try:
        await trio.to_thread.run_sync(portal.send, send, 1)
    except th.PortalClosed as error:
        print(error)


if __name__ == "__main__":
    trio.run(main)
