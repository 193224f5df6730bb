"""Our requests: answered one by one, in blocks of their own, or in batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import trio

import trioharness as th
from bench._calls import ask_each, time_each
from bench._model import Clock, Sample, check_sum

Server: TypeAlias = th.ReceiveChannel[th.Request[int, int]]


async def answer_each(server: Server) -> None:
    """Answer requests one by one."""
    async for request in server:
        request.reply(request.message + 1)


async def answer_in_blocks(server: Server) -> None:
    """Answer each request in a block, which its caller could cancel."""
    async for request in server:
        with request:
            request.reply(request.message + 1)


async def answer_batches(server: Server) -> None:
    """Answer all requests that are there at once."""
    async for batch in server.batches(100):
        for request in batch:
            request.reply(request.message + 1)


async def ask(
    answer: Callable[[Server], Awaitable[None]], size: int, clock: Clock, clients: int
) -> Sample:
    """Make calls to one who answers; with 0 clients one by one, and each is timed."""
    client, server = th.open_requests(int, int)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer, server)
        sample = await (
            ask_each(client.call, size, clock, clients)
            if clients
            else time_each(client.call, size, clock)
        )
        client.close()
    return sample


def one_client(size: int, clock: Clock) -> Sample:
    """Call one after another."""
    return trio.run(ask, answer_each, size, clock, 1)


def ten_clients(size: int, clock: Clock) -> Sample:
    """Call from ten tasks."""
    return trio.run(ask, answer_batches, size, clock, 10)


def evenness(size: int, clock: Clock) -> Sample:
    """Call one after another, and take the time of each call."""
    return trio.run(ask, answer_each, size, clock, 0)


def casts(size: int, clock: Clock) -> Sample:
    """Ask `size` times without a reply."""
    return trio.run(_cast, size, clock)


async def _cast(size: int, clock: Clock) -> Sample:
    client, server = th.open_requests(int, type(None))
    total = 0

    async def take() -> None:
        nonlocal total
        async for request in server:
            total += request.message

    begun = clock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        for number in range(size):
            await client.cast(number)
        client.close()
    elapsed = clock() - begun
    check_sum("sum of the numbers", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)
