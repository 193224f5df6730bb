"""One life of one component: call it, see it ready, see how it ends."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import cast

import attrs
import trio

from .._errors import ChildKilled, ComponentTypeError, StartFailed
from .._events import Crashed, Exit, Returned, Stopped
from ._record import Incarnation, Record


@attrs.frozen
class Status:
    """The ``task_status`` of one incarnation."""

    run: Incarnation
    on_ready: Callable[[object], None]

    def started(self, value: object = None) -> None:
        """Say that the component is ready.

        Raises:
            RuntimeError: It said so before, as with trio's own.
        """
        if self.run.ready_at is not None:
            raise RuntimeError("called 'started' twice on the same task status")
        self.on_ready(value)


async def live(record: Record, run: Incarnation, on_ready: Callable[[object], None]) -> Exit:
    """Run one incarnation to its end.

    Only an `Exception` is an end of the component; whatever else there is (`KeyboardInterrupt`,
    `SystemExit`, the cancellation of somebody outside) goes through, split from its group.

    Returns:
        How it ended.
    """
    error: Exception | None = None
    # The error is captured outside of the scope: a clean-up that raises while being cancelled
    # arrives as a group that still holds Cancelled until the scope has taken its own out of it.
    try:
        try:
            with run.scope:
                await _call(record, run, on_ready)
        except Exception as raised:
            error = raised
    except* Exception as group:
        error = group
    return _exit_of(record, run, error)


async def _call(record: Record, run: Incarnation, on_ready: Callable[[object], None]) -> None:
    positional, keywords, run.clones = record.arguments.for_incarnation()
    for keyword, need in record.needs.items():
        keywords[keyword] = need.value
    if record.shape.takes_status:
        keywords["task_status"] = Status(run, on_ready)
    called = record.fn(*positional, **keywords)
    if inspect.iscoroutine(called):
        if not record.shape.takes_status:
            on_ready(None)
        await called
    elif isinstance(called, Awaitable):  # coroutines that Python did not make
        if not record.shape.takes_status:
            on_ready(None)
        await cast("Awaitable[object]", called)
    elif isinstance(called, AbstractAsyncContextManager):
        manager = cast("AbstractAsyncContextManager[object, bool | None]", called)
        await _hold_open(manager, run, on_ready)
    else:
        raise ComponentTypeError(
            f"component {record.path!r}",
            f"it returned {called!r}, neither a coroutine nor an async context manager",
            "make it an async function, or decorate it with @contextlib.asynccontextmanager",
        )


async def _hold_open(
    manager: AbstractAsyncContextManager[object, bool | None],
    run: Incarnation,
    on_ready: Callable[[object], None],
) -> None:
    async with manager as value:
        with trio.CancelScope() as run.park:
            on_ready(value)
            await trio.sleep_forever()


def _exit_of(record: Record, run: Incarnation, error: Exception | None) -> Exit:
    if run.stop_reason is not None:
        return Stopped(run.stop_reason, error)
    if run.killed is not None:
        return Crashed(ChildKilled(run.killed))
    if error is not None:
        return Crashed(error)
    if run.ready_at is None:
        return Crashed(
            StartFailed(record.path, "it returned without calling task_status.started()")
        )
    return Returned()
