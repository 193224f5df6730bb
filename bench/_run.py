"""One run of the suite: which groups, how much of each, and everything that came of it."""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import attrs

from bench import groups
from bench._forked import CAN_FORK, forked
from bench._machine import Machine
from bench._measure import Outcome, RowResult, measure_row
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
    """Measure `chosen` one after the other, each in a process of its own.

    In one that has measured others for a quarter of an hour, all takes a tenth longer: what they
    have left lies between what is used. Where a process cannot be forked, all share this one.

    Args:
        chosen: The groups, in the order they run.
        effort: How many rounds of which size.
        seed: Decides the order of the rivals in every round; for a group alone as among others.
        show: Is told of each sample before it is taken.
        finished: Is given each row as soon as it is measured.
    """
    results: list[GroupResult] = []
    for group in chosen:
        rows: list[RowResult] = []
        hear = partial(_heard, group, effort, rows, show, finished)
        work = partial(_measure, group, effort, seed)
        if CAN_FORK:
            forked(f"the group {group.name!r}", work, hear)
        else:
            work(hear)
        results.append(GroupResult(group=group, rows=tuple(rows)))
    return tuple(results)


@attrs.frozen
class _Turn:
    """A sample is taken next."""

    row: int
    done: int
    total: int
    rival: str


@attrs.frozen
class _Outcomes:
    """A row has been measured."""

    row: int
    outcomes: dict[str, Outcome]


def _measure(
    group: Group, effort: Effort, seed: int, tell: Callable[[_Turn | _Outcomes], None]
) -> None:
    """Measure a group, and tell of it by the numbers of its rows: they themselves stay here."""
    rng = random.Random(f"{seed} {group.name}")
    for number, row in enumerate(group.rows):
        if effort.has(row):

            def turn(done: int, total: int, rival: str, number: int = number) -> None:
                tell(_Turn(number, done, total, rival))

            tell(_Outcomes(number, measure_row(row, effort, rng, tell=turn).outcomes))


def _heard(
    group: Group,
    effort: Effort,
    rows: list[RowResult],
    show: Show,
    finished: Finished,
    told: _Turn | _Outcomes,
) -> None:
    row = group.rows[told.row]
    if isinstance(told, _Turn):
        at = attrs.asdict(told, filter=attrs.filters.exclude("row"))
        show(Progress(group=group.name, row=row, **at))
    else:
        rows.append(RowResult(row=row, size=effort.size(row), outcomes=told.outcomes))
        finished(group, rows[-1])
