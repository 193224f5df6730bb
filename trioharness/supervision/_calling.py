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
        if isinstance(called, AbstractAsyncContextManager):  # a pool, say, may be awaitable as well
            manager = cast("AbstractAsyncContextManager[object, bool | None]", called)
            return _hold_open(engine, record, run, manager)
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
    manager: AbstractAsyncContextManager[object, bool | None],
) -> None:
    with trio.CancelScope() as run.exit_scope:
        async with manager as value:
            with trio.CancelScope() as run.park:
                if run.stop_reason is None:
                    is_ready(engine, record, run, value)
                else:  # told while it was being entered, and it was entered all the same
                    run.leave(run.stop_reason)
                await trio.sleep_forever()
    if run.exit_scope.cancelled_caught:
        run.cut_short = True


@trio.lowlevel.enable_ki_protection
def is_ready(engine: Engine, record: Record, run: Incarnation, value: object) -> None:
    """Take note that an incarnation is ready."""
    if record.state is not State.STARTING or record.run is not run:
        return  # it was told to stop meanwhile
    now = run.ready_at = engine.now()
    record.value = value
    record.was_ready = True
    if run.park is not None and record.options.background is None and not record.background:
        # It could not be seen before that it is a context manager.
        record.background = True
        engine.deactivate(record)
        engine.check_idle()
    record.move(Cause.READY)
    if run.watch is not None:
        run.watch.ready(now)
    if run.number > 1 or engine.wants(ChildReady):
        engine.observer(ChildReady(path=record.path, incarnation=run.number, time=now))
    if record.starting is not None:
        record.starting.ready()
        record.starting = None
    if engine.turn.holder is record:
        engine.turn.release(record)
    if record.dependents or record.followers:
        engine.wake_dependents(record)
