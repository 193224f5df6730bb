"""How the cost of one grows with the number of all."""

from __future__ import annotations

import gc

from bench._model import Clock, Sample, Workload

FACTOR = 10


def growth_of(workload: Workload) -> Workload:
    """Return a workload that runs `workload` for a tenth of its size, then for all of it.

    Its two laps are what one of few costs, and what one of many does.
    """

    def growth(size: int, clock: Clock) -> Sample:
        few = workload(max(1, size // FACTOR), clock)
        gc.collect()
        many = workload(size, clock)
        laps = tuple(round(sample.nanoseconds / sample.count) for sample in (few, many))
        return Sample(count=size, nanoseconds=many.nanoseconds, laps=laps)

    return growth
