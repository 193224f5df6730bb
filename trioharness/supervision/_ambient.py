"""Where the running task is in the tree, and what a component can say and ask from there."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import AsyncGenerator, Generator

import trio

from .._errors import SupervisionError
from ._record import Record
from ._run import Incarnation

place: contextvars.ContextVar[Record | None] = contextvars.ContextVar(
    "trioharness_place", default=None
)
"""The child that the running task belongs to; None outside of every supervised component."""


def context_of(record: Record) -> contextvars.Context:
    """Return a fresh context for an incarnation of a child: that of the supervisor, and its place.

    The first incarnation in a task needs none: the task itself has just got one.
    """
    context = record.engine.context.copy()
    context.run(place.set, record)
    return context


def current_run(wanted: str) -> tuple[Record, Incarnation]:
    """Return the component that asks, and its running incarnation.

    Raises:
        SupervisionError: It was not asked from inside a supervised component.
    """
    here = place.get()
    if here is None or here.run is None:
        raise SupervisionError(
            f"{wanted} was called outside of a supervised component; call it from code that "
            f"a supervisor runs"
        )
    return here, here.run


def beat() -> None:
    """Say "I am alive", from any task of a component that has ``health=Health(beat_within=...)``.

    Such a component counts as crashed when it works for longer than that without a beat. Call it
    where progress is made, once for each message or step, not from a task that only beats: that one
    goes on where the work hangs. It costs next to nothing, and does nothing where nobody asked for
    it. Time in which the component waits in a receive on an end of `open_channel` that it was given
    does not count, so an idle consumer need not beat; a wait on a channel of another library does.
    What is only held open, such as a context manager, is watched from its first beat on.

    Raises:
        SupervisionError: It was not called from inside a supervised component.
    """
    watch = current_run("beat()")[1].watch
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
