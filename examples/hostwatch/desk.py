"""Where alerts are asked for from outside: frames over TCP, on this host alone."""

from __future__ import annotations

import functools
import logging
import secrets
import time

import trio

import trioharness as th

from .messages import ALERTS, ASKS, Alerts, Ask

log = logging.getLogger("hostwatch")

HOST = "127.0.0.1"


async def desk(
    client: th.RequestClient[Ask, Alerts], port: int, *, task_status: th.TaskStatus[int]
) -> None:
    """Pass on what is asked over TCP, and send back the replies. Its value is its port.

    Args:
        client: Whom to ask.
        port: Where to listen; 0 is any that is free.
        task_status: Is told the port, when connections are accepted.
    """
    listeners = await trio.open_tcp_listeners(port, host=HOST)
    taken: int = listeners[0].socket.getsockname()[1]
    log.info("alerts are asked for at port %d", taken)
    task_status.started(taken)
    await trio.serve_listeners(functools.partial(attend, client), listeners)


async def attend(client: th.RequestClient[Ask, Alerts], stream: trio.SocketStream) -> None:
    """See one connection through. Whatever is wrong with it costs no other one anything."""
    try:
        await answer(client, stream)
    except (trio.BrokenResourceError, th.TrioharnessError) as error:
        log.warning("a connection is closed: %s", error)
        await trio.aclose_forcefully(stream)


async def answer(client: th.RequestClient[Ask, Alerts], stream: trio.SocketStream) -> None:
    """Answer what comes, one after the other, until nothing more does."""
    reader, writer = th.FrameReader(ASKS), th.FrameWriter(ALERTS)
    ids = th.Ids(secrets.randbits(32))
    async for received in stream:
        reader.feed(received)
        while (frame := reader.next_frame()) is not th.NEED_DATA:
            for ask in frame.messages if isinstance(frame, th.Batch) else [frame.message]:
                reply = th.Envelope(await client.call(ask), ids.next(), time.time_ns())
                await stream.send_all(writer.encode(reply))
