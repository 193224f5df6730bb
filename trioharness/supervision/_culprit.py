"""Where a component stands, for the errors about one that does not go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import trio

from ..observe import where
from ._ambient import supervisor_of
from ._in_thread import frames_of
from ._record import Record
from ._states import FINAL, READY, STARTING

_MOST_TASKS: Final = 3
"""How many tasks of a component are told of."""


def standing_at(record: Record) -> str:
    """Say where the running incarnation of a component stands: the user's own innermost frame.

    A task that waits for others in a nursery stands there, which says little: so the tasks that it
    has started are told as well, a few of them.
    """
    task = None if record.run is None else record.run.task
    tasks = [] if task is None else [task, *_tasks_under(task)]
    main, *others = [where(frames_of(task)) for task in tasks] or [""]
    shown = list(dict.fromkeys(filter(None, others)))[:_MOST_TASKS]
    if not shown:
        return main
    return f"{main or 'a nursery'}, its tasks at {', '.join(shown)}"


def _tasks_under(task: trio.lowlevel.Task) -> Iterator[trio.lowlevel.Task]:
    """Return the tasks under a task that belong to the same component."""
    waiting = [task]
    while waiting:
        for nursery in waiting.pop().child_nurseries:
            if supervisor_of(nursery) is None:
                yield from nursery.child_tasks
                waiting += nursery.child_tasks


def start_hangs_at(record: Record) -> str:
    """Say what the start of a component waits for: ``"at /home/me/db.py:12 in connect"``.

    Where that is the start of a child inside of it, at any depth, the child is named.
    """
    culprit = _starting_inside(record)
    if culprit is None:
        return _at(record)
    if culprit.state is STARTING:
        return f"for {culprit.path!r}, which waits {_at(culprit)}"
    return f"for {culprit.path!r}, which is {culprit.state}"


def _at(record: Record) -> str:
    standing = standing_at(record)
    return f"at {standing}" if standing else "where no code but trio's can be seen"


def _starting_inside(record: Record) -> Record | None:
    """Return the innermost child that is not ready yet, of those inside; prefer one that starts."""
    found: Record | None = None
    for engine in record.inside:
        for child in engine.records.values():
            if child.state is STARTING:
                return _starting_inside(child) or child
            if child.state is not READY and child.state not in FINAL:
                found = found or child
    return found
