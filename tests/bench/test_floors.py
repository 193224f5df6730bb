"""The founding floors, each with a tenfold margin, so that a busy machine never fails them.

The floors themselves are judged by ``python -m bench floors``, by the median. Here one good round
is enough, since a busy machine can only make a round worse: what fails is no noise but a loss of an
order of magnitude, or a workload whose sums are wrong.
"""

from __future__ import annotations

import random

import attrs
import pytest

from bench._measure import Broken, Measured, Missing, RowResult, measure_row
from bench._model import OURS, Effort, Row
from bench._run import group_names, load_group
from bench._verdict import Judgement, Verdict, judge
from bench.rivals import load_workload

BRIEF = Effort(name="test", rounds=1, scale=0.05)
MARGIN = 10
ATTEMPTS = 20


def measure(row: Row, effort: Effort) -> RowResult:
    rng = random.Random(0)
    return measure_row(row, effort, rng, tell=lambda _done, _total, _rival: None)


@pytest.mark.parametrize("row", load_group("floors").rows, ids=lambda row: row.name)
def test_a_floor_is_met_with_a_tenfold_margin(row: Row) -> None:
    judgements: list[Judgement] = []
    for _ in range(ATTEMPTS):
        result = measure(row, BRIEF)
        assert isinstance(result.outcomes[OURS], Measured), result.outcomes
        (goal,) = row.goals
        judgements.append(judge(result, goal.relaxed(MARGIN)))
        if judgements[-1].verdict is Verdict.PASS:
            return
    pytest.fail(f"not once in {ATTEMPTS} rounds: {judgements}")


def made_small(row: Row) -> Row:
    """Return the same work on a few, once, and near the beginning of its curve."""
    point = None if row.point is None else attrs.evolve(row.point, x=min(row.point.x, 100))
    size = max(1, min(row.size // 5, 20))  # one where each is a process
    return attrs.evolve(row, size=size, rounds=1, point=point)


@pytest.mark.parametrize("name", sorted(set(group_names()) - {"floors"}))
def test_every_other_row_runs_with_sums_that_agree(name: str) -> None:
    for row in load_group(name).rows:
        if row.counted:  # at a fiftieth of the speed: test_apart sees to how it is counted
            assert all(load_workload(rival, row.workload) for rival in row.rivals)
            continue
        tiny = Effort(name="tiny", rounds=1, scale=1.0)
        outcomes = measure(made_small(row), tiny).outcomes
        assert not [outcome for outcome in outcomes.values() if isinstance(outcome, Broken)]
        assert not isinstance(outcomes[OURS], Missing)
