"""trio's ``start_soon``: no readiness, no value, no policy; what is left is trio's own cost."""

from __future__ import annotations

import trio
import trio.testing

from bench._sample import Clock, Sample, check_sum


def children_up(size: int, clock: Clock) -> Sample:
    """Start `size` tasks at once and wait until all have run; the stop is not timed."""
    return trio.run(_up, size, clock)


async def _up(size: int, clock: Clock) -> Sample:
    values: list[int] = []
    all_run = trio.Event()

    async def idle(number: int) -> None:
        values.append(number)
        if len(values) == size:
            all_run.set()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        begun = clock()
        for number in range(size):
            nursery.start_soon(idle, number)
        await all_run.wait()
        elapsed = clock() - begun
        nursery.cancel_scope.cancel()
    check_sum("sum of the numbers seen", sum(values), size * (size - 1) // 2)
    return Sample(count=size, nanoseconds=elapsed)


def children_down(size: int, clock: Clock) -> Sample:
    """Cancel a nursery with `size` tasks, in no order, to the end of the block."""
    return trio.run(_down, size, clock)


async def _down(size: int, clock: Clock) -> Sample:
    stopped: list[int] = []

    async def idle(number: int) -> None:
        try:
            await trio.sleep_forever()
        finally:
            stopped.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(size):
            nursery.start_soon(idle, number)
        await trio.testing.wait_all_tasks_blocked()
        begun = clock()
        nursery.cancel_scope.cancel()
    elapsed = clock() - begun
    check_sum("children stopped", sorted(stopped), list(range(size)))
    return Sample(count=size, nanoseconds=elapsed)
