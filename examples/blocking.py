"""Blocking: a program without any async code runs an application in a thread of its own.

Leaving the block drains: all that was sent is dealt with, and everything has ended.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

import trio

import trioharness as th


@contextlib.asynccontextmanager
async def warehouse(stock: int) -> AsyncGenerator[list[int]]:
    await trio.sleep(0.01)
    print("the warehouse opens")
    yield [stock]
    await trio.sleep(0.01)
    print("the warehouse closes")


async def deliver(orders: th.ReceiveChannel[int], *, stock: list[int]) -> None:
    async for pieces in orders:
        stock[0] -= pieces


async def count(server: th.ReceiveChannel[th.Request[None, int]], *, stock: list[int]) -> None:
    async for request in server:
        with request:
            request.reply(stock[0])


app = th.Harness("shop", observer=lambda _: None)
orders, ordered = app.channel(int, 8, name="orders")
ask, asked = app.requests(type(None), int, name="counts")
app.expose(orders, ask)
app.add(warehouse, 1_000)
app.add(deliver, ordered, needs={"stock": "warehouse"})
app.add(count, asked, needs={"stock": "warehouse"})


def main() -> None:
    with th.start_blocking(app) as portal:
        print("in stock:", portal.call(ask, None))
        for pieces in range(10):
            portal.send(orders, pieces)
        print("its stock is", portal.running.supervisor.children["warehouse"].state)
    receipt = portal.receipt()
    print(receipt.ended, "-", receipt.channels[0])


if __name__ == "__main__":
    main()
