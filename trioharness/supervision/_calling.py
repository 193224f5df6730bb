"""Calling a component, whatever its kind."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from types import CoroutineType
from typing import cast

import trio

from .._errors import ComponentTypeError
from .._util import callable_name
from ._ambient import watched
from ._checking import checked
from ._component_class import Component, check_of, life_of
from ._handover import End, clone_ends, watches
from ._run import Held, Incarnation
from ._watch import watching


def call(run: Incarnation) -> Awaitable[object]:
    """Call a component.

    Returns:
        What to await until it has ended.

    Raises:
        Exception: Whatever the call itself raises: wrong arguments, a channel end that is closed.
        ComponentTypeError: It gave nothing that can be run.
    """
    record = run.record
    takes_status = record.shape.takes_status
    if record.ends or record.keywords or record.links is not None:
        positional, keywords = _arguments(run)
        if takes_status:
            keywords["task_status"] = run
        called = record.fn(*positional, **keywords)
    elif takes_status:
        called = record.fn(*record.positional, task_status=run)
    else:
        called = record.fn(*record.positional)
    if type(called) is not CoroutineType:
        if isinstance(called, Component | AbstractAsyncContextManager):
            # A pool, say, may be awaitable as well.
            opened = cast("Component | AbstractAsyncContextManager[object, bool | None]", called)
            return _hold_open(run, opened)
        if not isinstance(called, Awaitable):
            raise ComponentTypeError(
                f"component {record.path!r}",
                f"it returned {called!r}, neither a coroutine nor an async context manager",
                "make it an async function, decorate it with @contextlib.asynccontextmanager, or "
                f"give in_thread({callable_name(record.fn)}) if it blocks",
            )
    if not takes_status:
        run.is_ready(None)
    work = cast("Awaitable[object]", called)
    return work if run.watch is None else _with_its_checks(run, work)


async def run_watched(run: Incarnation) -> None:
    """Run a component, and have it watched over meanwhile.

    Raises:
        Exception: Whatever the component raises.
    """
    with watching(run) as watch:
        watched.set(watch)
        called = call(run)
        if watch.beat_within < math.inf:
            for clone in run.clones:
                if watches(clone):
                    clone.watch(watch)
        await called


def _with_its_checks(run: Incarnation, work: Awaitable[object]) -> Awaitable[object]:
    """Return what to await of a function for its health to be checked, if that was asked for."""
    health = run.record.options.health
    check = None if health is None else health.check
    return work if check is None else checked(run, check, work)


def _arguments(run: Incarnation) -> tuple[tuple[object, ...], dict[str, object]]:
    """Return the arguments of a component: its own, clones of channel ends, values of needs."""
    record = run.record
    if record.ends:
        clones: list[End] = []
        run.clones = clones
        positional, keywords = clone_ends(record, clones)
    else:
        positional, keywords = record.positional, dict(record.keywords)
    for keyword, need in record.needs.items():
        keywords[keyword] = need.value
    return positional, keywords


async def _hold_open(
    run: Incarnation, opened: Component | AbstractAsyncContextManager[object, bool | None]
) -> None:
    manager, work = life_of(opened, run, run.record.options.grace)
    check = check_of(opened, run.record.options.health)
    held = Held()
    with held.exit_scope:
        async with manager as value:
            with held.wait:
                run.held = held
                if run.stop_reason is None:
                    run.is_ready(value, is_held=work is trio.sleep_forever)
                else:  # told while it was being entered, and it was entered all the same
                    run.leave(held, run.stop_reason)
                    work = trio.sleep_forever
                # The checks end before the exit begins: what it has opened goes away then.
                await (work() if check is None else checked(run, check, work()))
    if held.exit_scope.cancelled_caught:
        run.cut_short = True
