"""Components out of blocking functions: a thread for each incarnation."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any, ParamSpec, TypeVar, cast

import attrs
import trio

from .._errors import ComponentTypeError
from .._util import callable_name
from ._component_class import as_class

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(fn: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Make a component out of a blocking function; each incarnation runs in a thread of its own.

    For what only blocks: a driver without an async side, a long read of a file, a library with a
    loop of its own. Not for what computes all day, since threads share one interpreter lock: that
    is work for a `command`. It takes no place from the threads of `trio.to_thread.run_sync`.

    **A thread cannot be killed.** A stop is a question that the function has to ask:
    ``trio.from_thread.check_cancelled()`` raises `trio.Cancelled` once the component was told to
    stop, and so does whatever else of `trio.from_thread` it calls. Let that pass. A function that
    asks seldom makes the stop wait; one that has not returned when its grace is over is reported as
    stuck like any other component, with the place where its thread stands, and waited for.

    What it raises is a crash, and the next incarnation is called anew. (trio uses a thread again
    whose function has returned, so do not count on an empty `threading.local`.) It may return a
    value, which nobody gets who runs it as a component. It is ready at its first step, or, with a
    ``task_status`` parameter, when it calls ``task_status.started(value)``, there in its thread.

    Channel ends among the arguments are handed over as to any component, but their methods belong
    to trio: call them through ``trio.from_thread.run(end.send, item)``. In the same way
    ``trio.from_thread.run_sync(th.beat)`` is a sign of life.

    Example::

        def follow(path: str, lines: th.SendChannel[str]) -> None:
            with open(path) as file:
                while True:
                    trio.from_thread.check_cancelled()
                    if line := file.readline():
                        trio.from_thread.run(lines.send, line)
                    else:
                        time.sleep(0.1)

        sup.start_soon(th.in_thread(follow), "app.log", lines)

    Args:
        fn: The function; it gets the arguments that the component is started with.

    Returns:
        An async function of the same arguments.

    Raises:
        ComponentTypeError: `fn` is no function that could block, such as an async one.
    """
    if isinstance(fn, functools.partial):
        # What is in it stays to be seen from outside: there may be channel ends among it.
        inner = in_thread(cast("Callable[..., T]", fn.func))
        return functools.partial(inner, *fn.args, **fn.keywords)
    problem = _problem(fn)
    if problem is not None:
        raise ComponentTypeError(f"in_thread({callable_name(fn)})", *problem)

    @functools.wraps(fn, updated=())
    async def component(*args: P.args, **keywords: P.kwargs) -> T:
        if "task_status" in keywords:
            keywords["task_status"] = _Status(keywords["task_status"])
        return await run_in_thread(functools.partial(fn, *args, **keywords))

    component.__qualname__ = callable_name(fn)
    return component


def _problem(fn: object) -> tuple[str, str] | None:
    """Return what is wrong with what is to run in a thread, and what to give instead."""
    if inspect.iscoroutine(fn):
        fn.close()  # or Python warns that it was never awaited, which is beside the point
        return "it is a coroutine", "give a blocking function; an async one is a component already"
    if not callable(fn):
        return f"{fn!r} is not callable", "give a function, and its arguments where it is started"
    if as_class(fn) is not None:
        return "it is a Component class", "give the class itself, without in_thread"
    inner = inspect.unwrap(fn)
    if inspect.iscoroutinefunction(inner):
        return "it is an async function", "give it as it is, without in_thread"
    if inspect.isasyncgenfunction(inner) or inspect.isgeneratorfunction(inner):
        return "it yields, so that a call of it runs nothing", "give a function that does the work"
    return None


@attrs.frozen
class _Status:
    """A ``task_status`` for use in a thread."""

    status: Any

    def started(self, value: object = None) -> None:
        """Say that the component is ready."""
        trio.from_thread.run_sync(self.status.started, value)


async def run_in_thread(call: Callable[[], T]) -> T:
    """Run a blocking call in a thread; `thread_frames` tells where it stands.

    Raises:
        Exception: Whatever the call raises.

    Cancellation:
        The thread can ask for it; this returns, or raises, no sooner than the call does.
    """
    idents: list[int] = []  # read by `thread_frames`, from the frame
    return await trio.to_thread.run_sync(
        _noting_thread,
        idents,
        call,
        thread_name=trio.lowlevel.current_task().name,
        limiter=trio.CapacityLimiter(1),  # the shared one is for short calls, and would fill up
    )


def _noting_thread(idents: list[int], call: Callable[[], T]) -> T:
    idents.append(threading.get_ident())
    return call()


def frames_of(task: trio.lowlevel.Task) -> list[tuple[FrameType, int]]:
    """Return where a task stands, outermost frame first, and on into the thread it waits for."""
    frames = list(task.iter_await_frames())
    for frame, _ in frames:
        if frame.f_code is run_in_thread.__code__:
            idents: list[int] = frame.f_locals.get("idents", [])
            return [*frames, *reversed([*_thread_frames(idents)])]
    return frames


def _thread_frames(idents: list[int]) -> Iterator[tuple[FrameType, int]]:
    """Yield the frames of a running call, innermost first; the thread runs on meanwhile."""
    frame = sys._current_frames().get(idents[0]) if idents else None
    while frame is not None and frame.f_code is not _noting_thread.__code__:
        yield frame, frame.f_lineno
        frame = frame.f_back
