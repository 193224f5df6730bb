"""Beginning things: enter a child into the books, and start one or many."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import trio

from .._errors import (
    ConfigurationError,
    DuplicateNameError,
    StartFailed,
    SupervisorClosed,
    UnknownNeedError,
    WouldDeadlock,
)
from .._events import State
from .._util import callable_name
from ..observe import summary
from ..rules import Cause
from ._ambient import Place, place
from ._component import flatten, shape_of
from ._engine import Engine
from ._record import FINAL, Record, Starting
from ._spec import Options
from ._stopping import stop


def add(
    engine: Engine,
    fn: Callable[..., object],
    args: tuple[object, ...],
    options: Options,
    needs: dict[str, Record],
    after: Sequence[Record],
) -> Record:
    """Enter a child into the books; nothing runs yet.

    Raises:
        ConfigurationError: The component or an option cannot be; nothing was entered.
        SupervisorClosed: The supervisor is stopping or draining.
    """
    fn, positional, keywords = flatten(fn, args)
    shape = shape_of(fn)
    if engine.closing is not None or engine.failure is not None or engine.draining:
        raise SupervisorClosed(engine.path, f"start {options.name or callable_name(fn)!r}")
    _check_needs(engine, options.name or callable_name(fn), [*needs.values(), *after])
    name = _free_name(engine, fn, options.name)
    record = Record(
        name=name,
        path=f"{engine.path}/{name}",
        fn=fn,
        options=options,
        shape=shape,
        background=shape.opens if options.background is None else options.background,
        context=engine.context.copy(),
        needs=needs,
        after=list(after),
    )
    record.context.run(place.set, Place(record, engine.turn, engine.observer, engine.parent))
    record.arguments = engine.handover.take(record, positional, keywords)
    engine.records[name] = record
    for need in needs.values():
        need.dependents.append(record)
    for other in after:
        other.followers.append(record)
    return record


def _check_needs(engine: Engine, name: str, wanted: Sequence[Record]) -> None:
    for need in wanted:
        if engine.records.get(need.name) is not need:
            raise UnknownNeedError(
                f"child {name!r}",
                f"{need.path!r} is no child of supervisor {engine.path!r}, or no longer",
                "name a child of the same supervisor that has not ended for good",
            )


def _free_name(engine: Engine, fn: Callable[..., object], name: str | None) -> str:
    if name is not None:
        if name in engine.records:
            raise DuplicateNameError(
                f"child {name!r}",
                f"supervisor {engine.path!r} has a child of that name",
                "give another name=, or stop and forget the first one",
            )
        return name
    base = callable_name(fn).replace("/", ".")
    for number in itertools.count(engine.names.get(base, 0) + 1):
        made_up = base if number == 1 else f"{base}-{number}"
        if made_up not in engine.records:
            engine.names[base] = number
            return made_up
    raise AssertionError("unreachable: there is always one more number")


def refuse_deadlock(engine: Engine, wanted: str) -> None:
    """Refuse a call that would wait for the start or the stop of the component that makes it.

    Raises:
        WouldDeadlock: It would.
    """
    here: Place | None = place.get()
    while here is not None:
        awaited = here.turn.held_for is here.record or here.record.state is State.STOPPING
        if here.turn is engine.turn and awaited:
            raise WouldDeadlock(here.record.path, wanted)
        here = here.parent


async def start(engine: Engine, record: Record) -> None:
    """Start a child and wait until it is ready.

    Raises:
        Exception: Whatever the component raised before it was ready.
        StartFailed: It returned before it was ready, or what it needs has ended for good.
        SupervisorClosed: The supervisor began to stop meanwhile.
        WouldDeadlock: The caller is itself being started or stopped by this supervisor.

    Cancellation:
        The child is stopped, within its grace, and forgotten.
    """
    starting = Starting(1)
    has_turn = False
    try:
        refuse_deadlock(engine, f"start {record.name!r}")
        await _take_turn_when_needs_are_ready(engine, record)
        has_turn = True
    finally:
        if not has_turn:
            _undo(engine, record)
    try:
        record.starting = starting
        engine.begin_held(record)
        await starting.done.wait()
    finally:
        if not starting.done.is_set():
            with trio.CancelScope(shield=True):  # bounded by the child's grace, as far as trio can
                record.starting = None
                await stop(engine, record, "its start was cancelled", Cause.END)
                _undo(engine, record)
    if starting.failed is not None:
        _undo(engine, record)
        raise starting.failed[1]


async def _take_turn_when_needs_are_ready(engine: Engine, record: Record) -> None:
    while True:
        for name, need in record.needs.items():
            if need.state is not State.READY:
                state = await need.until(FINAL | {State.READY})
                if state is not State.READY:
                    raise StartFailed(
                        record.path, f"what it needs ({name}={need.path!r}) is {state}"
                    )
        await engine.turn.take()
        if engine.closing is not None:
            engine.turn.release()
            raise engine.closed_error()
        if record.needs_are_ready():
            return
        engine.turn.release()


def _undo(engine: Engine, record: Record) -> None:
    """Forget a child that never was ready; its channel ends are the caller's again."""
    record.void()
    engine.active.discard(record)
    engine.handover.give_back(record, record.arguments)
    engine.forget(record)
    engine.check_idle()


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
        if record.state is State.PENDING:
            engine.begin(record)
    await starting.done.wait()
    if starting.failed is not None:
        record, error = starting.failed
        if isinstance(error, StartFailed | SupervisorClosed | ConfigurationError):
            raise error
        raise StartFailed(record.path, summary(error)) from error
