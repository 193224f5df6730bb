"""Our channels in storms of cancels, closes and crashes: speed that loses messages is none."""

from __future__ import annotations

import itertools

from bench._sample import Clock, Sample
from trioharness.testing.storm import VARIANTS

_seeds = itertools.count(1)


def storm(size: int, clock: Clock) -> Sample:
    """Put every kind of channel through a storm, another one each time; `size` operations in all.

    A storm raises when a message is lost, doubled, made up or out of order.
    """
    seed = next(_seeds)
    begun = clock()
    reports = [variant.storm(seed, size // len(VARIANTS) + 1) for variant in VARIANTS]
    elapsed = clock() - begun
    sent = sum(report.sent for report in reports)
    found = sum(each.received + each.dropped + each.dead + each.left for each in reports)
    operations = sum(report.operations for report in reports)
    return Sample(count=operations, nanoseconds=elapsed, amount=abs(sent - found))
