"""Whether what was measured is good enough."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import attrs

from bench._measure import Broken, Missing, NotRun, RowResult
from bench._model import OURS, Goal
from bench._statistics import Summary, ratios, summarize


class Verdict(enum.Enum):
    """How ours did against one goal."""

    PASS = "PASS"  # noqa: S105 - no password
    STRETCH = "PASS, stretch"
    """The goal is met, and its aim too."""
    FAIL = "FAIL"
    MISSING = "MISSING"
    """The rival it compares with cannot run here, so nothing can be said."""
    NOT_RUN = "NOT RUN"
    """This machine lacks what the row is measured with, so nothing can be said."""
    ERROR = "ERROR"
    """Ours or the rival did its work wrong, so the figures mean nothing."""


@attrs.frozen(kw_only=True)
class Judgement:
    """One goal, what it was held against, and the verdict."""

    goal: Goal
    value: Summary | None
    """Of the figures, or of the ratios to the rival; None where there are none."""
    verdict: Verdict


def compare(result: RowResult, rival: str, baseline: str) -> list[float] | None:
    """Return how many times as good as `baseline` the rival was, round by round, if both ran."""
    figures, base = result.figures(rival), result.figures(baseline)
    if figures is None or base is None:
        return None
    return ratios(figures, base, result.row.unit.better)


def judge(result: RowResult, goal: Goal) -> Judgement:
    """Hold ours in `result` against `goal`, by the median."""
    against = goal.against
    values = result.figures(OURS) if against is None else compare(result, OURS, against)
    if values is None:
        return Judgement(goal=goal, value=None, verdict=_why_not(result, goal))
    summary = summarize(values)
    if not goal.met_by(summary.median):
        verdict = Verdict.FAIL
    elif goal.stretched_by(summary.median):
        verdict = Verdict.STRETCH
    else:
        verdict = Verdict.PASS
    return Judgement(goal=goal, value=summary, verdict=verdict)


def _why_not(result: RowResult, goal: Goal) -> Verdict:
    """Tell what is not here from work done wrong; ours is excused for want of a tool alone."""
    if isinstance(result.outcomes[OURS], NotRun):
        return Verdict.NOT_RUN
    rival_missing = goal.against is not None and isinstance(result.outcomes[goal.against], Missing)
    ours_ran = result.figures(OURS) is not None
    return Verdict.MISSING if rival_missing and ours_ran else Verdict.ERROR


def failed(results: Iterable[RowResult]) -> bool:
    """Whether any row missed its goal or any rival did its work wrong."""
    return any(
        any(isinstance(outcome, Broken) for outcome in result.outcomes.values())
        or any(judge(result, goal).verdict in _FAILURES for goal in result.row.goals)
        for result in results
    )


_FAILURES = {Verdict.FAIL, Verdict.ERROR}
