"""Numbers in batches, through ends that have them, and in lists through those that have none."""

from __future__ import annotations

import trio

import trioharness as th


async def send_batches(end: th.SendChannel[int], numbers: range, *, of: int) -> None:
    """Send the numbers in batches."""
    for first in range(0, len(numbers), of):
        await end.send_many(numbers[first : first + of])


async def sum_batches(end: th.ReceiveChannel[int], *, of: int) -> int:
    """Receive the numbers in batches, and return their sum."""
    total = 0
    async for numbers in end.batches(of):
        for number in numbers:
            total += number
    return total


async def send_lists(end: trio.MemorySendChannel[list[int]], numbers: range, *, of: int) -> None:
    """Send the numbers in lists, each of which is one message."""
    for first in range(0, len(numbers), of):
        await end.send([*numbers[first : first + of]])


async def sum_lists(end: trio.MemoryReceiveChannel[list[int]]) -> int:
    """Receive the lists, and return the sum of what is in them."""
    total = 0
    async for numbers in end:
        for number in numbers:
            total += number
    return total
