"""Calls, whoever makes them: so many clients ask for the next number, one after another each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import trio

from bench._neighbour import run
from bench._sample import Clock, Sample, Workload, check_sum

Ask: TypeAlias = Callable[[int], Awaitable[int]]
"""``await ask(number)`` gives the next number, from whoever answers."""

Answered: TypeAlias = Callable[[], AbstractAsyncContextManager[Ask]]
"""Has somebody answer, as long as the block lasts."""


def calls_of(answered: Answered, clients: int) -> Workload:
    """Return a workload that makes its calls from so many tasks at once."""

    async def ask(size: int, clock: Clock) -> Sample:
        async with answered() as call:
            return await _ask_each(call, size, clock, clients)

    return lambda size, clock: run(ask, size, clock)


def evenness_of(answered: Answered) -> Workload:
    """Return a workload that makes its calls one after another, and takes the time of each."""

    async def ask(size: int, clock: Clock) -> Sample:
        async with answered() as call:
            return await _time_each(call, size, clock)

    return lambda size, clock: run(ask, size, clock)


async def _ask_each(ask: Ask, size: int, clock: Clock, clients: int) -> Sample:
    """Make `size` calls in all, and see that each got its own reply."""
    share = size // clients

    async def client(first: int) -> None:
        total = 0
        for number in range(first, first + share):
            total += await ask(number)
        check_sum("sum of the replies", total, sum(range(first + 1, first + share + 1)))

    begun = clock()
    async with trio.open_nursery() as nursery:
        for number in range(clients):
            nursery.start_soon(client, number * share)
    return Sample(count=share * clients, nanoseconds=clock() - begun)


async def _time_each(ask: Ask, size: int, clock: Clock) -> Sample:
    """Make `size` calls one after another, and take the time of each."""
    laps: list[int] = []
    for number in range(size):
        begun = clock()
        reply = await ask(number)
        laps.append(clock() - begun)
        check_sum("reply", reply, number + 1)
    return Sample(count=size, nanoseconds=sum(laps), laps=tuple(laps))
