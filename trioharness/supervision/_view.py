"""What is to be seen of children and supervisors at one moment: their health, and the tree."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import attrs
import trio

from ..observe import ChildNode, SupervisorNode
from ..rules import (
    DEFAULT_HEALTH,
    NO_FAILURES,
    ChildHealth,
    Signs,
    SupervisorHealth,
    diagnose,
    roll_up,
    worst,
)
from ._record import Past
from ._states import READY, WAITING

if TYPE_CHECKING:
    from ._engine import Engine
    from ._record import Record


@contextlib.contextmanager
def seen_from_above(engine: Engine) -> Generator[None]:
    """Have a supervisor be known to the component that it is open in."""
    parent = engine.parent
    if parent is None:
        yield
        return
    parent.inside = (*parent.inside, engine)
    try:
        yield
    finally:
        parent.inside = tuple(other for other in parent.inside if other is not engine)


def health_of_child(record: Record) -> ChildHealth:
    """Say how a child is, with all that is inside of it."""
    now = trio.current_time()
    own = _own_health(record, now)
    inside = [child for engine in record.inside for child in _all_health(engine, now)]
    if not inside:
        return own
    started = own.started and all(child.started for child in inside)
    ready = own.ready and not any(child.is_missing for child in inside)
    own = attrs.evolve(own, started=started, ready=ready)
    condition = worst(child.condition for child in (own, *inside))
    if condition is own.condition:
        return own
    culprit = next(child for child in inside if child.condition is condition)
    reason = f"{culprit.path!r} inside of it: {culprit.reason}"
    return attrs.evolve(own, condition=condition, reason=reason, since=culprit.since)


def health_of_tree(engine: Engine) -> SupervisorHealth:
    """Say how all that is under a supervisor is."""
    children = _all_health(engine, trio.current_time())
    return roll_up(engine.path, children, is_ending=engine.takes_no_more)


def _all_health(engine: Engine, now: float) -> Iterator[ChildHealth]:
    for record in engine.records.values():
        yield _own_health(record, now)
        for inner in record.inside:
            yield from _all_health(inner, now)


def _own_health(record: Record, now: float) -> ChildHealth:
    health = record.options.health or DEFAULT_HEALTH
    return diagnose(_signs(record), now, health.healthy_after)


def _signs(record: Record) -> Signs:
    run = record.run
    watch = None if run is None else run.watch
    waits_for: tuple[str, ...] = ()
    since = None if watch is None else watch.begun
    if record.state is WAITING and record.links is not None:
        waits_for, since = record.links.waits_for(), record.links.waiting_since
    past = record.past or Past()
    return Signs(
        path=record.path,
        state=record.state,
        incarnation=record.incarnations,
        since=since,
        was_ready=record.was_ready,
        ready_at=None if run is None else run.ready_at,
        checks=NO_FAILURES if watch is None else watch.checks,
        restart=past.restart,
        parked=past.parked,
        not_restarted=past.not_restarted,
        last_error=past.last_error,
        stopped=past.stopped,
        waits_for=waits_for,
        ending_for=None if run is None or run.fault is None else str(run.fault),
        ending_since=None if watch is None else watch.ending_since,
        stopping_for=None if run is None else run.stop_reason,
        stuck_at=None if run is None else run.stuck_at,
    )


def find_record(engine: Engine, path: str) -> Record | None:
    """Return the child of a path, at any depth under a supervisor; None if there is none."""
    for record in engine.records.values():
        if record.path == path:
            return record
        if path.startswith(f"{record.path}/"):
            for inner in record.inside:
                found = find_record(inner, path)
                if found is not None:
                    return found
    return None


def tree_of(engine: Engine) -> SupervisorNode:
    """Return all that is under a supervisor, as data."""
    return _node(engine, trio.current_time(), [])


def health_and_tree(engine: Engine) -> tuple[SupervisorHealth, SupervisorNode]:
    """Return both, at the cost of the tree."""
    seen: list[ChildHealth] = []
    tree = _node(engine, trio.current_time(), seen)
    return roll_up(engine.path, seen, is_ending=engine.takes_no_more), tree


def _node(engine: Engine, now: float, seen: list[ChildHealth]) -> SupervisorNode:
    """Return a part of the tree; how each child in it is, is added to what is `seen`."""
    return SupervisorNode(
        path=engine.path,
        strategy=engine.strategy,
        closing=engine.closing,
        children=tuple(
            [
                _plain_node(record) or _child_node(record, now, seen)
                for record in engine.records.values()
            ]
        ),
    )


def _plain_node(record: Record) -> ChildNode | None:
    """Return the node of a child that is ready, holds nothing, never crashed and is not watched.

    That is nearly all of them, nearly always, and there is nothing to say of their health; so a
    look at thousands of them does not ask for it. None for any other child.
    """
    run = record.run
    if (
        record.state is not READY
        or record.past is not None
        or record.inside
        or run is None
        or run.watch is not None
        or run.ready_at is None
    ):
        return None
    path = record.path
    name = path.rpartition("/")[2]
    return ChildNode(name, path, READY, record.incarnations, 0, "healthy", "", run.ready_at)


def _child_node(record: Record, now: float, seen: list[ChildHealth]) -> ChildNode:
    health = _own_health(record, now)
    seen.append(health)
    return ChildNode(
        name=record.name,
        path=record.path,
        state=record.state,
        incarnation=record.incarnations,
        restarts=record.restarts,
        condition=str(health.condition),
        reason=health.reason,
        since=health.since,
        last_error=record.last_error,
        supervisors=tuple([_node(inner, now, seen) for inner in record.inside]),
    )
