"""What got faster or slower since an earlier run: pure functions of two runs.

Machines and moments differ, so what is compared are ratios of ours to the baseline of its row, each
taken within its round, and never times. A change is said only where the medians lie further apart
than noise explains, by either measure of it:

- what the rounds of both runs show: `WIDTHS` times the 10th-to-90th-percentile width of the ratios
  over the root of the number of rounds, both runs added as errors are;
- what they cannot show, since a whole run may be off: `DRIFT` on a clock, `DRIFT_COUNTED` where
  instructions are counted.

`WIDTHS` is chosen so that two runs of one commit, of sixty rows each, show no change at all in 19
of 20 pairs, also where some rounds are spoilt: a test simulates it.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence

import attrs

from bench._model import OURS
from bench._saved import SavedRow, SavedRun
from bench._statistics import quantile

WIDTHS = 3.0
DRIFT = 0.05
DRIFT_COUNTED = 0.02


class Change(enum.Enum):
    """How ours did in one row, in terms of an earlier run."""

    FASTER = "faster"
    SLOWER = "SLOWER"
    NONE = "no change"
    UNKNOWN = "cannot be told"
    """The row or ours is not in both runs, or it was another piece of work."""


@attrs.frozen(kw_only=True)
class Difference:
    """One row of both runs."""

    row: str
    """Group and row: ``"channels: one by one"``."""
    change: Change
    before: float | None = None
    """The median of the ratios in the earlier run."""
    after: float | None = None
    noise: float | None = None
    """The least change, as a fraction, that would be said."""
    why: str = ""
    """Why it cannot be told."""


def compare_runs(before: SavedRun, after: SavedRun) -> list[Difference]:
    """Hold each row of `after` that has a baseline against the same row of `before`."""
    earlier = dict(_rows(before))
    return [
        compare_rows(name, earlier.get(name), row)
        for name, row in _rows(after)
        if row.baseline is not None and OURS in row.rivals
    ]


def compare_rows(name: str, before: SavedRow | None, after: SavedRow) -> Difference:
    """Hold ours in one row against the same row of an earlier run."""
    why = _why_not(before, after)
    if before is None or why:
        return Difference(row=name, change=Change.UNKNOWN, why=why)
    old, new = before.rivals[OURS].ratios, after.rivals[OURS].ratios
    then, now = _middle(old), _middle(new)
    drift = DRIFT_COUNTED if after.clock == "instructions" else DRIFT
    noise = max(math.log1p(drift), WIDTHS * math.hypot(_error(old), _error(new)))
    step = now - then
    change = Change.NONE if abs(step) <= noise else Change.FASTER if step > 0 else Change.SLOWER
    return Difference(
        row=name,
        change=change,
        before=math.exp(then),
        after=math.exp(now),
        noise=math.expm1(noise),
    )


def compare_lines(before: SavedRun, differences: Sequence[Difference]) -> list[str]:
    """Say it for a terminal: each change, what cannot be told, and the count of the rest."""
    said = [d for d in differences if d.change is not Change.NONE]
    machine, effort = before.machine, before.effort.name
    return [
        f"ratios of ours, against {machine.commit or 'unknown'} of {before.started} ({effort}):",
        *map(_line, said),
        f"  {len(differences) - len(said)} of {len(differences)} rows: {Change.NONE.value}",
    ]


def _rows(run: SavedRun) -> list[tuple[str, SavedRow]]:
    return [(f"{group.name}: {row.name}", row) for group in run.groups for row in group.rows]


def _why_not(before: SavedRow | None, after: SavedRow) -> str:
    if before is None:
        return "not in the earlier run"
    if (before.baseline, before.clock, before.size) != (after.baseline, after.clock, after.size):
        return "another size, clock or baseline"
    for which, row in (("earlier", before), ("later", after)):
        if not row.rivals[OURS].ratios:
            return f"no ratio in the {which} run"
    return ""


def _middle(ratios: Sequence[float]) -> float:
    return quantile([*map(math.log, ratios)], 0.5)


def _error(ratios: Sequence[float]) -> float:
    """How far the median may be off, by how far the rounds lie apart."""
    logs = [*map(math.log, ratios)]
    return (quantile(logs, 0.9) - quantile(logs, 0.1)) / math.sqrt(len(logs))


def _line(difference: Difference) -> str:
    if difference.before is None or difference.after is None or difference.noise is None:
        return f"  {difference.row}: {difference.change.value}, {difference.why}"
    percent = (difference.after / difference.before - 1) * 100
    return (
        f"  {difference.row}: {difference.change.value}, {difference.before:.3g} ->"
        f" {difference.after:.3g} ({percent:+.1f} %, noise {difference.noise * 100:.1f} %)"
    )
