"""mode-streaming's OneForOneSupervisor, on asyncio: its child is a service with one task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager

from mode import Service
from mode.supervisors import OneForOneSupervisor

from bench._sample import Clock, Sample, check_sum


@contextmanager
def without_log() -> Generator[None]:
    """Drop its log before it is made."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


class Idle:
    """What the idle services tell."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.values: list[int] = []
        self.all_run = asyncio.Event()


class IdleService(Service):
    """A service that waits for the end."""

    def __init__(self, idle: Idle, number: int) -> None:
        self.idle = idle
        self.number = number
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - of mode's own typing

    @Service.task
    async def run(self) -> None:
        """Say that it runs, and wait."""
        self.idle.values.append(self.number)
        if len(self.idle.values) == self.idle.size:
            self.idle.all_run.set()
        await self.wait_until_stopped()


def children_up(size: int, clock: Clock) -> Sample:
    """Start a supervisor of `size` services and wait until all run; the stop is not timed."""
    with without_log():
        return asyncio.run(_up(size, clock))


async def _up(size: int, clock: Clock) -> Sample:
    idle = Idle(size)
    begun = clock()
    supervisor = OneForOneSupervisor(*[IdleService(idle, number) for number in range(size)])
    await supervisor.start()
    await idle.all_run.wait()
    elapsed = clock() - begun
    await supervisor.stop()
    check_sum("sum of the numbers seen", sum(idle.values), size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


class CrashingService(Service):
    """A service that crashes `size` times in a row."""

    def __init__(self, size: int, clock: Clock) -> None:
        self.size = size
        self.clock = clock
        self.raised = 0
        self.laps: list[int] = []
        self.over = asyncio.Event()
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - of mode's own typing

    @Service.task
    async def crash_again(self) -> None:
        """Note a lap, and crash again if there are to be more."""
        if self.raised:
            self.laps.append(self.clock() - self.raised)
        await asyncio.sleep(0)
        if len(self.laps) < self.size:
            self.raised = self.clock()
            raise RuntimeError("planned crash")
        self.over.set()
        await self.wait_until_stopped()


def restart(size: int, clock: Clock) -> Sample:
    """Crash a service `size` times in a row; a lap is from the raise to its code running."""
    with without_log():
        return asyncio.run(_restart(size, clock))


async def _restart(size: int, clock: Clock) -> Sample:
    begun = clock()
    service = CrashingService(size, clock)
    supervisor = OneForOneSupervisor(max_restarts=size + 1, over=3600.0)
    supervisor.add(service)
    await supervisor.start()
    await service.over.wait()
    await supervisor.stop()
    elapsed = clock() - begun
    check_sum("restarts", len(service.laps), size)
    return Sample(count=size, nanoseconds=elapsed, laps=tuple(service.laps))
