"""Needs: a database that crashes, and the components that need it, which restart along.

`needs` names a child, and gives each incarnation its live value by keyword. Who needs the database
stops before it is started again, waits meanwhile, and starts with the new connection; who does not
goes on. Time is virtual here, so that nobody has to wait for the back-off.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncGenerator

import trio

import trioharness as th
from trioharness.testing import run

numbers = itertools.count(1)


@contextlib.asynccontextmanager
async def database() -> AsyncGenerator[str]:  # noqa: ASYNC124, ASYNC911 - opens at once
    name = f"connection {next(numbers)}"
    print(f"{name} is open")
    try:
        yield name  # noqa: ASYNC911
    finally:
        print(f"{name} is closed")


async def reader(*, connection: str) -> None:
    print(f"reader uses {connection}")
    try:
        await trio.sleep_forever()
    finally:
        print(f"reader leaves {connection}")


async def clock() -> None:
    while True:
        print(f"{trio.current_time():.0f} s")
        await trio.sleep(1)


async def main() -> None:
    async with th.open_supervisor("shop", observer=lambda _: None) as sup:
        sup.start_soon(clock)
        db = await sup.start(database, backoff=th.Backoff(2, jitter=0))
        await sup.start(reader, needs={"connection": db})
        await trio.sleep(0.5)
        db.kill("the server went away")
        await trio.sleep(3)
        sup.cancel_scope.cancel()


if __name__ == "__main__":
    run(main)
