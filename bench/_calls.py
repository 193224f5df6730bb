"""Calls, whoever makes them: so many clients ask for the next number, one after another each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import trio

from bench._model import Clock, Sample, check_sum

Ask: TypeAlias = Callable[[int], Awaitable[int]]
"""``await ask(number)`` gives the next number, from whoever answers."""


async def ask_each(ask: Ask, size: int, clock: Clock, clients: int) -> Sample:
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


async def time_each(ask: Ask, size: int, clock: Clock) -> Sample:
    """Make `size` calls one after another, and take the time of each."""
    laps: list[int] = []
    for number in range(size):
        begun = clock()
        reply = await ask(number)
        laps.append(clock() - begun)
        check_sum("reply", reply, number + 1)
    return Sample(count=size, nanoseconds=sum(laps), laps=tuple(laps))
