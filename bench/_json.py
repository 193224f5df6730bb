"""A run as JSON: every raw figure of every round, and what the table made of them.

The form has a number, `SCHEMA`. Within one number fields are only added, so that a file of an older
run can be compared with a newer one.
"""

from __future__ import annotations

import json
from typing import assert_never

import attrs

from bench._measure import GC_POLICY, Broken, Measured, Missing, NotRun, RowResult
from bench._run import GroupResult, Run
from bench._sample import Sample
from bench._statistics import percentile, summarize
from bench._verdict import compare, judge

SCHEMA = 1
_PERCENTS = (50.0, 90.0, 99.0, 99.9, 100.0)


def to_json(run: Run) -> str:
    """Return `run` as a JSON text that ends with a newline."""
    form = {
        "schema": SCHEMA,
        "started": run.started,
        "seconds": run.seconds,
        "effort": attrs.asdict(run.effort),
        "seed": run.seed,
        "gc": GC_POLICY,
        "machine": attrs.asdict(run.machine),
        "groups": [_group(result) for result in run.groups],
    }
    return json.dumps(form, indent=1) + "\n"


def _group(result: GroupResult) -> dict[str, object]:
    rows = [_row(row) for row in result.rows]
    return {"name": result.group.name, "about": result.group.about, "rows": rows}


def _row(result: RowResult) -> dict[str, object]:
    row = result.row
    return {
        "name": row.name,
        "about": row.about,
        "workload": row.workload,
        "unit": row.unit.name,
        "better": row.unit.better,
        "clock": row.clock,
        "size": result.size,
        "baseline": row.baseline,
        "point": None if row.point is None else attrs.asdict(row.point),
        "rivals": {rival: _rival(result, rival) for rival in row.rivals},
        "goals": [_goal(result, number) for number in range(len(row.goals))],
    }


def _rival(result: RowResult, rival: str) -> dict[str, object]:
    outcome = result.outcomes[rival]
    match outcome:
        case Missing(reason):
            return {"status": "missing", "reason": reason}
        case Broken(reason):
            return {"status": "error", "reason": reason}
        case NotRun(reason):
            return {"status": "not run", "reason": reason}
        case Measured(samples):
            return {"status": "measured", **_measured(result, rival, samples)}
        case _:
            assert_never(outcome)


def _measured(result: RowResult, rival: str, samples: tuple[Sample, ...]) -> dict[str, object]:
    figures = list(result.figures(rival) or ())
    form: dict[str, object] = {"figures": figures, "figure": attrs.asdict(summarize(figures))}
    form["samples"] = [
        {"count": s.count, "nanoseconds": s.nanoseconds, "amount": s.amount} for s in samples
    ]
    baseline = result.row.baseline
    ratios = None if baseline is None else compare(result, rival, baseline)
    if ratios is not None:
        form |= {"ratios": ratios, "ratio": attrs.asdict(summarize(ratios))}
    if all(sample.laps for sample in samples):
        form["laps_ns"] = [_percentiles(sample.laps) for sample in samples]
    return form


def _percentiles(laps: tuple[int, ...]) -> dict[str, int]:
    return {f"p{percent:g}": percentile(laps, percent) for percent in _PERCENTS}


def _goal(result: RowResult, number: int) -> dict[str, object]:
    goal = result.row.goals[number]
    judgement = judge(result, goal)
    return {
        **attrs.asdict(goal),
        "value": None if judgement.value is None else attrs.asdict(judgement.value),
        "verdict": judgement.verdict.name,
    }
