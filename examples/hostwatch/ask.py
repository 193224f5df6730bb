"""``python -m examples.hostwatch.ask PORT [METRIC]``: show the alerts, or acknowledge one."""

from __future__ import annotations

import secrets
import sys
import time

import trio

import trioharness as th

from .desk import HOST
from .messages import ALERTS, ASKS, Acknowledge, Alert, Alerts, Ask, ListAlerts


async def ask(port: int, question: Ask) -> Alerts:
    """Ask the desk at `port`.

    Raises:
        OSError: There is none.
        EOFError: It closed the connection before it replied.
    """
    reader, writer = th.FrameReader(ALERTS), th.FrameWriter(ASKS)
    async with await trio.open_tcp_stream(HOST, port) as stream:
        asked = th.Envelope(question, th.Ids(secrets.randbits(32)).next(), time.time_ns())
        await stream.send_all(writer.encode(asked))
        async for received in stream:
            reader.feed(received)
            frame = reader.next_frame()
            if isinstance(frame, th.Envelope):
                return frame.message
    raise EOFError("no reply: the desk has closed the connection")


def line(alert: Alert) -> str:
    """Return an alert as a line for people."""
    since = time.strftime("%H:%M:%S", time.localtime(alert.since))
    seen = ", acknowledged" if alert.acknowledged else ""
    return f"{alert.metric} is {alert.mean:.1f}, above {alert.above:g}, since {since}{seen}"


def main(port: str, metric: str | None = None) -> None:
    """Ask, and print the alerts."""
    question = ListAlerts() if metric is None else Acknowledge(metric=metric)
    reply = trio.run(ask, int(port), question)
    print("\n".join(map(line, reply.alerts)) or "no alerts")


if __name__ == "__main__":
    main(*sys.argv[1:])
