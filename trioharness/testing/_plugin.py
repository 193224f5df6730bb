"""How a test that uses the fixtures of the plugin is run; not loaded before there is one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import pytest
import trio
from trio.abc import Clock, Instrument

from ._leaks import leak_check as nothing_left_behind

if TYPE_CHECKING:
    from ._probe import ChannelProbes
    from .plugin import Asked

AsyncTest: TypeAlias = Callable[..., Coroutine[Any, Any, object]]


def prepare(item: pytest.Item, asked: Asked) -> None:
    """Have pytest-trio run a test our way; leave alone what it does not run.

    One that is run again is prepared already, and no longer a coroutine function. One that
    pytest-asyncio runs as well fails here with words of ours: it would be given what is no
    coroutine any more.
    """
    if (
        item.get_closest_marker("trio") is not None
        and isinstance(item, pytest.Function)
        and inspect.iscoroutinefunction(item.obj)
    ):
        if item.get_closest_marker("asyncio") is not None:
            fail(
                f"pytest-trio and pytest-asyncio both take {item.name!r}; mark it for one of them, "
                "and leave out asyncio_mode = auto and trio_mode = true, which take all"
            )
        runners = (mark.kwargs.get("run") for mark in item.iter_markers("trio"))
        run = next(filter(None, runners), trio.run)
        item.add_marker(
            pytest.mark.trio(run=functools.partial(_run, item, asked, run)), append=False
        )
        item.obj = _keeping_its_frame(item.obj, asked)


def _keeping_its_frame(test: AsyncTest, asked: Asked) -> AsyncTest:
    """Wrap a test so that its variables outlive it, until somebody has looked for leaks."""

    @functools.wraps(test)
    async def kept(*args: object, **kwargs: object) -> None:
        __tracebackhide__ = True
        body = test(*args, **kwargs)
        if asked.leaks:
            asked.frame = getattr(body, "cr_frame", None)
        await body

    return kept


def _run(
    item: pytest.Function,
    asked: Asked,
    run: Callable[..., object],
    async_fn: Callable[[], Awaitable[object]],
    /,
    *,
    clock: Clock | None = None,
    instruments: Sequence[Instrument] = (),
) -> object:
    """Run a test as `trio.run` does, with the clock and the instruments of any of its fixtures.

    pytest-trio, which calls it, has only looked at the direct arguments of the test.
    """
    __tracebackhide__ = True
    given = [("virtual_clock", asked.clock), ("its argument", clock), *item.funcargs.items()]
    clocks = {id(value): (name, value) for name, value in given if isinstance(value, Clock)}
    if len(clocks) > 1:
        names = " and ".join(sorted(name for name, _ in clocks.values()))
        fail(
            f"{item.name!r} has {len(clocks)} clocks, {names}, and can only run by one; leave out "
            "all others (with supervisor comes virtual_clock)"
        )
    if asked.probes is not None:
        async_fn = functools.partial(_with_probes, asked.probes, async_fn)
    watching = {id(value): value for value in (*instruments, *item.funcargs.values())}
    try:
        return run(
            functools.partial(_checked, async_fn) if asked.leaks else async_fn,
            clock=next((clock for _, clock in clocks.values()), None),
            instruments=[value for value in watching.values() if isinstance(value, Instrument)],
        )
    except BaseExceptionGroup as group:
        # pytest-trio runs the test, and each fixture, in a nursery, which adds exactly this layer.
        # A group of another class, or inside, is what the test has raised.
        if type(group) not in (ExceptionGroup, BaseExceptionGroup) or len(group.exceptions) != 1:
            raise
        single = next(iter(group.exceptions))
    context = single.__context__
    try:
        raise single
    finally:
        single.__context__ = context
        del single, context  # no cycle of this frame and the traceback


async def _with_probes(probes: ChannelProbes, async_fn: Callable[[], Awaitable[object]]) -> None:
    """Run a test, with its async fixtures, and close its probes at the end."""
    __tracebackhide__ = True
    with probes:
        await async_fn()


async def _checked(async_fn: Callable[[], Awaitable[object]]) -> None:  # noqa: ASYNC910
    """Run a test, with its async fixtures, and fail it without a traceback if it left anything."""
    __tracebackhide__ = True
    left_behind = ""
    try:
        with nothing_left_behind():
            await async_fn()
    except AssertionError as error:  # the check's: whatever the test raises comes in a group
        left_behind = str(error)
    if left_behind:
        fail(left_behind)


def fail(sentence: str) -> NoReturn:
    """Fail a test with a sentence alone. This frame is not hidden, or pytest would miss one."""
    pytest.fail(sentence, pytrace=False)
