"""Supervision trees for properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from hypothesis import strategies as st

from .._errors import ConfigurationError
from ..rules import AUTO_SHUTDOWNS, EXHAUSTED, Backoff, RestartType, Strategy
from ..supervision import Group, Start
from ._tree_building import AsPool, Branch, Kit, Wish

Component: TypeAlias = Callable[..., object]

RESTARTS: Sequence[RestartType] = ("temporary", "transient", "permanent")
STRATEGIES: Sequence[Strategy] = ("one_for_one", "rest_for_one", "one_for_all")
STARTS: Sequence[Start] = ("in_order", "parallel")
SMALL = 3
"""The most children that are drawn for a group, and the most that one child starts after."""

_INDEX = st.integers(0, 5)
"""Which of those that come before it, counted from the nearest and around again."""


def trees(components: Mapping[str, Component], *, max_depth: int = 2) -> st.SearchStrategy[Group]:
    """Generate supervision trees: groups of components, of pools, and of groups.

    A parameter of a component that is named like one of the components is a need: in the tree it
    gets the value of one of these, of its own group or one further up, which is put before it if it
    must have one. Where the parameter has a default, it is needed or not. Restart types,
    strategies, limits, back-offs, `after`, significant children and what ends a group are drawn so
    that they go together. Pools begin empty; they are in the background where there is anything
    else, so that a group ends when its components have.

    Example::

        async def worker(*, database: Pool) -> None: ...

        @given(trees({"database": database, "worker": worker}))
        def test_it_comes_back(tree: th.Group) -> None: ...

    Args:
        components: What may be supervised, by a name for each; a tree numbers its uses. They are
            called without arguments but for needs; for others give a `functools.partial`.
        max_depth: How deep groups are inside of groups, and pools, 1 or more; 1 means components
            alone.

    Returns:
        The strategy; its groups are to be started: ``await supervisor.start(group)``. They shrink
        to one component under ``one_for_one`` that is never restarted, and needs nothing that it
        can do without.

    Raises:
        ComponentTypeError: A component is none.
        ConfigurationError: There are no components, one could not be called so, or the depth is
            none.
        CycleError: Components need each other.
    """
    kit = Kit.of(components)
    if not isinstance(max_depth, int) or max_depth < 1:
        raise ConfigurationError(
            "trees()", f"max_depth={max_depth!r} is no depth", "give 1 or more"
        )
    return _branches(tuple(components)).map(partial(kit.tree, max_depth))


_BACKOFFS = st.builds(
    Backoff, st.integers(0, 5).map(float), st.integers(5, 60).map(float), jitter=st.just(0.0)
)


def _branches(names: Sequence[str]) -> st.SearchStrategy[Branch]:
    """Return the strategy of what is drawn, which knows no depth.

    It is inside of itself, and not one for each depth, so that hypothesis shrinks a branch to what
    is inside of it; what is too deep is built as the first component in it.
    """
    components = st.sampled_from(names)
    branches: st.SearchStrategy[Branch] = st.deferred(
        lambda: st.builds(
            Branch,
            children=st.lists(wishes, min_size=1, max_size=SMALL),
            strategy=st.sampled_from(STRATEGIES),
            max_restarts=st.integers(0, 5),
            within=st.integers(1, 60),
            auto_shutdown=st.sampled_from(AUTO_SHUTDOWNS),
            exhausted=st.sampled_from(EXHAUSTED),
            start=st.sampled_from(STARTS),
        )
    )
    wishes = st.builds(
        Wish,
        what=components | st.builds(AsPool, components) | branches,
        restart=st.sampled_from(RESTARTS),
        backoff=st.none() | _BACKOFFS,
        significant=st.booleans(),
        after=st.lists(_INDEX, max_size=2),
        needs=st.booleans(),
        which=_INDEX,
    )
    return branches
