"""anyio's memory object streams, on the trio backend."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import anyio

from bench._flow import strict
from bench._neighbour import run
from bench._open_loop import ROOM, messages_of
from bench._sample import Clock, Sample

_loop: Callable[..., Sample] = partial(anyio.run, backend="trio")


def _flow(size: int, clock: Clock, room: int, producers: int = 1, consumers: int = 1) -> Sample:
    ends = anyio.create_memory_object_stream[int](room)
    return run(strict, ends, size, clock, producers, consumers, loop=_loop)


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a memory object stream, one by one."""
    return _flow(size, clock, 100)


def without_room(size: int, clock: Clock) -> Sample:
    """The same, and each send waits for its receiver."""
    return _flow(size, clock, 0)


def ten_producers(size: int, clock: Clock) -> Sample:
    """The same, from ten tasks."""
    return _flow(size, clock, 100, producers=10)


def ten_consumers(size: int, clock: Clock) -> Sample:
    """The same, to ten tasks."""
    return _flow(size, clock, 100, consumers=10)


def producers(many: int, size: int, clock: Clock) -> Sample:
    """The same, from so many tasks."""
    return _flow(size, clock, 100, producers=many)


def consumers(many: int, size: int, clock: Clock) -> Sample:
    """The same, to so many tasks."""
    return _flow(size, clock, 100, consumers=many)


messages_due = messages_of(lambda: anyio.create_memory_object_stream[int](ROOM), _loop)
