"""Groups whose rows are counted in instructions instead of timed: ``--instructions``."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from bench._model import INSTRUCTIONS_PER_MESSAGE, Effort, Group, Row, Unit
from bench._sample import Sample

COUNTED = Effort(name="counted", rounds=1, scale=0.1)
"""Under valgrind all is some forty times slower, and one round is exact."""

_MOMENT = Sample(count=1, nanoseconds=1)


def counted(groups: Sequence[Group]) -> tuple[list[Group], list[str]]:
    """Return what can be counted of groups, and the names of the rows that cannot.

    A row can be whose figure is the time that one thing takes. A latency is no work, bytes and
    wake-ups are counted already, and what runs in a process of its own is not seen from here; a
    curve would take hours. Goals about time say nothing of instructions, and are left out.
    """
    kept: list[Group] = []
    left_out: list[str] = []
    for group in groups:
        rows = [row if row.counted else _counted(row) for row in group.rows]
        left_out += [
            f"{group.name}: {was.name}"
            for was, row in zip(group.rows, rows, strict=True)
            if row is None
        ]
        if any(rows):
            kept.append(attrs.evolve(group, rows=tuple(row for row in rows if row is not None)))
    return kept, left_out


def _counted(row: Row) -> Row | None:
    if row.point is not None or row.neighbour or not _is_of_time(row.unit):
        return None
    what = row.unit.name.partition("/")[2]
    unit = attrs.evolve(INSTRUCTIONS_PER_MESSAGE, name=f"instructions/{what}")
    return attrs.evolve(row, unit=unit, clock="instructions", goals=(), rounds=1)


def _is_of_time(unit: Unit) -> bool:
    """Say whether a figure is nanoseconds by how many things they dealt with."""
    try:
        return unit.better == "lower" and unit.figure(_MOMENT) > 0
    except (ValueError, ArithmeticError, IndexError):  # it is made of laps
        return False
