"""Periodic work as a component: a call for each tick, and none at once with another."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterable, Awaitable, Callable
from types import FunctionType
from typing import cast

from .._errors import ComponentTypeError
from .._util import callable_name


def periodic(
    ticks: Callable[[], AsyncIterable[int]], fn: Callable[..., object], args: tuple[object, ...]
) -> Callable[..., Awaitable[None]]:
    """Return a component that calls an async function at each tick.

    Args:
        ticks: Begins a timer; each incarnation has one of its own.
        fn: The function.
        args: Its first arguments. They stay to be seen from outside: there may be channel ends
            among them.

    Raises:
        ComponentTypeError: `fn` cannot be called again and again.
    """
    if isinstance(fn, functools.partial):
        inner = periodic(ticks, cast("Callable[..., object]", fn.func), ())
        return functools.partial(inner, *fn.args, *args, **fn.keywords)
    problem = _problem(fn)
    if problem is not None:
        raise ComponentTypeError(f"every(seconds, {callable_name(fn)})", *problem)

    @functools.wraps(fn, updated=())
    async def component(*args: object, **keywords: object) -> None:
        async for _ in ticks():
            called = fn(*args, **keywords)
            if not isinstance(called, Awaitable):
                raise ComponentTypeError(
                    f"every(seconds, {callable_name(fn)})",
                    f"it returned {called!r}, which cannot be awaited",
                    _CURE,
                )
            await called

    component.__qualname__ = callable_name(fn)
    return functools.partial(component, *args) if args else component


_CURE = "make it an async function; if it blocks, await trio.to_thread.run_sync in that"


def _problem(fn: object) -> tuple[str, str] | None:
    """Return what is wrong with what is to be called, and what to give instead."""
    if inspect.iscoroutine(fn):
        fn.close()  # or Python warns that it was never awaited, which is beside the point
        name = fn.__qualname__
        return (
            "it was called already, so that there is a coroutine and nothing to call again",
            f"give the function and its arguments, every(seconds, {name}, arg)",
        )
    if not callable(fn):
        return f"{fn!r} is not callable", "give an async function, and its arguments after it"
    inner = inspect.unwrap(fn)
    if isinstance(inner, type) or inspect.isasyncgenfunction(inner):
        return (
            "a call of it does not do the work",
            "give an async function that does it and returns",
        )
    if isinstance(inner, FunctionType) and _has_status(inner):
        return (
            "it has a task_status, but a component that calls it again and again is ready before",
            "leave the parameter out",
        )
    is_sync = isinstance(inner, FunctionType) and not inspect.iscoroutinefunction(fn)
    if is_sync and not inspect.iscoroutinefunction(inner) and inner.__name__ != "<lambda>":
        return "it is no async function", _CURE
    return None


def _has_status(fn: FunctionType) -> bool:
    code = fn.__code__
    return "task_status" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
