"""The start order: after what is waited for, and otherwise as declared."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import trioharness as th
from trioharness.rules import start_order

Graph = dict[str, list[str]]

NAMES = [f"n{number}" for number in range(8)]
names = st.lists(st.sampled_from(NAMES), unique=True)


@st.composite
def acyclic(draw: st.DrawFn) -> tuple[list[str], Graph]:
    """Names in any order, and a graph of them that has no cycle."""
    hidden = draw(st.permutations(NAMES))[: draw(st.integers(0, len(NAMES)))]
    graph = {
        name: draw(st.lists(st.sampled_from(hidden[:index]))) if index else []
        for index, name in enumerate(hidden)
    }
    return list(draw(st.permutations(hidden))), graph


graphs = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3))


def model(declared: Iterable[str], before: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Again and again the first that waits for nothing any more; what is left is in a cycle."""
    left = list(declared)
    order: list[str] = []
    while True:
        free = [name for name in left if not set(before.get(name, ())) & set(left)]
        if not free:
            return tuple(order)
        order.append(free[0])
        left.remove(free[0])


@given(acyclic())
def test_each_comes_after_what_it_waits_for(case: tuple[list[str], Graph]) -> None:
    declared, before = case
    order = start_order(declared, before)
    assert sorted(order) == sorted(declared)
    place = {name: index for index, name in enumerate(order)}
    assert all(place[other] < place[name] for name in declared for other in before[name])


@given(names, graphs)
def test_it_is_what_the_model_says_or_a_cycle(declared: list[str], before: Graph) -> None:
    expected = model(declared, before)
    if len(expected) == len(declared):
        assert start_order(declared, before) == expected
        return
    with pytest.raises(th.CycleError):
        start_order(declared, before)


@given(acyclic())
def test_an_order_that_is_right_stays(case: tuple[list[str], Graph]) -> None:
    declared, before = case
    order = start_order(declared, before)
    assert start_order(order, before) == order


@given(names, graphs)
def test_a_cycle_is_named_by_its_real_edges(declared: list[str], before: Graph) -> None:
    assume(len(model(declared, before)) < len(declared))
    with pytest.raises(th.CycleError) as caught:
        start_order(declared, before)
    prefix, _, path = caught.value.problem.partition(": ")
    cycle = path.split(" -> ")
    assert prefix == "needs go round in a circle"
    assert cycle[0] == cycle[-1]
    assert len(set(cycle)) == len(cycle) - 1
    assert all(other in before[name] for name, other in itertools.pairwise(cycle))
    assert caught.value.subject == f"child {cycle[0]!r}"
    assert caught.value.cure == "take one of these out of needs= or after="


@given(names)
def test_without_needs_it_is_as_declared(declared: list[str]) -> None:
    assert start_order(declared, {}) == tuple(declared)


@pytest.mark.parametrize(
    ("declared", "before", "order"),
    [
        ("", {}, ""),
        ("a", {}, "a"),
        ("abc", {"a": "c"}, "bca"),
        ("abcd", {"a": "d", "b": "d"}, "cdab"),
        ("abcd", {"c": "a", "d": "b"}, "abcd"),
        ("dcba", {"d": "c", "c": "b", "b": "a"}, "abcd"),
        ("abc", {"b": "aaa"}, "abc"),
    ],
)
def test_orders(declared: str, before: dict[str, str], order: str) -> None:
    assert start_order(list(declared), before) == tuple(order)


def test_strangers_do_not_count() -> None:
    before = {"a": ["elsewhere"], "elsewhere": ["a"], "b": ["nobody", "a"]}
    assert start_order(["b", "a"], before) == ("a", "b")


def test_one_that_waits_for_itself() -> None:
    with pytest.raises(th.CycleError, match=re.escape("child 'a'") + ".*: a -> a;"):
        start_order(["a"], {"a": ["a"]})


def test_what_it_was_given_stays_as_it_is() -> None:
    declared, before = ["b", "a"], {"b": ["a", "x"]}
    start_order(declared, before)
    assert (declared, before) == (["b", "a"], {"b": ["a", "x"]})


def test_a_long_chain_needs_no_deep_stack() -> None:
    declared = [str(number) for number in range(5000)]
    before = {name: [str(int(name) + 1)] for name in declared[:-1]}
    assert start_order(declared, before) == tuple(reversed(declared))
