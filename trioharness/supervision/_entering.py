"""From what a caller gives to a child in the books: its options, and the children it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from .._errors import UnknownNeedError
from .._util import callable_name
from ._child import Child, record_of
from ._engine import Engine
from ._options import NO_CHILDREN, NO_NEEDS, Needed, Options, check_needs
from ._record import Record
from ._starting import NO_RECORDS, add


def enter(
    engine: Engine,
    fn: Callable[..., object],
    args: tuple[object, ...],
    name: str | None,
    options: Options,
    needs: Mapping[str, Needed],
    after: Sequence[Needed],
) -> Record:
    """Enter a child into the books; nothing runs yet.

    Raises:
        ConfigurationError: The component, its name or what it needs cannot be.
        SupervisorClosed: The supervisor is stopping or draining.
    """
    if needs is NO_NEEDS and after is NO_CHILDREN:
        return add(engine, fn, args, name, options, NO_RECORDS, ())
    check_needs(f"component {name or callable_name(fn)!r}", needs, after)
    subject = f"child {name or callable_name(fn)!r}"
    known = {key: _record_of(engine, subject, key, need) for key, need in needs.items()}
    others = [_record_of(engine, subject, "after", child) for child in after]
    return add(engine, fn, args, name, options, known, others)


def _record_of(engine: Engine, subject: str, key: str, need: object) -> Record:
    if not isinstance(need, Child):
        raise UnknownNeedError(
            subject, f"{key}={need!r} is no child", "give what start or start_soon returned"
        )
    record = record_of(cast("Child[object]", need))
    if record.engine is not engine:
        raise UnknownNeedError(
            subject,
            f"{key}={record.path!r} is no child of supervisor {engine.path!r}",
            "name a child of the same supervisor",
        )
    return record
