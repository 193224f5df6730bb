"""What rivals once reached against the baseline, since a badly written rival flatters us.

The ratios were measured apart from this suite, with programs of their own (CPython 3.11.7, trio
0.35.0, two shared cores). A rival that is more than `MARGIN` slower here is suspect: it may be
written badly, and what ours is said to gain on it may be no gain.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from bench._measure import RowResult
from bench._statistics import summarize
from bench._verdict import compare

MARGIN = 0.2

RECORDED: Mapping[tuple[str, str], float] = {
    ("one_by_one", "anyio_on_trio"): 0.99,
    ("one_by_one", "asyncio_queue"): 10.2,
    ("one_client", "triotp"): 0.63,
    ("children_up", "raw_start_soon"): 4.3,
    ("children_up", "triotp"): 0.18,
    ("children", "triotp"): 0.15,
    ("children_up", "mode"): 1.1,
    ("children_down", "triotp"): 0.12,
    ("restart", "triotp"): 28 / 81,
    ("restart", "mode"): 28 / 49,
}
"""By workload and rival: the ratio to the baseline of the row; of two sizes, the lesser."""


@attrs.frozen
class Suspect:
    """A rival that did worse than it can."""

    rival: str
    ratio: float
    recorded: float


def suspects(result: RowResult) -> list[Suspect]:
    """Return the rivals of a row that are slower than recorded; what did not run is none."""
    row = result.row
    found: list[Suspect] = []
    for rival in row.rivals:
        recorded = RECORDED.get((row.workload, rival))
        if recorded is None or row.baseline is None or row.counted or row.neighbour:
            continue
        ratios = compare(result, rival, row.baseline)
        if ratios and summarize(ratios).median < recorded * (1 - MARGIN):
            found.append(Suspect(rival, summarize(ratios).median, recorded))
    return found
