"""triotp: one_for_one over a list of specs, tenacity and a nursery around each child.

Its children say neither when they are ready nor a value, so they are counted as they first run.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from bench._calls import Ask, calls_of, evenness_of
from bench._growth import repeated
from bench._memory import WARM, Look, memory_apart
from bench._open_loop import calls_of as calls_due_of
from bench._sample import Clock, Sample, check_sum
from bench.rivals import RivalMissingError

# By name, since the checkers have to pass without it too.
try:
    supervisor = importlib.import_module("triotp.supervisor")
    gen_server = importlib.import_module("triotp.gen_server")
    mailbox = importlib.import_module("triotp.mailbox")
    logbook = importlib.import_module("logbook")
except ModuleNotFoundError as error:
    raise RivalMissingError(
        f"needs the package {error.name!r}; triotp pins trio 0.19 and runs on newer ones: "
        "pip install --group bench; pip install --no-deps triotp==0.2.1"
    ) from error

SIBLINGS = 10


def spec(name: str, fn: Callable[..., Awaitable[None]], *args: object) -> Any:
    """Describe a child that is started again when it crashes."""
    transient = supervisor.restart_strategy.TRANSIENT
    return supervisor.child_spec(id=name, task=fn, args=[*args], restart=transient)


def without_log() -> Any:
    """Drop its log, as its own ``node.run`` does by default."""
    return logbook.NullHandler()


class Idle:
    """Children that wait for the end; `all_run` is set when the last one of `size` runs."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.values: list[int] = []
        self.stopped: list[int] = []
        self.all_run = trio.Event()

    async def run(self, number: int) -> None:
        """Be one of them."""
        self.values.append(number)
        if len(self.values) == self.size:
            self.all_run.set()
        await trio.sleep_forever()

    async def run_and_stop(self, number: int) -> None:
        """Be one of them, and say when it is over."""
        try:
            await self.run(number)
        finally:
            self.stopped.append(number)

    def check(self) -> None:
        """Check that each ran once."""
        expected = self.size * (self.size - 1) // 2
        check_sum("sum of the numbers seen", sum(self.values), expected)


async def start_all(
    nursery: trio.Nursery, idle: Idle, fn: Callable[[int], Awaitable[None]] | None = None
) -> None:
    """Start all children of `idle` under one supervisor, and wait until all run."""
    specs = [spec(f"idle-{number}", fn or idle.run, number) for number in range(idle.size)]
    await nursery.start(supervisor.start, specs, supervisor.options())
    await idle.all_run.wait()


def children_up(size: int, clock: Clock) -> Sample:
    """Start a supervisor of `size` children and wait until all run; the stop is not timed."""
    with without_log():
        return trio.run(_up, size, clock)


async def _up(size: int, clock: Clock) -> Sample:
    idle = Idle(size)
    async with trio.open_nursery() as nursery:
        begun = clock()
        await start_all(nursery, idle)
        elapsed = clock() - begun
        nursery.cancel_scope.cancel()
    idle.check()
    return Sample(count=size, nanoseconds=elapsed)


children = repeated(children_up)


def children_down(size: int, clock: Clock) -> Sample:
    """Cancel the supervisor with its `size` children, in no order, to the end of the block."""
    with without_log():
        return trio.run(_down, size, clock)


async def _down(size: int, clock: Clock) -> Sample:
    idle = Idle(size)
    async with trio.open_nursery() as nursery:
        await start_all(nursery, idle, idle.run_and_stop)
        begun = clock()
        nursery.cancel_scope.cancel()
    elapsed = clock() - begun
    check_sum("children stopped", sorted(idle.stopped), list(range(size)))
    return Sample(count=size, nanoseconds=elapsed)


def children_memory(size: int, clock: Clock) -> Sample:
    """Hold `size` children that run."""
    return memory_apart(__name__, size, clock)


def hold_children(size: int, look: Look) -> None:
    """See `bench._memory.Hold`."""
    with without_log():
        trio.run(_hold, size, look)


async def _hold(size: int, look: Look) -> None:
    idle = Idle(size)
    async with trio.open_nursery() as nursery:
        await start_all(nursery, Idle(WARM))
        look()
        await start_all(nursery, idle)
        look()
        nursery.cancel_scope.cancel()
    idle.check()


def restart(size: int, clock: Clock) -> Sample:
    """Crash a component `size` times in a row; a lap is from the raise to its code running."""
    with without_log():
        return trio.run(_restart, size, clock)


async def _restart(size: int, clock: Clock) -> Sample:
    laps: list[int] = []
    raised = 0

    async def crash() -> None:
        nonlocal raised
        if raised:
            laps.append(clock() - raised)
        await trio.lowlevel.checkpoint()
        if len(laps) < size:
            raised = clock()
            raise RuntimeError("planned crash")

    options = supervisor.options(max_restarts=size, max_seconds=3600)
    begun = clock()
    await supervisor.start([spec("crash", crash)], options)
    elapsed = clock() - begun
    check_sum("restarts", len(laps), size)
    return Sample(count=size, nanoseconds=elapsed, laps=tuple(laps))


def crash_loop(size: int, clock: Clock) -> Sample:
    """Crash a component at its first step, `size` times; count its siblings' turns meanwhile."""
    with without_log():
        return trio.run(_crash_loop, size, clock)


async def _crash_loop(size: int, clock: Clock) -> Sample:
    turns = [0] * SIBLINGS
    runs = 0

    async def crash() -> None:
        nonlocal runs
        runs += 1
        if runs <= size:
            raise RuntimeError("planned crash")

    async def sibling(number: int) -> None:
        while runs <= size:
            await trio.lowlevel.checkpoint()
            turns[number] += runs > 0

    specs = [spec(f"sibling-{number}", sibling, number) for number in range(SIBLINGS)]
    options = supervisor.options(max_restarts=size, max_seconds=3600)
    begun = clock()
    await supervisor.start([*specs, spec("crash", crash)], options)
    elapsed = clock() - begun
    check_sum("runs", runs, size + 1)
    check_sum("siblings with a turn a restart", sum(n >= size for n in turns), SIBLINGS)
    return Sample(count=size, nanoseconds=elapsed, amount=min(turns))


class Server:
    """The callbacks of a gen_server that answers with the next number, and counts casts."""

    __name__ = "bench"  # as a module has

    def __init__(self, casts: int = 0) -> None:
        self.left = casts
        self.total = 0
        self.begun = trio.Event()

    async def init(self, _argument: object) -> None:
        """Begin."""
        self.begun.set()

    async def handle_call(self, number: int, _caller: object, state: object) -> object:
        """Answer."""
        return gen_server.Reply(payload=number + 1), state

    async def handle_cast(self, number: int, state: object) -> object:
        """Count, and stop after the last."""
        self.total += number
        self.left -= 1
        return (gen_server.NoReply() if self.left else gen_server.Stop()), state


@asynccontextmanager
async def _answered() -> AsyncGenerator[Ask]:
    """Have a gen_server answer calls."""
    mailbox._init()

    async def call(number: int) -> int:
        reply: int = await gen_server.call("server", number)
        return reply

    server = Server()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gen_server.start, server, None, "server")
        await server.begun.wait()
        yield call
        nursery.cancel_scope.cancel()


one_client, ten_clients = calls_of(_answered, 1), calls_of(_answered, 10)
evenness = evenness_of(_answered)


def casts(size: int, clock: Clock) -> Sample:
    """Cast `size` numbers to a gen_server."""
    return trio.run(_cast, size, clock)


async def _cast(size: int, clock: Clock) -> Sample:
    mailbox._init()
    server = Server(size)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gen_server.start, server, None, "server")
        await server.begun.wait()
        begun = clock()
        for number in range(size):
            await gen_server.cast("server", number)
    elapsed = clock() - begun
    check_sum("sum of the numbers", server.total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


calls_due = calls_due_of(_answered)
