"""Children that wait for each other in a drain: over channels, or over a channel and a need.

A child ends when everything it receives from has ended, and after all that need it. A crawler that
sends to itself, or a consumer that needs its own source, would so wait for itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from ..rules import circles
from ._handover import feed, finishes
from ._record import Record
from ._states import FINAL

if TYPE_CHECKING:
    from ._engine import Engine

Node: TypeAlias = Record | int
"""A child, or the identity of a channel between children."""


def circles_that_are_due(engine: Engine) -> list[list[Record]]:
    """Return those that wait for each other and for nobody else, each circle in start order."""
    before = _what_ends_first(engine)
    due: list[list[Record]] = []
    for circle in circles(before):
        members = set(circle)
        if all(members.issuperset(before.get(node, ())) for node in circle):
            due.append([record for record in engine.records.values() if record in members])
    return due


def _what_ends_first(engine: Engine) -> dict[Node, list[Node]]:
    """Return for each child the live ones that need it, and the channels it still receives from.

    For such a channel it is those that can still send to it.
    """
    before: defaultdict[Node, list[Node]] = defaultdict(list)
    received: list[tuple[Record, int]] = []
    for record in engine.records.values():
        if record.dependents:
            before[record] += [other for other in record.dependents if other.state not in FINAL]
        for kept in record.ends.values():
            if record not in kept.holders or not finishes(kept.end):
                continue
            if kept.receives:
                received.append((record, feed(kept.end)))
            else:
                before[feed(kept.end)].append(record)
    for record, channel in received:
        if channel in before:
            before[record].append(channel)
    return before
