"""Beginning things: enter a child into the books, and start one or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import FunctionType

import trio

from .._errors import (
    ChildExists,
    ConfigurationError,
    StartFailed,
    SupervisorClosed,
    WouldDeadlock,
)
from .._util import callable_name
from ..observe import summary
from ._ambient import here
from ._beginning import begin_and_wait
from ._component import flatten, shape_of
from ._engine import Engine
from ._handover import NEVER_ENDS, NO_KEYWORDS
from ._links import link
from ._options import Options, check_name
from ._record import Record, Starting
from ._states import PENDING, STOPPING
from ._stopping import stop_in_order


def add(
    engine: Engine,
    fn: Callable[..., object],
    args: tuple[object, ...],
    name: str | None,
    options: Options,
) -> Record:
    """Enter a child that needs no other into the books; nothing runs yet.

    Raises:
        ConfigurationError: The component or an option cannot be; nothing was entered.
        SupervisorClosed: The supervisor is stopping or draining.
    """
    keywords = NO_KEYWORDS
    if type(fn) is not FunctionType:
        fn, args, keywords = flatten(fn, args)
    shape = shape_of(fn)
    if name is not None or options.significant or engine.takes_no_more:
        _check(engine, fn, name, options)
    made_up = name is None
    if name is None:
        name = engine.names.make_up(fn, engine.records)
    background = options.background
    if background is None:
        background = shape.opens
    path = f"{engine.path}/{name}"
    record = Record(engine, path, fn, options, shape, made_up, background, args, keywords)
    for value in args:
        if type(value) not in NEVER_ENDS:
            engine.handover.take(record)
            break
    else:
        if keywords:
            engine.handover.take(record)
    engine.records[name] = record
    return record


def add_linked(
    engine: Engine,
    fn: Callable[..., object],
    args: tuple[object, ...],
    name: str | None,
    options: Options,
    needs: Mapping[str, Record],
    after: Sequence[Record],
) -> Record:
    """Enter a child that needs or follows others into the books; nothing runs yet.

    Raises:
        ConfigurationError: The component or an option cannot be; nothing was entered.
        StartFailed: What it needs will never be ready; nothing was entered.
        SupervisorClosed: The supervisor is stopping or draining.
    """
    _check(engine, fn, name, options)  # a closed supervisor is told of before a need that is over
    _check_needs(engine, name or callable_name(fn), needs)
    record = add(engine, fn, args, name, options)
    if needs or after:
        link(record, needs, after)
    return record


def _check(engine: Engine, fn: Callable[..., object], name: str | None, options: Options) -> None:
    if engine.takes_no_more:
        raise SupervisorClosed(engine.path, f"start {name or callable_name(fn)!r}")
    if name is not None:
        check_name(f"component {name or callable_name(fn)!r}", name)
        there = engine.records.get(name)
        if there is not None:
            raise ChildExists(
                f"child {name!r}",
                f"supervisor {engine.path!r} has a child of that name, which is {there.state}",
                "give another name=, or delete the first one",
                there.state,
            )
    if options.significant and engine.auto_shutdown == "never":
        raise ConfigurationError(
            f"child {name or callable_name(fn)!r}",
            f"it is significant, but supervisor {engine.path!r} never shuts down for one",
            "open the supervisor with auto_shutdown='any_significant' or 'all_significant'",
        )


def _check_needs(engine: Engine, name: str, needs: Mapping[str, Record]) -> None:
    for keyword, need in needs.items():
        if not need.may_yet_be_ready():
            raise StartFailed(
                f"{engine.path}/{name}", f"what it needs ({keyword}={need.path!r}) is {need.state}"
            )


def refuse_deadlock(engine: Engine, wanted: str) -> None:
    """Refuse a call that would wait for the start or the stop of the component that makes it.

    Raises:
        WouldDeadlock: It would.
    """
    above = here()
    while above is not None:
        awaited = (
            engine.turn.holder is above or above.starting is not None or above.state is STOPPING
        )
        if above.engine is engine and awaited:
            raise WouldDeadlock(above.path, wanted)
        above = above.engine.parent


async def settled(engine: Engine) -> None:
    """Wait until what is under way has been done.

    Raises:
        SupervisorClosed: The supervisor stops.
        WouldDeadlock: The caller is itself under way.
    """
    await trio.lowlevel.checkpoint()
    if engine.closing is not None:
        raise engine.closed_error()
    refuse_deadlock(engine, "see everything settled")
    mark = object()
    await engine.turn.take(mark)
    engine.turn.release(mark)


async def start(engine: Engine, make: Callable[[], Record], name: str) -> Record:
    """Enter a child into the books when it is its turn, start it, and wait until it is ready.

    Args:
        engine: The supervisor.
        make: Enters it.
        name: What to call it in errors.

    Returns:
        The child.

    Raises:
        Exception: Whatever the component raised before it was ready, or `make`.
        StartFailed: It returned before it was ready, or what it needs has ended for good.
        SupervisorClosed: The supervisor began to stop meanwhile.
        WouldDeadlock: The caller is itself being started or stopped by this supervisor.

    Cancellation:
        The child is stopped, within its grace, and forgotten.
    """
    refuse_deadlock(engine, f"start {name!r}")
    starting = Starting(1, forgets=True)
    await engine.turn.take(starting)
    try:
        record = make()
        record.starting = starting
        if record.needs_are_ready():
            engine.begin_held(record)
    finally:
        engine.turn.release(starting)
    if record.state is PENDING:
        engine.begin(record)
    try:
        await starting.done.wait()
    finally:
        if not starting.done.is_set():
            await _cancel_start(engine, record, starting)  # noqa: ASYNC102 - it shields
    if starting.failed is not None:
        raise starting.failed[1]
    return record


def start_in_turn(engine: Engine, record: Record) -> None:
    """Start a child when what is under way has been done."""
    engine.active_again(record)

    async def begin() -> None:
        await trio.lowlevel.checkpoint()
        if record.state is PENDING:
            engine.begin(record)

    engine.turn.submit(begin)


async def _cancel_start(engine: Engine, record: Record, starting: Starting) -> None:
    """Stop and forget a child whose start is no longer waited for."""
    record.starting = None
    record.end_for_good(
        "it was forgotten, because its start was cancelled"
    )  # whatever anybody asks of it meanwhile
    if engine.turn.holder is record:
        engine.turn.holder = starting  # kept until nothing is left of it that others could see
    with trio.CancelScope(shield=True):  # bounded by the child's grace, as far as trio can bound
        # Undone the moment it has ended: nobody else sees it stopped, and starts it again.
        await stop_in_order(engine, [record], "its start was cancelled", engine.undo)
        engine.turn.release(starting)


async def start_many(engine: Engine, records: Sequence[Record]) -> None:
    """Start children at once, each as soon as what it needs is ready; wait until all are.

    Raises:
        StartFailed: One of them failed before it was ready; the others are left to the close of
            the supervisor. Its ``__cause__`` is what the component raised.

    Cancellation:
        Nothing is undone; the close of the supervisor stops what has started.
    """
    starting = Starting(len(records))
    if not records:
        starting.done.set()
    for record in records:
        record.starting = starting
    for record in records:
        if record.state is PENDING:
            engine.begin(record)
    await starting.done.wait()
    raise_failure(starting)


async def start_one_by_one(engine: Engine, makers: Sequence[Callable[[], Record]]) -> None:
    """Enter and start children in order, each when the one before is ready.

    Whatever ends meanwhile is dealt with when all have started.

    Raises:
        StartFailed: One of them failed before it was ready; the others are left to the close of
            the supervisor.
    """
    first = object()
    await engine.turn.take(first)
    try:
        for record in [make() for make in makers]:
            raise_failure(await begin_and_wait(record))
    finally:
        engine.turn.release(first)


def raise_failure(starting: Starting) -> None:
    """Raise the failure of a start, if it is one.

    Raises:
        StartFailed: It is one, and names the child.
    """
    if starting.failed is not None:
        record, error = starting.failed
        if isinstance(error, StartFailed | SupervisorClosed):
            raise error
        raise StartFailed(record.path, summary(error)) from error
