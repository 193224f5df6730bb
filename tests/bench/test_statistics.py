"""The pure part: medians, percentiles and ratios, as properties."""

from __future__ import annotations

import statistics
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench._statistics import percentile, quantile, ratios, summarize

figures = st.floats(min_value=1e-6, max_value=1e9)
several = st.lists(figures, min_size=1, max_size=25)
laps = st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=200)
better = st.sampled_from(["higher", "lower"])


@given(several)
def test_the_median_is_that_of_the_standard_library(values: list[float]) -> None:
    assert summarize(values).median == pytest.approx(statistics.median(values))


@given(several, st.floats(0, 1), st.floats(0, 1))
def test_quantiles_stay_within_the_values_and_grow(
    values: list[float], first: float, second: float
) -> None:
    low, high = sorted([first, second])
    assert min(values) <= quantile(values, low) <= quantile(values, high) <= max(values)
    assert (quantile(values, 0), quantile(values, 1)) == (min(values), max(values))


@given(several)
def test_the_order_of_the_rounds_does_not_matter(values: list[float]) -> None:
    assert summarize(values) == summarize(sorted(values, reverse=True))


@given(figures, st.integers(1, 25))
def test_equal_figures_have_no_spread(value: float, count: int) -> None:
    summary = summarize([value] * count)
    assert (summary.low, summary.median, summary.high) == (value, value, value)


def test_a_spoilt_round_changes_nothing() -> None:
    calm = [100.0] * 10
    assert summarize([*calm, 1e6]) == summarize(calm)


@given(several, st.data(), better)
def test_noise_that_hits_a_whole_round_cancels_out(
    values: list[float], data: st.DataObject, direction: Literal["higher", "lower"]
) -> None:
    count = len(values)
    noise = data.draw(st.lists(st.floats(0.5, 2.0), min_size=count, max_size=count))
    baseline = [3 * value for value in values]
    noisy = [value * factor for value, factor in zip(values, noise, strict=True)]
    noisy_baseline = [value * factor for value, factor in zip(baseline, noise, strict=True)]
    expected = pytest.approx(ratios(values, baseline, direction))
    assert ratios(noisy, noisy_baseline, direction) == expected


def test_a_ratio_above_one_is_better_whichever_way_the_figure_goes() -> None:
    assert ratios([200.0], [100.0], "higher") == [2.0]
    assert ratios([200.0], [100.0], "lower") == [0.5]


@given(several, better)
def test_a_rival_is_as_good_as_itself(
    values: list[float], direction: Literal["higher", "lower"]
) -> None:
    assert ratios(values, values, direction) == [1.0] * len(values)


def test_ratios_of_different_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0, 2.0], [1.0], "lower")


@given(laps, st.floats(0, 100))
def test_a_percentile_occurred_and_covers_its_share(values: list[int], percent: float) -> None:
    value = percentile(values, percent)
    assert value in values
    within = sum(lap <= value for lap in values)
    below = sum(lap < value for lap in values)
    assert within * 100 >= percent * len(values) * (1 - 1e-9)
    assert below * 100 <= percent * len(values) * (1 + 1e-9)


def test_percentiles_of_a_known_list() -> None:
    values = list(range(1, 101))
    assert [percentile(values, p) for p in (0, 1, 50, 99, 99.5, 100)] == [1, 1, 50, 99, 100, 100]


@pytest.mark.parametrize("fraction", [-0.1, 1.1])
def test_nonsense_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="quantile"):
        quantile([1.0], fraction)
    with pytest.raises(ValueError, match="percentile"):
        percentile([1], fraction * 100)
    with pytest.raises(ValueError, match="0 values"):
        quantile([], 0.5)
    with pytest.raises(ValueError, match="0 laps"):
        percentile([], 50)
