"""What type checkers see of a harness, with trio-typing's stubs installed and without.

Never run; see compat_supervision.py for how an expected error is written.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import assert_type

import trioharness as th
from trioharness.harness.graph import Graph, GraphChannel, GraphComponent, GraphSupervisor


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


def drawn(app: th.Harness) -> None:
    graph = app.graph()
    assert_type(graph, Graph)
    assert_type(graph.root, GraphSupervisor)
    assert_type(graph.channels, tuple[GraphChannel, ...])
    assert_type(graph.mermaid(), str)
    for member in graph.root.members:
        if isinstance(member, GraphSupervisor):
            assert_type(member.members, tuple[GraphComponent | GraphSupervisor, ...])
        else:
            assert_type(member.copies, int)
    graph.channels[0].name = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def from_a_thread(
    app: th.Harness, send: th.SendChannel[int], ask: th.RequestClient[int, str]
) -> None:
    app.expose(send, ask)
    with th.start_blocking(app) as portal:
        portal.send(send, 1, timeout=2)
        assert_type(portal.call(ask, 1), str)
        assert_type(portal.run_sync(len, ""), int)
        assert_type(portal.run(described_later, 1), str)
        assert_type(portal.running.end(ask), th.RequestClient[int, str])
        portal.send(send, "a")  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
        portal.run_sync(len)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(portal.receipt(), th.Receipt)


async def described_later(number: int) -> str:
    return str(number)


def errors() -> None:
    app = th.Harness("shop")
    numbers, _ = app.channel(int, 8)
    app.add(walk, numbers, copys=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    app.channel(int)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
