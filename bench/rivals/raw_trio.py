"""trio alone, used as its own documentation does: the baseline."""

from __future__ import annotations

from functools import partial

import trio

from bench._flow import gaps, part_of, strict
from bench._model import Clock, Sample


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a memory channel, one by one."""
    return trio.run(strict, trio.open_memory_channel[int](100), size, clock)


def without_room(size: int, clock: Clock) -> Sample:
    """The same, and each send waits for its receiver."""
    return trio.run(strict, trio.open_memory_channel[int](0), size, clock)


def ten_producers(size: int, clock: Clock) -> Sample:
    """The same, from ten tasks."""
    return trio.run(strict, trio.open_memory_channel[int](100), size, clock, 10)


def ten_consumers(size: int, clock: Clock) -> Sample:
    """The same, to ten tasks."""
    return trio.run(strict, trio.open_memory_channel[int](100), size, clock, 1, 10)


def neighbour(size: int, clock: Clock) -> Sample:
    """Send numbers one by one beside a neighbour that wants its turn."""
    channel = trio.open_memory_channel[int](100)
    return trio.run(gaps, partial(strict, channel, size // 20 + 1, clock), clock)


fan_in = ten_producers
deliveries = one_by_one
batches_of_10 = part_of(one_by_one, 10)
batches_of_100 = part_of(one_by_one, 20)
batches_of_1000 = part_of(one_by_one, 50)
