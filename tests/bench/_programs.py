"""What `test_apart` measures in processes of their own.

As a program it says that it is idle, and is not: it wakes up each 20 ms.
"""

from __future__ import annotations

import trio

from bench._memory import Look
from bench._sample import Clock, Sample, check_sum
from bench._wakeups import mark_idle

SIZE = 10_000


def hold_children(size: int, look: Look) -> None:
    """Take `SIZE` bytes for each child."""
    look()
    held = [bytearray(SIZE) for _ in range(size)]
    look()
    del held


def count_up(size: int, clock: Clock) -> Sample:
    """Do the work right."""
    begun = clock()
    check_sum("times", sum(1 for _ in range(size)), size)
    return Sample(count=size, nanoseconds=clock() - begun)


def fail(size: int, clock: Clock) -> Sample:
    """Do the work wrong, where there is much of it."""
    check_sum("times", size, size + (size > 10))
    return Sample(count=size, nanoseconds=1)


async def main() -> None:
    await trio.sleep(0.02)
    mark_idle()
    for _ in range(1_000):
        await trio.sleep(0.02)


if __name__ == "__main__":
    trio.run(main)
