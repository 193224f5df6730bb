"""Our requests: answered one by one, in blocks of their own, or in batches."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeAlias

import trio

import trioharness as th
from bench._calls import Ask, calls_of, evenness_of
from bench._sample import Clock, Sample, check_sum

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


@asynccontextmanager
async def answered(answer: Callable[[Server], Awaitable[None]]) -> AsyncGenerator[Ask]:
    """Have somebody answer calls."""
    client, server = th.open_requests(int, int)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer, server)
        yield client.call
        client.close()


one_client = calls_of(partial(answered, answer_each), 1)
ten_clients = calls_of(partial(answered, answer_batches), 10)
evenness = evenness_of(partial(answered, answer_each))


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
