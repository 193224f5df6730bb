"""A bare trio nursery: children by ``nursery.start``, restarts by a loop around a nursery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from bench._growth import repeated
from bench._memory import WARM, Look, memory_apart
from bench._sample import Clock, Sample, check_sum

SIBLINGS = 10


async def idle(number: int, *, task_status: trio.TaskStatus[int]) -> None:
    """Give a value and wait for the end."""
    task_status.started(number)
    await trio.sleep_forever()


async def start_all(nursery: trio.Nursery, size: int) -> int:
    """Start `size` children one by one, and return the sum of their values."""
    total = 0
    for number in range(size):
        value: int = await nursery.start(idle, number)
        total += value
    return total


async def keep_running(fn: Callable[[], Awaitable[object]], max_restarts: int) -> None:
    """Run `fn` in a nursery of its own, and again when it crashes: what one writes by hand."""
    restarts = 0
    while restarts <= max_restarts:
        try:
            # Not `await fn()`: as a child has it, a nursery of its own that can be cancelled alone.
            async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - that is the row
                nursery.start_soon(fn)
            return
        except Exception:
            restarts += 1
    raise RuntimeError("too many restarts")


def children_up(size: int, clock: Clock) -> Sample:
    """Start `size` children one after another, each until it is ready; the stop is not timed."""
    return trio.run(_up, size, clock)


async def _up(size: int, clock: Clock) -> Sample:
    async with trio.open_nursery() as nursery:
        begun = clock()
        total = await start_all(nursery, size)
        elapsed = clock() - begun
        nursery.cancel_scope.cancel()
    check_sum("sum of the values given", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


children = repeated(children_up)


def children_down(size: int, clock: Clock) -> Sample:
    """Cancel a nursery with `size` children, in no order, to the end of the block."""
    return trio.run(_down, size, clock)


async def _down(size: int, clock: Clock) -> Sample:
    stopped: list[int] = []

    async def idle(number: int, *, task_status: trio.TaskStatus[int]) -> None:
        task_status.started(number)
        try:
            await trio.sleep_forever()
        finally:
            stopped.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(size):
            await nursery.start(idle, number)
        begun = clock()
        nursery.cancel_scope.cancel()
    elapsed = clock() - begun
    check_sum("children stopped", sorted(stopped), list(range(size)))
    return Sample(count=size, nanoseconds=elapsed)


def children_memory(size: int, clock: Clock) -> Sample:
    """Hold `size` children that are ready."""
    return memory_apart(__name__, size, clock)


def hold_children(size: int, look: Look) -> None:
    """See `bench._memory.Hold`."""
    trio.run(_hold, size, look)


async def _hold(size: int, look: Look) -> None:
    async with trio.open_nursery() as nursery:
        await start_all(nursery, WARM)
        look()
        total = await start_all(nursery, size)
        look()
        running = len(nursery.child_tasks)
        nursery.cancel_scope.cancel()
    check_sum("sum of the values given", total, size * (size - 1) // 2)
    check_sum("children held", running, WARM + size)


def restart(size: int, clock: Clock) -> Sample:
    """Crash a component `size` times in a row; a lap is from the raise to its code running."""
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

    begun = clock()
    await keep_running(crash, size)
    elapsed = clock() - begun
    check_sum("restarts", len(laps), size)
    return Sample(count=size, nanoseconds=elapsed, laps=tuple(laps))


def crash_loop(size: int, clock: Clock) -> Sample:
    """Crash a component at its first step, `size` times; count its siblings' turns meanwhile."""
    return trio.run(_crash_loop, size, clock)


async def _crash_loop(size: int, clock: Clock) -> Sample:
    turns = [0] * SIBLINGS
    runs = 0

    async def crash() -> None:
        nonlocal runs
        runs += 1
        if runs <= size:
            raise RuntimeError("planned crash")

    async def sibling(number: int, *, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        while runs <= size:
            await trio.lowlevel.checkpoint()
            turns[number] += runs > 0

    async with trio.open_nursery() as nursery:
        for number in range(SIBLINGS):
            await nursery.start(sibling, number)
        begun = clock()
        nursery.start_soon(keep_running, crash, size)
    elapsed = clock() - begun
    check_sum("runs", runs, size + 1)
    check_sum("siblings with a turn a restart", sum(n >= size for n in turns), SIBLINGS)
    return Sample(count=size, nanoseconds=elapsed, amount=min(turns))
