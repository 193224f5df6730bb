"""Storms on every kind of channel, short ones: each message is accounted for, in order.

The full run, of a million operations, is ``python -m trioharness.testing.storm``.
"""

from __future__ import annotations

import pytest

from trioharness.testing._storm_books import Books
from trioharness.testing.storm import VARIANTS, Variant

OPERATIONS = 300
SEEDS = 4


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_a_storm_loses_doubles_and_reorders_nothing(variant: Variant, seed: int) -> None:
    report = variant.storm(seed, OPERATIONS)
    assert report.sent == (report.received + report.dropped + report.dead + report.left)
    assert report.operations >= OPERATIONS
    assert min(report.cancelled, report.closed, report.sent, report.received) > 0


def test_what_storms_are_for_happens_in_them() -> None:
    """Or they would show nothing: drops, dead letters, and what is left by its receivers."""
    for variant in VARIANTS:
        reports = [variant.storm(seed, OPERATIONS) for seed in range(SEEDS, 2 * SEEDS)]
        assert sum(report.crashes for report in reports) > 0
        drops = variant.overflow not in {"wait", "error"}
        assert (sum(report.dropped for report in reports) > 0) == drops
        assert (sum(report.dead for report in reports) > 0) == (variant.max_deliveries is not None)


def test_sends_are_made_to_fail_in_storms_by_suspending_every_receive_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    def note(_: Books, reason: object, error: Exception) -> None:
        assert reason
        seen.append(str(error))

    monkeypatch.setattr(Books, "complain", note)
    for seed in range(SEEDS):
        VARIANTS[0].storm(seed, OPERATIONS)
    suspended = sum("is suspended and takes no messages" in error for error in seen)
    assert suspended > 4 * SEEDS  # half as many where only the end without a task is suspended
