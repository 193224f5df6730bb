"""Storms of calls: made = replied + failed + cancelled, no reply astray, and nobody left waiting.

A hundred of them; ``pytest --hypothesis-profile=long`` runs two thousand. So does
``python -m tests.channels.call_storm 2000``, which says what happened in them.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from .call_storm import storm


@given(seed=st.integers(0, 2**32))
def test_every_call_ends_once(seed: int) -> None:
    count = storm(seed)
    assert count["replied"] + count["failed"] + count["cancelled"] + count["refused"] > 0


def test_a_seed_is_a_storm() -> None:
    assert storm(7) == storm(7) != storm(8)


def test_what_storms_are_for_happens_in_them() -> None:
    """Or they would show nothing."""
    total = sum((storm(seed) for seed in range(100, 140)), Counter[str]())
    rare = [
        *("replied", "failed", "cancelled", "refused", "cast"),
        *("stop", "start", "restart", "kill"),
        *("ResponderDied", "Unanswered", "BrokenResourceError", "ClosedResourceError"),
        *("RequestLeftOut", "CallToOneself", "view raised", "own", "steady"),
    ]
    assert {what: total[what] for what in rare if total[what] < 5} == {}
