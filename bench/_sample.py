"""What one rival does in one round: a workload, the clock it is given, and what it hands back.

Apart from the rows and their goals: a whole process that is measured imports this alone.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

Clock: TypeAlias = Callable[[], int]
"""Reads a clock, in nanoseconds; only differences mean anything."""


def start(clock: Clock) -> int:
    """Collect what is left of making the input, none of which is the work, and start the time.

    Else whose input has more objects in it, or fewer, pays for that in the collector's next rounds.
    """
    gc.collect()
    return clock()


@attrs.frozen(kw_only=True)
class Sample:
    """What one rival measured in one round, on the clock it was given."""

    count: int
    """How many messages, components, ... the timed part dealt with."""
    nanoseconds: int
    """How long the timed part took."""
    laps: tuple[int, ...] = ()
    """How long each one took, in nanoseconds, where the row is about single latencies."""
    amount: int = 0
    """What was counted, where the row is not about time: bytes, turns, wake-ups."""


Workload: TypeAlias = Callable[[int, Clock], Sample]
"""``workload(size, clock)``: do the work `size` times, time only the work, check the sum.

It raises `WrongSumError` when the work was not done right: a fast wrong answer is not a figure.
"""

WorkloadOf: TypeAlias = Callable[[int, int, Clock], Sample]
"""``workload(x, size, clock)``: the same for a point of a curve, which is at `x`."""


class WrongSumError(Exception):
    """A workload did not do what it was timed for, so its time means nothing."""


class ToolMissingError(Exception):
    """A workload cannot be measured on this machine, whoever does it; the message says why."""


def check_sum(what: str, got: object, expected: object) -> None:
    """Hold a workload to its work.

    Args:
        what: What was summed up, in the plural: ``"messages received"``.
        got: What came out.
        expected: What has to come out.

    Raises:
        WrongSumError: They differ.
    """
    if got != expected:
        raise WrongSumError(f"{what}: got {got!r}, expected {expected!r}")


def check_items(what: str, got: Sequence[object], expected: Sequence[object]) -> None:
    """Hold a workload to every single item and to their order.

    Args:
        what: What an item is: ``"message received"``.
        got: What came out.
        expected: What has to come out.

    Raises:
        WrongSumError: They differ; it names the first difference.
    """
    check_sum(f"count of each {what}", len(got), len(expected))
    for number, (one, other) in enumerate(zip(got, expected, strict=True)):
        check_sum(f"{what} {number}", one, other)
