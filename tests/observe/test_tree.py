"""The drawing of a tree, from data alone."""

from __future__ import annotations

from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

import trioharness as th


def child(
    name: str, *inside: th.SupervisorNode, path: str | None = None, **more: Any
) -> th.ChildNode:
    facts: dict[str, Any] = {
        "state": th.State.READY,
        "incarnation": 1,
        "restarts": 0,
        "condition": "healthy",
        "reason": "",
        "last_error": None,
    }
    return th.ChildNode(
        name=name, path=path or f"s/{name}", supervisors=inside, **{**facts, **more}
    )


def supervisor(path: str, *children: th.ChildNode, closing: str | None = None) -> th.SupervisorNode:
    return th.SupervisorNode(path=path, strategy="one_for_one", closing=closing, children=children)


def test_an_error_that_is_the_reason_is_told_once() -> None:
    tree = supervisor(
        "s",
        child(
            "w",
            state=th.State.RESTARTING,
            incarnation=3,
            restarts=2,
            reason="restarting: Boom",
            last_error="Boom",
        ),
    )
    assert str(tree).splitlines()[1] == ("└── w  restarting, incarnation 3, 2 restarts: Boom")


def test_names_and_errors_that_are_not_printable_stay_in_their_line() -> None:
    tree = supervisor("s", child("a\nb", last_error="x\x1b[2J\ny"), closing="so\nbe it")
    first, second = str(tree).split("\n")
    assert first == "s (one_for_one), stopping: so be it"
    assert second.startswith("└── a b  ready: last error x\\x1b[2J y")


Shape: TypeAlias = list[tuple[bool, "Shape"]]
"""The children of a supervisor: whether each is all of the one inside of it, and that one's own."""

leaves: st.SearchStrategy[Shape] = st.just([])
shapes = st.recursive(leaves, lambda inner: st.lists(st.tuples(st.booleans(), inner), max_size=3))


def grown(shape: Shape, path: str = "s") -> th.SupervisorNode:
    """Return the tree of a shape."""
    children: list[th.ChildNode] = []
    for number, (whole, inner) in enumerate(shape):
        below = f"{path}/{number}"
        inside = [grown(inner, below if whole else f"{below}/in")] if inner else []
        children.append(child(str(number), *inside, path=below))
    return supervisor(path, *children)


def count(tree: th.SupervisorNode) -> int:
    """The lines that a tree needs: one for itself, one for each child and each inner supervisor."""
    return 1 + sum(
        1 + sum(count(inner) - (inner.path == node.path) for inner in node.supervisors)
        for node in tree.children
    )


@given(shapes)
def test_everything_has_its_line_and_the_words_are_aligned(shape: Shape) -> None:
    tree = grown(shape)
    lines = str(tree).splitlines()
    assert len(lines) == count(tree)
    assert len({line.find(" ready") for line in lines if " ready" in line}) <= 1
