"""Scatter and gather: ask several at once, take what comes in time, and go on without the rest.

Whoever is too slow is not only given up: the block in which it works is cancelled as well.
"""

from __future__ import annotations

import trio

import trioharness as th

SECONDS = {"near": 0.01, "far": 0.02, "lost": 60.0}


async def shop(name: str, server: th.ReceiveChannel[th.Request[str, int]]) -> None:
    async for request in server:
        with request:
            await trio.sleep(SECONDS[name])
            request.reply(len(request.message) * len(name))


async def ask_all(shops: dict[str, th.RequestClient[str, int]], what: str) -> dict[str, int]:
    prices: dict[str, int] = {}

    async def ask(name: str) -> None:
        prices[name] = await shops[name].call(what)

    with trio.move_on_after(1):
        async with trio.open_nursery() as nursery:
            for name in shops:
                nursery.start_soon(ask, name)
    return prices


async def main() -> None:
    shops: dict[str, th.RequestClient[str, int]] = {}
    async with th.open_supervisor("market") as sup:
        for name in SECONDS:
            shops[name], server = th.open_requests(str, int)
            sup.start_soon(shop, name, server)
        prices = await ask_all(shops, "lamp")
        print("prices:", dict(sorted(prices.items())))
        print("cancelled:", [n for n, s in shops.items() if s.call_statistics().cancelled])
        for client in shops.values():
            client.close()


if __name__ == "__main__":
    trio.run(main)
