"""Ping-pong: two components that talk to each other over two channels, until one has had enough.

Each has a receive end and a send end. When the one that serves returns, its ends are closed, so
that the other finds no more to receive and returns as well.
"""

from __future__ import annotations

import trio

import trioharness as th


@th.message("ball")
class Ball:
    hits: int


async def ping(incoming: th.ReceiveChannel[Ball], outgoing: th.SendChannel[Ball]) -> None:
    await outgoing.send(Ball(hits=1))
    async for ball in incoming:
        print("ping", ball.hits)
        if ball.hits == 6:
            return
        await outgoing.send(Ball(hits=ball.hits + 1))


async def pong(incoming: th.ReceiveChannel[Ball], outgoing: th.SendChannel[Ball]) -> None:
    async for ball in incoming:
        print("pong", ball.hits)
        await outgoing.send(Ball(hits=ball.hits + 1))


async def main() -> None:
    to_ping, at_ping = th.open_channel(Ball, 1)
    to_pong, at_pong = th.open_channel(Ball, 1)
    async with th.open_supervisor("table") as sup:
        sup.start_soon(ping, at_ping, to_pong)
        sup.start_soon(pong, at_pong, to_ping)
    print("both have ended")


if __name__ == "__main__":
    trio.run(main)
