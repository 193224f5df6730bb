"""Where the running task is in the tree, and what a component can say and ask from there."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Generator
from contextvars import ContextVar
from typing import TYPE_CHECKING

import trio

from .._errors import SupervisionError
from ._record import Record
from ._run import Incarnation

if TYPE_CHECKING:
    from ._engine import Engine
    from ._watch import Watch

hosting: ContextVar[Engine] = ContextVar("trioharness_hosting")
"""The supervisor whose nursery a task holds; set in that task alone."""


watched: ContextVar[Watch | None] = ContextVar("trioharness_watched")
"""Who watches over the component, in whatever it runs, threads included; None if nobody does."""


def supervisor_of(nursery: trio.Nursery) -> Engine | None:
    """Return the supervisor that a nursery holds the children of; None for any other nursery."""
    engine = nursery.parent_task.context.get(hosting)
    return engine if engine is not None and engine.nursery is nursery else None


def here() -> Record | None:
    """Return the child that the running task belongs to; None outside of every component.

    It is found by going up the tree of tasks, which costs those who ask; a context variable would
    cost each child, whether it asks or not. What a thread that may be abandoned has trio run
    belongs to no task of the component, and nothing that stops the component reaches it: it is
    outside.
    """
    try:
        task = trio.lowlevel.current_task()
    except RuntimeError:
        return None
    while (nursery := task.parent_nursery) is not None:
        engine = supervisor_of(nursery)
        record = None if engine is None else _child_in(engine, task)
        if record is not None:
            return record
        task = nursery.parent_task
    return None


def _child_in(engine: Engine, task: trio.lowlevel.Task) -> Record | None:
    """Return the child of a supervisor whose running incarnation a task is."""
    name: object = task.name  # which its component may set to anything
    named = engine.records.get(name.rpartition("/")[2]) if isinstance(name, str) else None
    if named is not None and named.run is not None and named.run.task is task:
        return named
    runs = (record.run for record in engine.records.values())  # it may have changed its name
    return next((run.record for run in runs if run is not None and run.task is task), None)


def current_run(wanted: str) -> tuple[Record, Incarnation]:
    """Return the component that asks, and its running incarnation.

    Raises:
        SupervisionError: It was not asked from inside a supervised component.
    """
    record = here()
    if record is None or record.run is None:
        raise _outside(wanted)
    return record, record.run


def _outside(wanted: str) -> SupervisionError:
    return SupervisionError(
        f"{wanted} was called outside of a supervised component; call it from code that a "
        f"supervisor runs"
    )


def beat() -> None:
    """Say "I am alive", from any task of a component that has ``health=Health(beat_within=...)``.

    From a thread of it, ``trio.from_thread.run_sync(th.beat)`` does so.

    Such a component counts as crashed when it works for longer than that without a beat. Call it
    where progress is made, once for each message or step, not from a task that only beats: that one
    goes on where the work hangs. It costs next to nothing, and does nothing where nobody asked for
    it. Time in which the component waits in a receive on an end of `open_channel` that it was given
    does not count, so an idle consumer need not beat; a wait on a channel of another library does.
    What is only held open, such as a context manager, is watched from its first beat on.

    Raises:
        SupervisionError: It was not called from inside a supervised component.
    """
    try:
        watch = watched.get()
    except LookupError:
        raise _outside("beat()") from None
    if watch is not None:
        watch.beat(trio.current_time())


@contextlib.asynccontextmanager
async def cleanup() -> AsyncGenerator[trio.CancelScope]:  # noqa: ASYNC911 - entering is one
    """Give the clean-up of a component the time it was promised.

    trio's cancellation stays pending: once a component was told to stop, each further ``await``
    fails at once. Inside this block it does not, until the grace of the incarnation is over, which
    is counted once, from the moment it was told to stop. Do not use it around work: what is inside
    holds up the whole stop. The exit of a context-manager component runs in such a block already.

    Example::

        try:
            await work()
        finally:
            async with th.cleanup():
                await connection.send_goodbye()

    Yields:
        The scope of the block; its deadline is the end of the grace. When that passes, the rest of
        the block is cancelled.

    Raises:
        trio.Cancelled: On entering, when no grace is left (``grace=0``, or it was killed).
        SupervisionError: It was not called from inside a supervised component.

    Cancellation:
        Entering is a checkpoint. Inside, only the end of the grace cancels.
    """
    record, run = current_run("cleanup()")
    now = trio.current_time()
    deadline = run.grace_ends if run.told else now + record.options.grace
    if deadline <= now:
        await trio.lowlevel.checkpoint()
    # Once inside, only what is inside is cancelled: a block that was entered begins.
    await trio.lowlevel.cancel_shielded_checkpoint()
    with run.shielded(deadline) as scope:
        yield scope


@contextlib.contextmanager
def stop_on_drain() -> Generator[trio.CancelScope]:
    """Mark a block that a drain ends, and only a drain.

    A source that has no such block is cancelled wherever it is when its tree drains; with one, only
    the block is left, and the rest of the component runs as written: it may send what it still has
    and return. Do not use it in a consumer: that ends by itself when its input does.

    Example::

        with th.stop_on_drain():
            async for path in walk(root):
                await paths.send(path)
        await paths.send(END_MARK)

    Yields:
        A cancel scope that the drain cancels; it is cancelled at once if a drain is under way.

    Raises:
        SupervisionError: It was not called from inside a supervised component.
    """
    _, run = current_run("stop_on_drain()")
    with trio.CancelScope() as scope:
        run.drain_scopes = (*run.drain_scopes, scope)
        if run.draining:
            scope.cancel(reason="drain")
        try:
            yield scope
        finally:
            run.drain_scopes = tuple(other for other in run.drain_scopes if other is not scope)
