"""Circles are what a model finds that asks of each pair whether it comes before itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trioharness.rules import circles

Graph = dict[int, list[int]]

graphs = st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=3))


def all_before(graph: Graph, thing: int) -> set[int]:
    """Whatever comes before one, however indirectly; itself only if it is in a circle."""
    seen: set[int] = set()
    todo = list(graph.get(thing, ()))
    while todo:
        other = todo.pop()
        if other not in seen:
            seen.add(other)
            todo += graph.get(other, ())
    return seen


@given(graphs)
def test_they_are_what_the_model_says(graph: Graph) -> None:
    before = {thing: all_before(graph, thing) for thing in range(8)}
    expected = {
        frozenset(other for other in before[thing] if thing in before[other])
        for thing in graph
        if thing in before[thing]
    }
    found = circles(graph)
    assert {frozenset(circle) for circle in found} == {c for c in expected if len(c) > 1}
    assert len({thing for circle in found for thing in circle}) == sum(map(len, found))


def test_a_long_circle_needs_no_deep_stack() -> None:
    graph = {number: [(number + 1) % 5000] for number in range(5000)}
    (circle,) = circles(graph)
    assert sorted(circle) == list(range(5000))
