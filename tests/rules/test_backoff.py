"""The delay before a restart, as a function of the attempt and of chance."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import trioharness as th

seconds = st.floats(0.001, 1000)
backoffs = st.builds(
    th.Backoff,
    initial=seconds,
    maximum=seconds,
    factor=st.floats(1, 10),
    jitter=st.floats(0, 1),
)
attempts = st.integers(1, 5000)
chances = st.integers(0, 2**32).map(random.Random)


class Fixed(random.Random):
    """A chance that always falls the same way."""

    def __init__(self, value: float) -> None:
        super().__init__(0)
        self.value = value

    def random(self) -> float:
        return self.value


@given(backoffs, attempts, chances)
def test_the_bounds(backoff: th.Backoff, attempt: int, chance: random.Random) -> None:
    delay = backoff.delay(attempt, chance)
    most = backoff.delay(attempt, Fixed(0))
    assert 0 <= most * (1 - backoff.jitter) <= delay <= most <= backoff.maximum


@given(backoffs, attempts, attempts)
@example(th.Backoff(), 1024, 1025)
def test_without_chance_it_never_shrinks(backoff: th.Backoff, one: int, other: int) -> None:
    early, late = sorted((one, other))
    assert backoff.delay(early, Fixed(0)) <= backoff.delay(late, Fixed(0))


@given(backoffs, attempts, st.floats(0, 0.999), st.floats(0, 0.999))
def test_chance_only_shortens(backoff: th.Backoff, attempt: int, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert backoff.delay(attempt, Fixed(more)) <= backoff.delay(attempt, Fixed(less))


@given(backoffs, chances)
def test_the_first_is_the_initial(backoff: th.Backoff, chance: random.Random) -> None:
    assert backoff.delay(1, Fixed(0)) == min(backoff.initial, backoff.maximum)


@given(backoffs, attempts, st.integers())
def test_the_same_chance_gives_the_same_delay(backoff: th.Backoff, attempt: int, seed: int) -> None:
    delays = [backoff.delay(attempt, random.Random(seed)) for _ in range(2)]
    assert delays[0] == delays[1]


@pytest.mark.parametrize(
    ("backoff", "attempt", "chance", "delay"),
    [
        (th.Backoff(), 1, 0, 0.1),
        (th.Backoff(), 2, 0, 0.2),
        (th.Backoff(), 100, 0, 30.0),
        (th.Backoff(), 100, 0.5, 28.5),
        (th.Backoff(2, 100, factor=3, jitter=0), 3, 0.9, 18),
        (th.Backoff(2, 100, factor=1, jitter=0), 1000, 0.9, 2),
        (th.Backoff(8, 4, jitter=0), 1, 0, 4),
        (th.Backoff(8, 8, jitter=1), 1, 0.75, 2),
        (th.Backoff(0, 8, jitter=0), 5, 0, 0),
        (th.Backoff(5, 0), 5, 0.5, 0),
        (th.Backoff(1, math.inf, jitter=0), 11, 0, 1024),
        (th.Backoff(math.inf, math.inf), 1, 0.5, math.inf),
        (th.Backoff(math.inf, 7, jitter=0), 1, 0, 7),
    ],
)
def test_delays(backoff: th.Backoff, attempt: int, chance: float, delay: float) -> None:
    assert backoff.delay(attempt, Fixed(chance)) == pytest.approx(delay)


@pytest.mark.parametrize("factor", [2, 2.0, 1e308])
@pytest.mark.parametrize("attempt", [1025, 10_000])
def test_a_power_that_is_no_float_any_more(factor: float, attempt: int) -> None:
    assert th.Backoff(0.5, 30, factor=factor, jitter=0).delay(attempt, Fixed(0)) == 30
    endless = th.Backoff(0.5, math.inf, factor=factor, jitter=0)
    assert endless.delay(attempt, Fixed(0)) == math.inf


numbers = ["1", None, True, math.nan, -0.1, -math.inf]


@pytest.mark.parametrize("option", ["initial", "maximum", "factor", "jitter"])
@pytest.mark.parametrize("value", numbers)
def test_what_is_no_number_of_its_kind(option: str, value: Any) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(th.ConfigurationError) as caught:
        th.Backoff(**options)
    assert caught.value.subject == f"Backoff({option}=)"
    assert caught.value.problem == f"{value!r} is wrong"
    assert caught.value.cure.startswith("give ")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("initial", 0),
        ("maximum", 0),
        ("factor", 1),
        ("jitter", 0),
        ("jitter", 1),
    ],
)
def test_the_edges_are_allowed(option: str, value: float) -> None:
    options: dict[str, Any] = {option: value}
    assert getattr(th.Backoff(**options), option) == value


@pytest.mark.parametrize(("option", "value"), [("factor", 0.999), ("jitter", 1.001)])
def test_just_beyond_the_edges_is_not(option: str, value: float) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(th.ConfigurationError, match=str(value)):
        th.Backoff(**options)


def test_it_is_a_value() -> None:
    assert th.Backoff(1, 2) == th.Backoff(1, 2, 2.0, 0.1)
    assert hash(th.Backoff(1)) == hash(th.Backoff(1.0))
    with pytest.raises(AttributeError):
        th.Backoff().initial = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
