"""What type checkers see of a harness, with trio-typing's stubs installed and without.

Never run; see compat_supervision.py for how an expected error is written.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import assert_type

import trioharness as th


@contextlib.asynccontextmanager
async def database(dsn: str) -> AsyncGenerator[float]:
    yield 1.0


async def walk(found: th.SendChannel[str]) -> None:
    await found.send("a")


async def store(found: th.ReceiveChannel[str], *, db: float) -> None: ...


def described() -> None:
    app = th.Harness("shop", grace=30.0)
    send, receive = app.channel(str, 8, max_deliveries=3)
    assert_type(send, th.SendChannel[str])
    assert_type(receive, th.ReceiveChannel[str])
    db = app.add(database, "postgres://")
    app.add(walk, send, restart="permanent")
    app.add(store, receive, needs={"db": db}, copies=2)
    assert_type(app.run(), th.Receipt)


def errors() -> None:
    app = th.Harness("shop")
    numbers, _ = app.channel(int, 8)
    app.add(walk, numbers, copys=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    app.channel(int)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
