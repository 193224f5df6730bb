"""Our supervisor with many children: up, down, in memory, idle, and crashing."""

from __future__ import annotations

import trio

import trioharness as th
from bench._growth import repeated
from bench._memory import WARM, Look, memory_apart
from bench._sample import Clock, Sample, check_sum
from bench._wakeups import wake_ups_apart

SIBLINGS = 10


async def idle(number: int, *, task_status: th.TaskStatus[int]) -> None:
    """Give a value and wait for the end."""
    task_status.started(number)
    await trio.sleep_forever()


def ignore(_event: th.Event) -> None:
    """Observe nothing, so that no log is measured."""


async def start_all(supervisor: th.Supervisor, size: int) -> int:
    """Start `size` children, wait until all are ready, and return the sum of their values."""
    children = [supervisor.start_soon(idle, number) for number in range(size)]
    for child in children:
        if child.state is not th.State.READY:
            await child.wait(th.State.READY)
    return sum(child.value for child in children)


def children_up(size: int, clock: Clock) -> Sample:
    """Start `size` children at once and wait until all are ready; the stop is not timed."""
    return trio.run(_up, size, clock)


async def _up(size: int, clock: Clock) -> Sample:
    async with th.open_supervisor("bench") as supervisor:
        begun = clock()
        total = await start_all(supervisor, size)
        elapsed = clock() - begun
        supervisor.cancel_scope.cancel()
    check_sum("sum of the values given", total, size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


children = repeated(children_up)


def children_down(size: int, clock: Clock) -> Sample:
    """Stop `size` children in reverse start order, to the end of the block."""
    return trio.run(_down, size, clock)


async def _down(size: int, clock: Clock) -> Sample:
    stopped: list[int] = []

    async def idle(number: int, *, task_status: th.TaskStatus[int]) -> None:
        task_status.started(number)
        try:
            await trio.sleep_forever()
        finally:
            stopped.append(number)

    async with th.open_supervisor("bench") as supervisor:
        for number in range(size):
            await supervisor.start(idle, number)
        begun = clock()
        supervisor.cancel_scope.cancel()
    elapsed = clock() - begun
    check_sum("order of the stops", stopped, list(reversed(range(size))))
    return Sample(count=size, nanoseconds=elapsed)


def children_memory(size: int, clock: Clock) -> Sample:
    """Hold `size` children that are ready."""
    return memory_apart(__name__, size, clock)


def hold_children(size: int, look: Look) -> None:
    """See `bench._memory.Hold`."""
    trio.run(_hold, size, look)


async def _hold(size: int, look: Look) -> None:
    async with th.open_supervisor("bench") as supervisor:
        await start_all(supervisor, WARM)
        look()
        total = await start_all(supervisor, size)
        look()
        running = supervisor.statistics().running
        supervisor.cancel_scope.cancel()
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
    async with th.open_supervisor(
        "bench", max_restarts=size, within=3600.0, observer=ignore
    ) as supervisor:
        supervisor.start_soon(crash)
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

    async def sibling(number: int, *, task_status: th.TaskStatus[None]) -> None:
        task_status.started()
        while runs <= size:
            await trio.lowlevel.checkpoint()
            turns[number] += runs > 0

    async with th.open_supervisor(
        "bench", max_restarts=size, within=3600.0, observer=ignore
    ) as supervisor:
        for number in range(SIBLINGS):
            await supervisor.start(sibling, number)
        begun = clock()
        supervisor.start_soon(crash)
    elapsed = clock() - begun
    check_sum("runs", runs, size + 1)
    check_sum("siblings with a turn a restart", sum(n >= size for n in turns), SIBLINGS)
    return Sample(count=size, nanoseconds=elapsed, amount=min(turns))


def idle_tree(size: int, clock: Clock) -> Sample:
    """Leave a tree of 100 children alone for `size` milliseconds."""
    return wake_ups_apart("bench.rivals.ours._idle_tree", size, clock)
