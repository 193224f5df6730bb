"""What follows from the end of a child; all of it happens while holding the turn."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from .._errors import RestartLimitExceeded, Shutdown, UnexpectedReturn
from .._events import (
    ChildEnded,
    ChildNotRestarted,
    ChildParked,
    ChildRestarting,
    Crashed,
    Exit,
    GaveUp,
    Ignored,
    Returned,
)
from ..rules import (
    DEFAULT_HEALTH,
    GIVE_UP,
    PARK,
    Backoff,
    Cause,
    Health,
    RestartType,
    how_often,
    shuts_down,
)
from ._policy import is_to_return, why_not
from ._record import Past, Record
from ._states import FINAL, RESTARTING, RETRY
from ._steps import restart_group, restart_with_dependents, stop_dependents_of_parked
from ._turn import Step

if TYPE_CHECKING:
    from ._engine import Engine

Answer: TypeAlias = Literal["begin"] | Step | None
"""What follows from the end of a child: a start at once, a step that takes time, or nothing."""


def decide(
    engine: Engine,
    record: Record,
    event: ChildEnded,
    ready_at: float | None,
    now: float,
    answer: RestartType | None = None,
) -> Answer:
    """Decide what follows from the end of a child; count it, and tell the observer.

    Args:
        engine: The supervisor.
        record: The child.
        event: How it ended.
        ready_at: When that incarnation became ready, if it did.
        now: The time; later than that of its end, if that had to wait for its turn.
        answer: What its policy said to that end, if it was asked already.

    Returns:
        What to do.
    """
    if not is_to_return(engine, record, event.exit, answer):
        if not record.end_is_pending:
            note_no_restart(engine, record, event, now)
        engine.retire(record)
        if record.options.significant and not isinstance(event.exit, Ignored):
            _end_with_significant(engine, record, now)
        return None
    return restart(engine, record, event, ready_at, now)


def note_no_restart(engine: Engine, record: Record, event: ChildEnded, now: float) -> None:
    """Note that a child that ended is not restarted, and tell the observer if it had crashed."""
    if isinstance(event.exit, Crashed):
        noted = record.with_past().not_restarted = ChildNotRestarted(
            path=record.path,
            incarnation=event.incarnation,
            time=now,
            because=why_not(engine, record),
        )
        engine.observer(noted)


def may_restart_alone(engine: Engine, record: Record, now: float) -> bool:
    """Say whether a crash of a child can be followed by nothing but its restart, at once.

    That it is so is known when the observer was told: see `restarts_alone`.
    """
    options = record.options
    return (
        engine.turn.holder is None
        and engine.strategy == "one_for_one"
        and options.backoff is None
        and options.restart in ("transient", "permanent")
        and not engine.window.is_full(now)
    )


def restarts_alone(engine: Engine, record: Record) -> bool:
    """Say whether a child that may restart alone does so, whatever the observer has asked for."""
    return (
        engine.turn.holder is None
        and not engine.draining
        and (record.links is None or record.links.let_it_restart_alone())
        and not engine.ending
    )


def restart_alone(engine: Engine, record: Record, event: ChildEnded, now: float) -> None:
    """Count the restart of a child that restarts alone, and tell the observer; take the turn."""
    engine.turn.holder = record
    _decided(engine, record, event, now, _count(engine, record, event, now), 0.0)


def restart(
    engine: Engine, record: Record, event: ChildEnded, ready_at: float | None, now: float
) -> Answer:
    """Count the restart of a child, and tell the observer; or do what follows from too many.

    Args and the return value are those of `decide`.
    """
    restarts = _count(engine, record, event, now)
    action = how_often(restarts, engine.limit, engine.exhausted)
    if action is PARK:
        _park(engine, record, event, now)
        return partial(stop_dependents_of_parked, engine, record)
    if action is GIVE_UP:
        _give_up(engine, record, now)
        return None
    past, backoff = record.with_past(), record.options.backoff
    delay = 0.0
    if backoff is not None:
        health = record.options.health or DEFAULT_HEALTH
        delay = _delay(engine, past, backoff, health, event, ready_at)
    because = _decided(engine, record, event, now, restarts, delay)
    if engine.strategy != "one_for_one":
        return partial(restart_group, engine, record, record.epoch, delay, because)
    if delay > 0 or not (record.links is None or record.links.let_it_restart_alone()):
        return partial(restart_with_dependents, engine, record, record.epoch, delay, because)
    return "begin"


def _decided(
    engine: Engine, record: Record, event: ChildEnded, now: float, restarts: int, delay: float
) -> str:
    """Note a restart that was decided, and tell the observer.

    Returns:
        Why it is restarted.
    """
    if record.state is not RESTARTING:
        record.move(RETRY)
    past = record.past or record.with_past()
    past.restarts += 1
    because = _because(past, event.exit)
    restart = past.restart = ChildRestarting(
        path=record.path,
        incarnation=event.incarnation,
        time=now,
        delay=delay,
        restarts=restarts,
        max_restarts=engine.limit.max_restarts,
        because=because,
    )
    engine.observer(restart)
    return because


def _because(past: Past, exit: Exit) -> str:
    if isinstance(exit, Crashed):
        assert past.last_error is not None
        return past.last_error
    return "it returned" if isinstance(exit, Returned) else "it ended on purpose"


def _end_with_significant(engine: Engine, record: Record, now: float) -> None:
    """End the supervisor if the end of this significant child asks for it."""
    if engine.ending:
        return
    others_left = any(
        other.options.significant and other is not record and other.state not in FINAL
        for other in engine.records.values()
    )
    if shuts_down(engine.auto_shutdown, others_left=others_left):
        allowed = f"the end of a significant child ({engine.auto_shutdown})"
        engine.observer(
            GaveUp(
                path=engine.path, time=now, child=record.path, why="auto_shutdown", allowed=allowed
            )
        )
        _end(engine, Shutdown(), f"significant child {record.path!r} has ended")


def _count(engine: Engine, record: Record, event: ChildEnded, now: float) -> int:
    """Count a restart, and return how many count now."""
    if event.in_hand and any(item.fate != "acknowledged" for item in event.in_hand):
        # Limited by the deliveries of the message: else one poison message would end a system.
        return 0
    exit = event.exit
    error = exit.error if isinstance(exit, Crashed) else UnexpectedReturn(record.path)
    errors = engine.errors
    errors.append((event, error))
    restarts = engine.window.count(now)
    while len(errors) > restarts:
        errors.popleft()
    return restarts


def _delay(
    engine: Engine,
    past: Past,
    backoff: Backoff,
    health: Health,
    event: ChildEnded,
    ready_at: float | None,
) -> float:
    if engine.draining:
        return 0.0
    if ready_at is not None and event.time - ready_at >= health.healthy_after:
        past.attempts = 0
    past.attempts += 1
    return backoff.delay(past.attempts, engine.chance)


def _give_up(engine: Engine, record: Record, now: float) -> None:
    allowed = str(engine.limit)
    engine.handover.on_release = None  # it is not complete: all may begin again
    engine.retire(record)
    engine.observer(
        GaveUp(path=engine.path, time=now, child=record.path, why="intensity", allowed=allowed)
    )
    failure = RestartLimitExceeded(engine.path, allowed, _noted_errors(engine))
    _end(engine, failure, f"supervisor {engine.path!r} gave up")


def _end(engine: Engine, failure: RestartLimitExceeded | Shutdown, reason: str) -> None:
    """End the supervisor: its block is left, then the children are stopped."""
    engine.failure, engine.takes_no_more = failure, True
    # It takes a moment until the block is left; whoever waits for the turn is not to get it then.
    engine.turn.refuse(engine.closed_error)
    engine.body_scope.cancel(reason=reason)


def _park(engine: Engine, record: Record, event: ChildEnded, now: float) -> None:
    """Leave a child down; the others go on."""
    allowed = str(engine.limit)
    record.void()
    record.move(Cause.PARK)
    past = record.with_past()
    past.parked_for = _noted_errors(engine)
    engine.window.forget()
    engine.deactivate(record)
    past.parked = ChildParked(
        path=record.path, incarnation=event.incarnation, time=now, allowed=allowed
    )
    record.stay_down()
    engine.observer(past.parked)


def _noted_errors(engine: Engine) -> list[Exception]:
    """Return the errors of the last period, each with a note on when it was, and forget them."""
    # Counted from the last one: trio's clock begins anywhere, and its times say nothing to people.
    for event, error in engine.errors:
        before = engine.errors[-1][0].time - event.time
        when = f", {before:.3f} s before the last" if before else ""
        error.add_note(f"{event.path}, incarnation {event.incarnation}{when}")
    errors = [error for _, error in engine.errors]
    engine.errors.clear()
    return errors
