"""Calling a component, whatever its kind, and seeing it ready."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from types import CoroutineType
from typing import TYPE_CHECKING, cast

import trio

from .._errors import ComponentTypeError
from .._events import ChildReady, State
from ..rules import Cause
from ._component_class import Component, life_of
from ._handover import End, clone_ends
from ._record import Record
from ._run import Incarnation

if TYPE_CHECKING:
    from ._engine import Engine


class Status:
    """The ``task_status`` of one incarnation."""

    __slots__ = ("_record", "_run")

    def __init__(self, record: Record, run: Incarnation) -> None:
        self._record = record
        self._run = run

    def started(self, value: object = None) -> None:
        """Say that the component is ready.

        Raises:
            RuntimeError: It said so before, as with trio's own.
        """
        if self._run.ready_at is not None:
            raise RuntimeError("called 'started' twice on the same task status")
        is_ready(self._record.engine, self._record, self._run, value)


def call(engine: Engine, record: Record, run: Incarnation) -> Awaitable[object]:
    """Call a component.

    Returns:
        What to await until it has ended.

    Raises:
        Exception: Whatever the call itself raises: wrong arguments, a channel end that is closed.
        ComponentTypeError: It gave nothing that can be run.
    """
    positional = record.positional
    keywords: dict[str, object] = {}
    if record.ends:
        clones: list[End] = []
        run.clones = clones
        positional, keywords = clone_ends(record, clones)
    elif record.keywords:
        keywords = dict(record.keywords)
    if record.needs:
        for keyword, need in record.needs.items():
            keywords[keyword] = need.value
    takes_status = record.shape.takes_status
    if takes_status:
        keywords["task_status"] = Status(record, run)
    called = record.fn(*positional, **keywords)
    if type(called) is not CoroutineType:
        if isinstance(called, Component | AbstractAsyncContextManager):
            # A pool, say, may be awaitable as well.
            opened = cast("Component | AbstractAsyncContextManager[object, bool | None]", called)
            return _hold_open(engine, record, run, opened)
        if not isinstance(called, Awaitable):
            raise ComponentTypeError(
                f"component {record.path!r}",
                f"it returned {called!r}, neither a coroutine nor an async context manager",
                "make it an async function, or decorate it with @contextlib.asynccontextmanager",
            )
    if not takes_status:
        is_ready(engine, record, run, None)
    return cast("Awaitable[object]", called)


async def _hold_open(
    engine: Engine,
    record: Record,
    run: Incarnation,
    opened: Component | AbstractAsyncContextManager[object, bool | None],
) -> None:
    manager, work = life_of(opened, run, record.options.grace)
    with trio.CancelScope() as run.exit_scope:
        async with manager as value:
            with trio.CancelScope() as run.park:
                if run.stop_reason is None:
                    is_ready(engine, record, run, value, is_held=work is trio.sleep_forever)
                else:  # told while it was being entered, and it was entered all the same
                    run.leave(run.stop_reason)
                    work = trio.sleep_forever
                await work()
    if run.exit_scope.cancelled_caught:
        run.cut_short = True


@trio.lowlevel.enable_ki_protection
def is_ready(
    engine: Engine, record: Record, run: Incarnation, value: object, *, is_held: bool = False
) -> None:
    """Take note that an incarnation is ready.

    Args:
        engine: The supervisor.
        record: The child.
        run: The incarnation.
        value: What it gives.
        is_held: Whether it has nothing more to do than to be there until it is stopped.
    """
    if record.state is not State.STARTING or record.run is not run:
        return  # it was told to stop meanwhile
    now = run.ready_at = engine.now()
    record.value = value
    record.was_ready = True
    if is_held and record.options.background is None and not record.background:
        # It could not be seen before that it is one of those.
        record.background = True
        engine.deactivate(record)
        engine.check_idle()
    record.move(Cause.READY)
    if run.watch is not None:
        run.watch.ready(now, is_held=is_held)
    if run.number > 1 or engine.wants(ChildReady):
        engine.observer(ChildReady(path=record.path, incarnation=run.number, time=now))
    if record.starting is not None:
        record.starting.ready()
        record.starting = None
    if engine.turn.holder is record:
        engine.turn.release(record)
    if record.dependents or record.followers:
        engine.wake_dependents(record)
