"""Events of a healthy life, which are many: made only where the observer wants to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._events import ChildCompleted, ChildDropped, ChildStarting, ChildWaiting

if TYPE_CHECKING:
    from ._record import Record


def tell_waiting(record: Record) -> None:
    """Tell that a child starts as soon as it can."""
    engine = record.engine
    if engine.tells_all():
        waits_for = () if record.links is None else record.links.waits_for()
        now, number = engine.now(), record.incarnations
        engine.observer(
            ChildWaiting(path=record.path, incarnation=number, time=now, waits_for=waits_for)
        )


def tell_starting(record: Record) -> None:
    """Tell that an incarnation begins; for who has asked whether that is wanted."""
    engine, number = record.engine, record.incarnations
    engine.observer(ChildStarting(path=record.path, incarnation=number, time=engine.now()))


def tell_dropped(record: Record, reason: str, now: float) -> None:
    """Tell that a child of which nothing ran was told to stop."""
    engine = record.engine
    if engine.tells_all():
        number = record.incarnations
        engine.observer(ChildDropped(path=record.path, incarnation=number, time=now, reason=reason))


def tell_completed(record: Record) -> None:
    """Tell that a child is done for good."""
    engine = record.engine
    if engine.tells_all():
        number = record.incarnations
        engine.observer(ChildCompleted(path=record.path, incarnation=number, time=engine.now()))
