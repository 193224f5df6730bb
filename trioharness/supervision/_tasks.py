"""All tasks of a trio program."""

from __future__ import annotations

from collections.abc import Iterator

import trio


def all_tasks() -> Iterator[trio.lowlevel.Task]:
    """Yield every task of the running program, system tasks included, parents first."""
    root = trio.lowlevel.current_root_task()
    waiting = [] if root is None else [root]
    while waiting:
        task = waiting.pop()
        yield task
        for nursery in task.child_nurseries:
            waiting += nursery.child_tasks
