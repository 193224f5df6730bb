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
    ("without_room", "anyio_on_trio"): 8329 / 16209,
    ("ten_producers", "anyio_on_trio"): 8674 / 13279,
    ("ten_producers", "asyncio_queue"): 8674 / 828,
    ("ten_consumers", "asyncio_queue"): 8323 / 899,
    ("one_client", "triotp"): 0.63,
    ("one_client", "asyncio_queue"): 3.1,
    ("one_client", "pykka"): 0.98,
    ("ten_clients", "triotp"): 5.6 / 7.4,
    ("ten_clients", "asyncio_queue"): 7.8,
    ("casts", "pykka"): 11.0 / 1.9,
    ("children_up", "raw_start_soon"): 4.3,
    ("children_up", "triotp"): 0.18,
    ("children_up", "mode"): 1.1,
    ("children_up", "aiotools"): 24.7 / 6.3,
    ("children", "triotp"): 0.15,
    ("children_down", "raw_start_soon"): 15.0 / 12.3,
    ("children_down", "triotp"): 0.12,
    ("children_down", "aiotools"): 15.0 / 5.0,
    ("restart", "triotp"): 28 / 81,
    ("restart", "mode"): 28 / 49,
    ("encode_small", "pydantic"): 0.91,
    ("encode_small", "pickle"): 0.17,
    ("encode_small", "msgspec_struct"): 5.7,
    ("decode_small", "pydantic"): 1.8,
    ("decode_small", "pickle"): 0.55,
    ("decode_small", "msgspec_struct"): 7.5,
    ("encode_large", "pydantic"): 0.87,
    ("encode_large", "pickle"): 0.22,
    ("encode_large", "msgspec_struct"): 5.7,
    ("decode_large", "pydantic"): 1.29,
    ("decode_large", "pickle"): 0.83,
    ("decode_large", "msgspec_struct"): 5.8,
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
