"""A whole tree entered first and started then, for those who assemble one, such as a harness."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ._child import Child, handle_of, record_of
from ._entering import enter
from ._open import Start
from ._options import Needed, Options
from ._record import Record
from ._slow_start import told_if_slow
from ._starting import start_many, start_one_by_one
from ._supervisor import Supervisor, engine_of


async def start_all(
    supervisor: Supervisor, children: Sequence[Child[Any]], *, start: Start = "parallel"
) -> None:
    """Start children that were added and not begun; wait until all are ready.

    Where that takes long, the observer of the tree is told what it waits for, a `SlowStart`.

    For those who assemble a whole tree first, such as a harness.

    Args:
        supervisor: Their supervisor.
        children: What `add_child` returned.
        start: Whether each begins when what it needs is ready, or when the one before is.

    Raises:
        StartFailed: One of them failed before it was ready.
    """
    engine, records = engine_of(supervisor), [record_of(child) for child in children]
    with told_if_slow(engine):
        if start == "parallel":
            await start_many(engine, records)
        else:
            await start_one_by_one(engine, [partial(_itself, record) for record in records])


def _itself(record: Record) -> Record:
    return record


def add_child(
    supervisor: Supervisor,
    fn: Callable[..., object],
    args: tuple[object, ...],
    name: str,
    options: Options,
    needs: Mapping[str, Needed],
    after: Sequence[Needed],
) -> Child[Any]:
    """Enter a child into the books of a supervisor without starting it; see `start_all`.

    Args:
        supervisor: Its supervisor.
        fn: The component.
        args: Its arguments.
        name: Its name.
        options: How it is supervised.
        needs: Children whose live values it gets by keyword.
        after: Children that are started before it.

    Returns:
        The child.

    Raises:
        ConfigurationError: The component or an option cannot be.
    """
    engine = engine_of(supervisor)
    return handle_of(enter(engine, fn, args, name, options, needs, after))
