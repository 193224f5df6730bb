"""What is made of the figures: pure functions, no clock and no randomness.

One round on a shared machine swings by 30-50 %, so no figure is compared with one of another round.
Rivals run side by side in each round, the ratio is taken within the round, and the *median of the
ratios* is the result: what slows a whole round down cancels out, and one spoilt round is ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs


@attrs.frozen
class Summary:
    """The middle of some figures and how far they spread."""

    median: float
    low: float
    """The 10th percentile."""
    high: float
    """The 90th percentile."""


def quantile(values: Sequence[float], fraction: float) -> float:
    """Return the value below which `fraction` of `values` lies, interpolated between neighbours.

    Args:
        values: The figures, in any order, at least one.
        fraction: From 0 (the least) to 1 (the greatest).

    Raises:
        ValueError: There are no values, or `fraction` is out of range.
    """
    if not values or not 0 <= fraction <= 1:
        raise ValueError(f"no quantile {fraction!r} of {len(values)} values")
    ranked = sorted(values)
    position = fraction * (len(ranked) - 1)
    below = int(position)
    above = min(below + 1, len(ranked) - 1)
    weight = position - below
    mixed = ranked[below] * (1 - weight) + ranked[above] * weight
    # Rounding must not lead out of the two neighbours, or equal figures would show a spread.
    return min(max(mixed, ranked[below]), ranked[above])


def percentile(laps: Sequence[int], percent: float) -> int:
    """Return the least lap that at least `percent` of the laps do not exceed (nearest rank).

    A latency percentile is one that really occurred, so nothing is interpolated here.

    Raises:
        ValueError: There are no laps, or `percent` is out of range.
    """
    if not laps or not 0 <= percent <= 100:
        raise ValueError(f"no percentile {percent!r} of {len(laps)} laps")
    rank = -int(-percent * len(laps) // 100)
    return sorted(laps)[max(rank, 1) - 1]


def summarize(values: Sequence[float]) -> Summary:
    """Return median and spread of `values`, of which there is at least one."""
    return Summary(quantile(values, 0.5), quantile(values, 0.1), quantile(values, 0.9))


def ratios(
    figures: Sequence[float], baseline: Sequence[float], better: Literal["higher", "lower"]
) -> list[float]:
    """Return, round by round, how many times as good as the baseline the figures are.

    Args:
        figures: The rival's figures, one a round.
        baseline: The baseline's figures of the same rounds.
        better: Whether a higher or a lower figure is better; a ratio above 1 is always better.

    Raises:
        ValueError: They are not of the same rounds.
    """
    pairs = zip(figures, baseline, strict=True)
    if better == "higher":
        return [ours / theirs for ours, theirs in pairs]
    return [theirs / ours for ours, theirs in pairs]
