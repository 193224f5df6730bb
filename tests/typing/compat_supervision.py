"""What type checkers see of supervision, with trio-typing's stubs installed and without.

Never run. Each line with an `ignore` is an error that a user could make and has to be told; where
a checker no longer finds it, the ignore is unused, and that is an error.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import assert_type

import trioharness as th


class Pool:
    """What the database component gives."""


@contextlib.asynccontextmanager
async def database(dsn: str) -> AsyncGenerator[Pool]:
    yield Pool()


async def server(port: int, *, task_status: th.TaskStatus[str]) -> None:
    task_status.started(f"localhost:{port}")


async def worker(orders: th.ReceiveChannel[int], label: str) -> None:
    async for order in orders:
        assert_type(order, int)


async def pooled(orders: th.ReceiveChannel[int], *, pool: Pool) -> None: ...


def no_component(port: int) -> str:
    return str(port)


async def typed_children(sup: th.Supervisor, orders: th.ReceiveChannel[int]) -> None:
    opened = await sup.start(database, "postgres://")
    assert_type(opened, th.Child[Pool])
    assert_type(opened.value, Pool)
    served = await sup.start(server, 80, name="web", grace=1.0)
    assert_type(served, th.Child[str])
    assert_type(served.value, str)
    assert_type(await sup.start(worker, orders, "label"), th.Child[None])
    await sup.start(pooled, orders, needs={"pool": opened})
    assert_type(sup.start_soon(server, 80, restart="permanent"), th.Child[str])
    assert_type(sup.start_soon(worker, orders, "label"), th.Child[None])
    assert_type(sup.start_soon(database, "postgres://"), th.Child[Pool])


async def typed_instances() -> None:
    async with th.open_pool(th.Spec(server, name="web"), max_children=5) as pool:
        assert_type(await pool.start(80), th.Child[str])


async def errors(sup: th.Supervisor, orders: th.ReceiveChannel[str]) -> None:
    await sup.start(database)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(database, 80)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(server, "80")  # type: ignore[misc]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(worker, orders, "a")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(no_component, 80)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(server, 80, restart="always")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(server, 80, gracious=1.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    sup.start_soon(database, 80)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(server, "80")  # type: ignore[misc]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(worker, orders, "a")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    served = await sup.start(server, 80)
    _: int = served.value  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


async def opening() -> None:
    async with th.open_supervisor("shop", strategy="one_for_one", within=1.0) as sup:
        assert_type(sup, th.Supervisor)
    th.open_supervisor("shop", strategy="one_for_none")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
