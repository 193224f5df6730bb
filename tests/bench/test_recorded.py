"""A rival that does worse than it can is called out, and fails the table."""

from __future__ import annotations

import attrs
import pytest

from bench import __main__ as command
from bench._measure import Measured, Missing, Outcome, RowResult
from bench._model import Row
from bench._recorded import RECORDED, suspects
from bench._run import group_names, load_group
from bench._sample import Sample
from bench._table import row_lines

(ROW,) = (row for row in load_group("channels").rows if row.name == "one by one")
RIVAL = "anyio_on_trio"


def result_with(outcome: Outcome, row: Row = ROW) -> RowResult:
    """Return what is measured where the baseline and all others take 99 ns a message."""
    usual = Measured((Sample(count=1, nanoseconds=99),))
    return RowResult(row=row, size=1, outcomes={**dict.fromkeys(row.rivals, usual), RIVAL: outcome})


def taking(nanoseconds: int) -> Measured:
    return Measured((Sample(count=1, nanoseconds=nanoseconds),))


def suspected(outcome: Outcome) -> list[str]:
    return [each.rival for each in suspects(result_with(outcome)) if each.rival == RIVAL]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(taking(100), []), (taking(124), []), (taking(126), [RIVAL]), (Missing("gone"), [])],
)
def test_more_than_20_percent_slower_than_recorded_is_suspect(
    outcome: Outcome, expected: list[str]
) -> None:
    assert suspected(outcome) == expected


def test_a_suspect_fails_the_table_and_is_named_in_it() -> None:
    rivals = ("raw_trio", "ours", RIVAL)
    row = attrs.evolve(ROW, rivals=rivals, goals=())
    good, bad = result_with(taking(100), row), result_with(taking(200), row)
    good, bad = (
        attrs.evolve(each, outcomes={rival: each.outcomes[rival] for rival in rivals})
        for each in (good, bad)
    )
    assert not command.unsound([good])
    assert command.unsound([bad])
    assert f"    {RIVAL:<20}  rival suspect: 0.495 here, 0.99 recorded" in row_lines(bad)
    assert not [line for line in row_lines(good) if "suspect" in line]


def test_what_is_recorded_is_measured() -> None:
    measured = {
        (row.workload, rival)
        for name in group_names()
        for row in load_group(name).rows
        if row.baseline is not None
        for rival in row.rivals
    }
    assert set(RECORDED) <= measured
