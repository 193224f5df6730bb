"""Points of a curve: the same work for few and for many."""

from __future__ import annotations

from bench._sample import Clock, Sample, Workload, WorkloadOf


def repeated(workload: Workload) -> WorkloadOf:
    """Return one that runs `workload` for `many`, as often as it is to be done.

    So that a single component, which takes no time at all, is measured by the hundred.
    """

    def each(many: int, size: int, clock: Clock) -> Sample:
        samples = [workload(many, clock) for _ in range(size)]
        return Sample(count=many * size, nanoseconds=sum(each.nanoseconds for each in samples))

    return each
