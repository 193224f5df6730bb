"""asyncio's queue, whose put and get do not yield unless they have to wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from bench._asyncio import run_in_asyncio
from bench._calls import Ask
from bench._open_loop import ROOM, Load
from bench._sample import Clock, Sample, check_sum


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a queue, one by one."""
    return run_in_asyncio(_flow(size, clock))


def ten_producers(size: int, clock: Clock) -> Sample:
    """The same, from ten tasks."""
    return run_in_asyncio(_flow(size, clock, producers=10))


def ten_consumers(size: int, clock: Clock) -> Sample:
    """The same, to ten tasks."""
    return run_in_asyncio(_flow(size, clock, consumers=10))


def producers(many: int, size: int, clock: Clock) -> Sample:
    """The same, from so many tasks."""
    return run_in_asyncio(_flow(size, clock, producers=many))


def consumers(many: int, size: int, clock: Clock) -> Sample:
    """The same, to so many tasks."""
    return run_in_asyncio(_flow(size, clock, consumers=many))


async def _flow(size: int, clock: Clock, *, producers: int = 1, consumers: int = 1) -> Sample:
    queue = asyncio.Queue[int | None](100)
    sums: list[int] = []

    async def producer(numbers: range) -> None:
        for number in numbers:
            await queue.put(number)

    async def consumer() -> None:
        total = 0
        while (number := await queue.get()) is not None:
            total += number
        sums.append(total)

    begun = clock()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(consumers):
            tasks.create_task(consumer())
        async with asyncio.TaskGroup() as sources:
            for first in range(producers):
                sources.create_task(producer(range(first, size, producers)))
        for _ in range(consumers):  # a queue cannot be closed before Python 3.13
            await queue.put(None)
    elapsed = clock() - begun
    check_sum("sum of the numbers received", sum(sums), size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


def one_client(size: int, clock: Clock) -> Sample:
    """Ask by a queue, and be answered by a future of one's own."""
    return run_in_asyncio(_ask_each(size, clock, 1))


def ten_clients(size: int, clock: Clock) -> Sample:
    """The same from ten tasks at once."""
    return run_in_asyncio(_ask_each(size, clock, 10))


@asynccontextmanager
async def answered() -> AsyncGenerator[Ask]:
    """Have somebody answer calls."""
    asks = asyncio.Queue[tuple[int, asyncio.Future[int]]](100)
    loop = asyncio.get_running_loop()

    async def answer() -> None:
        while True:
            number, reply = await asks.get()
            reply.set_result(number + 1)

    async def call(number: int) -> int:
        reply: asyncio.Future[int] = loop.create_future()
        await asks.put((number, reply))
        return await reply

    server = asyncio.create_task(answer())
    yield call
    server.cancel()


async def _ask_each(size: int, clock: Clock, clients: int) -> Sample:
    share = size // clients

    async def client(call: Ask, first: int) -> None:
        total = 0
        for number in range(first, first + share):
            total += await call(number)
        check_sum("sum of the replies", total, sum(range(first + 1, first + share + 1)))

    async with answered() as call:
        begun = clock()
        async with asyncio.TaskGroup() as tasks:
            for number in range(clients):
                tasks.create_task(client(call, number * share))
        elapsed = clock() - begun
    return Sample(count=share * clients, nanoseconds=elapsed)


def messages_due(percent: int, size: int, clock: Clock) -> Sample:
    """Send messages that are due at fixed times."""
    return run_in_asyncio(_send(Load.of("messages_due", percent, size, clock)))


async def _send(load: Load) -> Sample:
    queue = asyncio.Queue[int | None](ROOM)
    sent = received = 0

    async def send_one(_number: int, due: int) -> None:
        nonlocal sent
        sent += due
        await queue.put(due)

    async def source() -> None:
        await load.go(partial(asyncio.sleep, 0), send_one)
        await queue.put(None)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(source())
        while (due := await queue.get()) is not None:
            load.done(due)
            received += due
    check_sum("sum of the messages", received, sent)
    return load.sample()


def calls_due(percent: int, size: int, clock: Clock) -> Sample:
    """Call at fixed times, from a task for each call."""
    return run_in_asyncio(_call(Load.of("calls_due", percent, size, clock)))


async def _call(load: Load) -> Sample:
    async def call(ask: Ask, number: int, due: int) -> None:
        reply = await ask(number)
        load.done(due)
        check_sum("reply", reply, number + 1)

    async with answered() as ask, asyncio.TaskGroup() as tasks:

        async def start(number: int, due: int) -> None:
            tasks.create_task(call(ask, number, due))
            await asyncio.sleep(0)

        await load.go(partial(asyncio.sleep, 0), start)
    return load.sample()
