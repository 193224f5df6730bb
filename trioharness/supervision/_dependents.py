"""Who needs a child, at any depth, and whom its restart takes along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rules import whom
from ._record import Record
from ._states import RESTARTING, RUNNING

if TYPE_CHECKING:
    from ._engine import Engine


def _dependents(record: Record) -> dict[Record, None]:
    """Return all children that need this one, at any depth, also those of supervisors inside."""
    dependents: dict[Record, None] = {}
    found = [record]
    while found:
        new = [d for d in found.pop().dependents if d not in dependents]
        dependents.update(dict.fromkeys(new))
        found += new
    return dependents


def with_dependents(engine: Engine, record: Record) -> list[Record]:
    """Return a child and all that need it, in start order; those of supervisors inside come last.

    They are to be stopped first; and among them `Stopping` sees to the order.
    """
    found = _dependents(record)
    own = [r for r in engine.records.values() if r is record or r in found]
    return own + [r for r in found if r.engine is not engine]


def taken_along(engine: Engine, record: Record) -> list[Record]:
    """Return whom the restart of a child takes along, as `with_dependents` does."""
    found = _dependents(record)
    up = [d for d in found if d.state in RUNNING or d.state is RESTARTING]
    group = engine.strategy != "one_for_one"
    own = whom(engine.strategy, tuple(engine.records.values()), record, set(found if group else up))
    return [*own, *(d for d in up if d.engine is not engine)]
