"""A Starlette application with supervised components in the background of its handlers.

``hypercorn -k trio examples.starlette_app:web`` serves it. Run alone, it serves itself and asks.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import httpx2
import trio
from hypercorn.config import Config
from hypercorn.trio import serve  # pyright: ignore[reportUnknownVariableType]
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import trioharness as th

app = th.Harness("shop", grace=5, observer=lambda _: None)
ask, asked = app.requests(str, float, name="prices")
orders, ordered = app.channel(str, 64, name="orders")
app.expose(ask, orders)  # to the handlers, which are no components


async def sell(server: th.ReceiveChannel[th.Request[str, float]]) -> None:
    async for request in server:
        price = {"lamp": 6.0, "rope": 4.5}[request.message]  # or it crashes, and is restarted
        with request:
            request.reply(price)


async def pack(items: th.ReceiveChannel[str]) -> None:
    print("packed", [item async for item in items], flush=True)


app.add(sell, asked)
app.add(pack, ordered)


@contextlib.asynccontextmanager
async def lifespan(_: Starlette) -> AsyncGenerator[dict[str, th.Running]]:
    async with app.open() as running:
        yield {"running": running}
        running.drain()  # the server takes no more requests; what was ordered is packed


async def get_price(request: Request) -> Response:
    try:
        return JSONResponse(await request.state.running.end(ask).call(request.path_params["item"]))
    except th.ResponderDied:
        return Response("try again", 503)  # noqa: ASYNC910 - the call was a checkpoint


async def post_order(request: Request) -> Response:
    await request.state.running.end(orders).send(request.path_params["item"])  # waits for room
    return Response("accepted", 202)


routes = [Route("/price/{item}", get_price), Route("/order/{item}", post_order, methods=["POST"])]
web: Any = Starlette(routes=routes, lifespan=lifespan)


async def main() -> None:
    config = Config.from_mapping(bind="127.0.0.1:0", loglevel="WARNING")
    enough = trio.Event()
    async with trio.open_nursery() as nursery:
        serving = partial(serve, web, config, shutdown_trigger=enough.wait)
        async with httpx2.AsyncClient(base_url=(await nursery.start(serving))[0]) as http:
            print([(await http.get(f"price/{item}")).text for item in ("dragon", "rope")])
            print((await http.post("order/rope")).text)
        enough.set()


if __name__ == "__main__":
    trio.run(main)
