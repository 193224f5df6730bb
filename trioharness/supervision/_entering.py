"""From what a caller gives to a child in the books: its options, and the children it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast

from .._errors import CycleError, UnknownNeedError, WouldDeadlock
from .._util import callable_name
from ._ambient import here
from ._child import Child, record_of
from ._engine import Engine
from ._options import NO_CHILDREN, NO_NEEDS, Needed, Options, check_needs
from ._record import Record
from ._starting import add, add_linked
from ._states import STARTING, WAITING


def enter(
    engine: Engine,
    fn: Callable[..., object],
    args: tuple[object, ...],
    name: str | None,
    options: Options,
    needs: Mapping[str, Needed],
    after: Sequence[Needed],
    *,
    awaited: bool = False,
) -> Record:
    """Enter a child into the books; nothing runs yet.

    Args:
        engine: The supervisor.
        fn: The component.
        args: Its arguments.
        name: Its name, if it is not to be made up.
        options: How it is supervised.
        needs: The children whose values it gets.
        after: The children that it starts after.
        awaited: Whether the caller is going to wait until it is ready.

    Raises:
        ConfigurationError: The component, its name or what it needs cannot be.
        SupervisorClosed: The supervisor is stopping or draining.
        WouldDeadlock: The caller would wait for what waits for the caller.
    """
    if needs is NO_NEEDS and after is NO_CHILDREN:
        return add(engine, fn, args, name, options)
    check_needs(f"component {name or callable_name(fn)!r}", needs, after)
    subject = f"child {name or callable_name(fn)!r}"
    known = {key: _record_of(engine, subject, key, need) for key, need in needs.items()}
    others = [_record_of(engine, subject, "after", child) for child in after]
    if awaited:
        waits_for = {*known.values(), *_to_wait_for(others)}
        _refuse_to_wait_for_itself(name or callable_name(fn), waits_for)
    return add_linked(engine, fn, args, name, options, known, others)


def _record_of(engine: Engine, subject: str, key: str, need: object) -> Record:
    if not isinstance(need, Child):
        raise UnknownNeedError(
            subject, f"{key}={need!r} is no child", "give what start or start_soon returned"
        )
    record = record_of(cast("Child[object]", need))
    if record.engine not in _from_here_up(engine):
        raise UnknownNeedError(
            subject,
            f"{key}={record.path!r} is a child neither of supervisor {engine.path!r} nor of one "
            f"above it",
            "name a child that it can see: one of the same supervisor, or of one further up",
        )
    _refuse_circle(engine, subject, record)
    return record


def _refuse_to_wait_for_itself(name: str, waits_for: set[Record]) -> None:
    """Refuse a start that waits for the component that asks for it, while that is starting.

    Raises:
        WouldDeadlock: It would.
    """
    asking = {above for above in _callers() if above.state is STARTING}
    found, todo = set(waits_for), list(waits_for)
    while todo and asking:
        record = todo.pop()
        if record in asking:
            raise WouldDeadlock(record.path, f"start {name!r}")
        if record.state is WAITING and record.links is not None:
            links = record.links
            new = {*links.needs.values(), *_to_wait_for(links.after)} - found
            found |= new
            todo += new


def _to_wait_for(others: Iterable[Record]) -> list[Record]:
    return [other for other in others if not other.may_be_followed()]


def _callers() -> Iterator[Record]:
    """Return the component that asks, and those that it is inside of."""
    record = here()
    while record is not None:
        yield record
        record = record.engine.parent


def find(engine: Engine, subject: str, key: str, need: str | Needed) -> Record:
    """Return the child that a spec needs: by its handle, or by its name, the nearest one first.

    Args:
        engine: The supervisor that the spec is for.
        subject: What the spec is called in errors.
        key: As what it is needed, for errors.
        need: A child; or the name of a sibling, or of a child of a supervisor further up.

    Raises:
        UnknownNeedError: There is none.
        CycleError: It needs, in turn, what the supervisor is inside of.
    """
    if not isinstance(need, str):
        return _record_of(engine, subject, key, need)
    for above in _from_here_up(engine):
        record = above.records.get(need)
        if record is not None:
            _refuse_circle(engine, subject, record)
            return record
    raise UnknownNeedError(
        subject,
        f"{key}={need!r} names a child neither of supervisor {engine.path!r} nor of one above it",
        "name one that is declared before it, or started before the supervisor itself, and that is "
        "not forgotten when it has ended, as a temporary one is",
    )


def _from_here_up(engine: Engine) -> list[Engine]:
    """Return a supervisor and those that it is inside of, from the inside out."""
    found = [engine]
    while found[-1].parent is not None:
        found.append(found[-1].parent.engine)
    return found


def _refuse_circle(engine: Engine, subject: str, need: Record) -> None:
    """Refuse a need that is, or needs in turn, something the child itself is inside of."""
    around = [above.parent for above in _from_here_up(engine)]
    paths = [[need]]
    seen = {need}
    while paths:
        path = paths.pop()
        if path[-1] in around:
            way = " -> ".join(repr(record.path) for record in path)
            raise CycleError(
                subject,
                f"needs go round in a circle: it needs {way}, and is inside of that",
                "take one of these out of needs= or after=",
            )
        for other in (*path[-1].needs.values(), *path[-1].after):
            if other not in seen:
                seen.add(other)
                paths.append([*path, other])
