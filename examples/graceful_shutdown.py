"""Graceful shutdown: a drain ends an application early, and loses nothing that is queued.

The source is told first and says a last word; the worker finishes what is on its way; the database
is closed last. With `Harness.run`, or `trioharness run`, the first SIGINT or SIGTERM does what
`drain` does here.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from itertools import count

import trio

import trioharness as th


@contextlib.asynccontextmanager
async def database() -> AsyncGenerator[list[int]]:  # noqa: ASYNC124, ASYNC911 - opens at once
    rows: list[int] = []
    yield rows  # noqa: ASYNC911
    complete = rows == [*range(len(rows) - 1), -1]
    print("database: closed, with", "all rows" if complete else "gaps")


async def source(out: th.SendChannel[int]) -> None:
    with th.stop_on_drain():
        for number in count():
            await out.send(number)
    print("source: told to end")
    await out.send(-1)


async def worker(numbers: th.ReceiveChannel[int], *, rows: list[int]) -> None:
    async for number in numbers:
        await trio.sleep(0.001)
        rows.append(number)
    print("worker: nothing is left")


app = th.Harness("graceful", grace=5)
numbers_out, numbers_in = app.channel(int, 10)
app.add(database)
app.add(worker, numbers_in, needs={"rows": "database"})
app.add(source, numbers_out)


async def main() -> None:
    async with app.open() as running:
        await trio.sleep(0.05)
        running.drain()
    receipt = running.receipt()
    print("left behind:", sum(channel.left for channel in receipt.channels))


if __name__ == "__main__":
    trio.run(main)
