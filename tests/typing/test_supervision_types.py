"""What mypy and pyright infer for supervisors and children; checked, never run.

Each line with an `ignore` is an error that a user could make and has to be told: where a checker
does not find it any more, the ignore is unused, and that is an error.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, assert_type

import attrs
import trio

import trioharness as th


class Pool:
    """What the database component gives."""


@contextlib.asynccontextmanager
async def database(dsn: str) -> AsyncGenerator[Pool]:
    yield Pool()


@contextlib.asynccontextmanager
async def clock() -> AsyncGenerator[float]:
    yield 0.0


def connect(dsn: str, retries: int) -> AbstractAsyncContextManager[Pool]:
    return database(dsn)


async def server(port: int, *, task_status: th.TaskStatus[str]) -> None:
    task_status.started(f"localhost:{port}")


async def gate(*, task_status: th.TaskStatus[None]) -> None:
    task_status.started()


async def ready_in_time(
    port: int, *, task_status: th.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    task_status.started(port)


async def two(a: int, b: str, *, task_status: th.TaskStatus[bytes]) -> None: ...


async def three(a: int, b: str, c: float, *, task_status: th.TaskStatus[float]) -> None: ...


async def wide(a: int, b: str, c: float, d: bytes, *, task_status: th.TaskStatus[list[int]]) -> int:
    task_status.started([a])
    return 0


async def worker(orders: th.ReceiveChannel[int], label: str = "") -> None:
    async for order in orders:
        assert_type(order, int)


async def pooled(orders: th.ReceiveChannel[int], *, pool: Pool) -> None: ...


def no_component(port: int) -> str:
    return str(port)


class Ticker(th.Component):
    def __init__(self, every: float) -> None:
        self.every = every

    async def setup(self) -> Pool:
        return Pool()


@attrs.define
class Worker(th.Component):
    orders: th.ReceiveChannel[int]
    label: str = ""

    async def run(self) -> None:
        async for order in self.orders:
            assert_type(order, int)


@attrs.frozen
class Pooled(th.Component):
    orders: th.ReceiveChannel[int]
    pool: Pool = attrs.field(kw_only=True)


@dataclasses.dataclass
class Counter(th.Component):
    start: int


class NoRun(th.Component):
    async def run(self, times: int) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]


async def context_managers(sup: th.Supervisor) -> None:
    child = await sup.start(database, "postgres://", name="db", grace=3.0)
    assert_type(child, th.Child[Pool])
    assert_type(child.value, Pool)
    assert_type(await sup.start(clock, restart="permanent"), th.Child[float])
    assert_type(await sup.start(connect, "postgres://", 3), th.Child[Pool])


async def functions_that_say_when_they_are_ready(sup: th.Supervisor) -> None:
    child = await sup.start(server, 80, backoff=th.Backoff(0.1), background=True)
    assert_type(child, th.Child[str])
    assert_type(child.value, str)
    assert_type(await sup.start(gate), th.Child[None])
    assert_type(await sup.start(wide, 1, "b", 2.0, b"d"), th.Child[list[int]])


async def is_there(name: str) -> None:
    assert name


async def says_whether(name: str) -> bool:
    return bool(name)


async def other_functions(sup: th.Supervisor, orders: th.ReceiveChannel[int]) -> None:
    db = await sup.start(database, "postgres://")
    assert_type(await sup.start(pooled, orders, needs={"pool": db}), th.Child[Any])
    alive = th.Health(beat_within=5)
    assert_type(await sup.start(server, 80, health=alive, start_within=5), th.Child[str])
    assert_type(sup.health().condition, th.Condition)
    assert_type(db.health(), th.ChildHealth)
    assert_type((db.health().started, db.health().ready, db.health().live), tuple[bool, bool, bool])
    assert_type(sup.health().live, bool)
    th.Health(check=says_whether)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await sup.start(server, 80, health=th.Health(check=is_there, check_every=30))
    assert_type(sup.tree(), th.SupervisorNode)
    assert_type(await sup.start(functools.partial(server, port=80)), th.Child[Any])


async def classes(
    sup: th.Supervisor, orders: th.ReceiveChannel[int], strings: th.ReceiveChannel[str]
) -> None:
    child = await sup.start(Worker, orders, "label", grace=1.0)
    assert_type(child, th.Child[Worker])
    assert_type(child.value, Worker)
    assert_type(await sup.start(Worker, orders), th.Child[Worker])
    assert_type(await sup.start(Ticker, 0.5), th.Child[Ticker])
    assert_type(await sup.start(Counter, 1), th.Child[Counter])
    assert_type(await sup.start(th.Component), th.Child[th.Component])
    assert_type(await sup.start(functools.partial(Worker, label=""), orders), th.Child[Worker])
    db = await sup.start(database, "postgres://")
    assert_type(await sup.start(Pooled, orders, needs={"pool": db}), th.Child[Pooled])
    await sup.start(Worker)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(Worker, strings)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(Ticker, "often")  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(Pooled, orders)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(Ticker(0.5))  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


def start_soon_gives_the_same(
    sup: th.Supervisor, orders: th.ReceiveChannel[int], db: th.Child[Pool]
) -> None:
    child = sup.start_soon(server, 80, name="web", backoff=th.Backoff(0.1))
    assert_type(child, th.Child[str])
    assert_type(child.value, str)
    assert_type(sup.start_soon(gate), th.Child[None])
    assert_type(sup.start_soon(ready_in_time, 80), th.Child[int])
    assert_type(sup.start_soon(two, 1, "b"), th.Child[bytes])
    assert_type(sup.start_soon(three, 1, "b", 2.0), th.Child[float])
    assert_type(sup.start_soon(wide, 1, "b", 2.0, b"d"), th.Child[list[int]])
    assert_type(sup.start_soon(worker, orders, after=[db]), th.Child[None])
    assert_type(sup.start_soon(worker, orders, "label"), th.Child[None])
    assert_type(sup.start_soon(database, "postgres://"), th.Child[Pool])
    assert_type(sup.start_soon(clock, background=False), th.Child[float])
    assert_type(sup.start_soon(connect, "postgres://", 3), th.Child[Pool])
    assert_type(sup.start_soon(Worker, orders, grace=1.0), th.Child[Worker])
    assert_type(sup.start_soon(Ticker, 0.5), th.Child[Ticker])
    assert_type(sup.start_soon(functools.partial(Worker, label=""), orders), th.Child[Worker])
    assert_type(sup.start_soon(functools.partial(server, port=80)), th.Child[Any])
    assert_type(sup.start_soon(pooled, orders, needs={"pool": db}), th.Child[Any])
    assert_type(sup.start_soon(Pooled, orders, needs={"pool": db}), th.Child[Pooled])
    assert_type(sup.start_soon(database, needs={"dsn": db}), th.Child[Pool])


def errors_of_start_soon(
    sup: th.Supervisor, strings: th.ReceiveChannel[str], db: th.Child[Pool]
) -> None:
    sup.start_soon(database)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(database, 80)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(database, "a", "b")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(server, "80")  # type: ignore[misc]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(server)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(wide, 1, "b", 2.0, "d")  # type: ignore[call-arg, misc]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(worker, strings)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(no_component, 80)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(Worker)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(Ticker, "often")  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(Pooled, strings)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(Ticker(0.5))  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(server, 80, restart="always")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(server, 80, gracious=1.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    sup.start_soon(server, 80, grace="long")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    sup.start_soon(pooled, strings, needs=[db])  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    _: int = sup.start_soon(server, 80).value  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]


async def groups_and_pools(sup: th.Supervisor) -> None:
    group = th.Group("g", [th.Spec(server, 80), th.Spec(Ticker, 0.5), th.Spec(pooled, needs={})])
    assert_type(await sup.start(group), th.Child[th.Supervisor])
    pool = th.Pool("p", th.Spec(server, name="web", grace=1.0))
    assert_type(pool, th.Pool[str])
    assert_type(await sup.start(pool), th.Child[th.PoolSupervisor[str]])
    assert_type(sup.start_soon(pool).value, th.PoolSupervisor[str])


async def instances_of_a_pool(strings: th.ReceiveChannel[str]) -> None:
    async with th.open_pool(th.Spec(server), "p") as pool:
        assert_type(pool, th.PoolSupervisor[str])
        child = await pool.start(80, name="web")
        assert_type(child, th.Child[str])
        assert_type(child.value, str)
        for name, other in pool.children.items():
            assert_type(name, str)
            assert_type(other, th.Child[str])
        assert_type(pool.statistics(), th.SupervisorStatistics)
        _: int = child.value  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    async with th.open_pool(th.Spec(database)) as databases:
        assert_type(await databases.start("postgres://"), th.Child[Pool])


def templates(orders: th.ReceiveChannel[int]) -> None:
    assert_type(th.Spec(gate), th.Spec[None])
    assert_type(th.Spec(server), th.Spec[str])
    assert_type(th.Spec(ready_in_time), th.Spec[int])
    assert_type(th.Spec(wide, 1, "b"), th.Spec[list[int]])
    assert_type(th.Spec(worker, orders), th.Spec[None])
    assert_type(th.Spec(worker), th.Spec[None])
    assert_type(th.Spec(clock), th.Spec[float])
    assert_type(th.Spec(connect, "postgres://"), th.Spec[Pool])
    assert_type(th.Spec(Worker), th.Spec[Worker])
    assert_type(th.Spec(functools.partial(server, port=80)), th.Spec[Any])
    assert_type(th.Spec(pooled, orders, needs={"pool": "db"}, after=["x"]), th.Spec[Any])
    wider: th.Spec[object] = th.Spec(server)
    assert_type(wider.name, str)
    th.Spec(no_component)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    th.Spec(Ticker(0.5))  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    th.Spec(server, gracious=1.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    th.Spec(server, restart="always")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    th.Pool("p", server)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def who_takes_a_pool(workers: th.PoolSupervisor, named: th.PoolSupervisor[str]) -> None:
    assert_type(await workers.start(80), th.Child[Any])
    assert_type(await named.start(80), th.Child[str])
    wider: th.PoolSupervisor[object] = named
    del wider


async def a_handle(child: th.Child[Pool]) -> None:
    assert_type(await child.wait("ready", th.State.STOPPED), th.State)
    assert_type(await child.stop(), None)
    assert_type(await child.restart("for maintenance"), None)
    assert_type(child.state, th.State)
    assert_type(child.last_error, str | None)
    wider: th.Child[object] = child  # a handle only gives
    del wider


async def a_supervisor(sup: th.Supervisor) -> None:
    assert_type(sup.statistics(), th.SupervisorStatistics)
    assert_type(sup.overran, tuple[str, ...])
    sup.drain()
    sup.drain(grace=5)
    for name, child in sup.children.items():
        assert_type(name, str)
        assert_type(child, th.Child[object])


async def ends(send: th.SendChannel[int], sup: th.Supervisor) -> None:
    assert_type(th.as_is(send), th.SendChannel[int])


async def clean_up() -> None:
    async with th.cleanup() as scope:
        scope.deadline += 1
    with th.stop_on_drain() as block:
        assert_type(block.cancelled_caught, bool)


def observe(event: th.Event) -> None:
    match event:
        case th.ChildEnded(exit=th.Crashed(error=error)):
            assert_type(error, Exception)
        case th.ChildReady(path=path, incarnation=incarnation):
            assert_type((path, incarnation), tuple[str, int])
        case _:
            pass


async def opening() -> None:
    async with th.open_supervisor("shop", max_restarts=5, within=60, observer=observe) as sup:
        assert_type(sup, th.Supervisor)


async def errors(sup: th.Supervisor, strings: th.ReceiveChannel[str], db: th.Child[Pool]) -> None:
    await sup.start(database)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(database, 80)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(database, "a", "b")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(server, "80")  # type: ignore[misc]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(server)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(worker, strings)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(no_component, 80)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(server, 80, restart="always")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(server, 80, gracious=1.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await sup.start(server, 80, health=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await sup.start(pooled, strings, needs=[db])  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    db.value = Pool()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    _: int = db.value  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    th.Child(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    th.Supervisor()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def bad_components(status: th.TaskStatus[str], given: th.TaskStatus[None]) -> Awaitable[None]:
    status.started(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    status.started()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    given.started()
    raise NotImplementedError


def bad_options() -> None:
    th.open_supervisor(strategy="one_for_none")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    th.open_supervisor(max_restarts="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    th.Backoff(jitter="much")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def changed_event(event: th.ChildReady, crashed: th.Crashed) -> None:
    event.path = "shop"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    crashed.error = ValueError()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    assert_type({event: crashed}, dict[th.ChildReady, th.Crashed])


def blocks(path: str, count: int = 1) -> bytes:
    return b""


def blocks_until_ready(port: int, *, task_status: th.TaskStatus[str]) -> None: ...


async def blocking_functions(sup: th.Supervisor) -> None:
    assert_type(await th.in_thread(blocks)("a", count=2), bytes)
    component = th.in_thread(blocks)
    assert_type(await sup.start(component, "a"), th.Child[None])
    assert_type(await sup.start(th.in_thread(blocks), "a", 2), th.Child[None])
    assert_type(sup.start_soon(th.in_thread(blocks_until_ready), 80), th.Child[str])
    await th.in_thread(blocks)(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    server = th.in_thread(blocks_until_ready)
    sup.start_soon(server, "80")  # type: ignore[misc]  # pyright: ignore[reportArgumentType, reportCallIssue]


async def polls(url: str, retries: int) -> bytes:
    return b""


async def periodic_work(sup: th.Supervisor) -> None:
    assert_type(th.every(60), th.Every)
    assert_type(await sup.start(th.every(60, polls, "url", 3)), th.Child[None])
    assert_type(sup.start_soon(th.every(60, polls), "url", 3), th.Child[None])
    await th.every(60, polls, "url", 3)()
    th.every(60, polls, 3, "url")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportArgumentType]
    th.every(60, no_component, 80)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    component = th.every(60, polls)
    sup.start_soon(component, 3, "url")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


async def programs(sup: th.Supervisor, db: th.Child[Pool], event: th.Event) -> None:
    assert_type(await sup.start(th.command(["sleep", "60"], cwd="/", env={})), th.Child[int])
    assert_type(sup.start_soon(th.command(["true"]), grace=3), th.Child[int])
    assert_type(sup.start_soon(th.command(["true"]), needs={"db": db}), th.Child[Any])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(th.command(["true"]))
    th.command("sleep 60", cwd=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    th.command(["sleep", 60])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    if isinstance(event, th.CommandOutput):
        assert_type((event.stream, event.line), tuple[Literal["stdout", "stderr"], str])


async def of_trio(
    port: int, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
) -> None:
    """A task as it was written for a nursery."""
    task_status.started(f"localhost:{port}")


async def gate_of_trio(port: int, name: str, *, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()


async def a_task_of_a_nursery_is_a_component_as_it_is(
    sup: th.Supervisor, nursery: trio.Nursery
) -> None:
    assert_type(await sup.start(of_trio, 80), th.Child[str])
    assert_type(sup.start_soon(of_trio, 80), th.Child[str])
    assert_type(await sup.start(gate_of_trio, 80, "web"), th.Child[None])
    assert_type(th.Spec(of_trio, 80), th.Spec[str])
    await sup.start(of_trio, "80")  # type: ignore[misc] # pyright: ignore[reportCallIssue, reportArgumentType]
    # And the other way round.
    await nursery.start(server, 80)
