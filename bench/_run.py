"""One run of the suite: which groups, how much of each, and everything that came of it."""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from bench import groups
from bench._machine import Machine
from bench._measure import RowResult, measure_row
from bench._model import Effort, Group, Row


@attrs.frozen(kw_only=True)
class Progress:
    """Where a run is, just before it takes the next sample."""

    group: str
    row: Row
    done: int
    """Samples taken of this row."""
    total: int
    """Samples this row takes."""
    rival: str


@attrs.frozen(kw_only=True)
class GroupResult:
    """What was measured of one group."""

    group: Group
    rows: tuple[RowResult, ...]


@attrs.frozen(kw_only=True)
class Run:
    """One run, as the table and the JSON file show it."""

    effort: Effort
    seed: int
    machine: Machine
    started: str
    """Date and time in UTC, ISO 8601."""
    seconds: float
    """How long all of it took, on the wall clock."""
    groups: tuple[GroupResult, ...]

    @property
    def rows(self) -> list[RowResult]:
        """All rows of all groups."""
        return [row for group in self.groups for row in group.rows]


Show: TypeAlias = Callable[[Progress], None]
"""Shows how far a run is."""

Finished: TypeAlias = Callable[[Group, RowResult], None]
"""Is given each row as soon as it is measured."""


def group_names() -> list[str]:
    """Return the names of all groups: the modules of `bench.groups`."""
    return sorted(module.name for module in pkgutil.iter_modules(groups.__path__))


def load_group(name: str) -> Group:
    """Return the group of that name, which must be one of `group_names`."""
    group = importlib.import_module(f"{groups.__name__}.{name}").GROUP
    if not isinstance(group, Group):
        raise TypeError(f"bench.groups.{name}.GROUP is {group!r}, but must be a Group")
    return group


def measure_groups(
    chosen: Sequence[Group], effort: Effort, seed: int, *, show: Show, finished: Finished
) -> tuple[GroupResult, ...]:
    """Measure `chosen` one after the other.

    Args:
        chosen: The groups, in the order they run.
        effort: How many rounds of which size.
        seed: Decides the order of the rivals in every round.
        show: Is told of each sample before it is taken.
        finished: Is given each row as soon as it is measured.
    """
    rng = random.Random(seed)
    results: list[GroupResult] = []
    for group in chosen:
        rows: list[RowResult] = []
        for row in filter(effort.has, group.rows):
            rows.append(_measure(group, row, effort, rng, show))
            finished(group, rows[-1])
        results.append(GroupResult(group=group, rows=tuple(rows)))
    return tuple(results)


def _measure(group: Group, row: Row, effort: Effort, rng: random.Random, show: Show) -> RowResult:
    def tell(done: int, total: int, rival: str) -> None:
        show(Progress(group=group.name, row=row, done=done, total=total, rival=rival))

    return measure_row(row, effort, rng, tell=tell)
