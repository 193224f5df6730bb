"""The steps of a restart that take time: stop who goes along, wait, start in order.

Each one holds the turn while it runs (`_turn.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import trio

from ._becoming import hold, set_aside
from ._beginning import begin_and_wait
from ._dependents import taken_along, with_dependents
from ._policy import ask_policy, is_to_return
from ._record import Record
from ._states import COMPLETE, FINAL, RESTARTING, RUNNING
from ._stopping import stop_in_order

if TYPE_CHECKING:
    from ._engine import Engine

# Epochs are those of the decision: a task starts a moment later, and much may be void by then.


async def restart_with_dependents(
    engine: Engine, record: Record, epoch: int, delay: float, because: str
) -> None:
    """Stop those that need the child; then start it, or have it started after its delay.

    Those that need it start again by themselves, as soon as it is ready. One that has ended by
    itself meanwhile, or never began, is left alone.
    """
    reason = f"restart of {record.path!r} ({because})"
    await stop_in_order(engine, taken_along(engine, record), reason, hold, revives=True)
    if record.epoch != epoch or engine.ending:
        engine.wake_dependents(record)
    elif delay > 0 and not engine.draining:
        _start_later(engine, record, epoch, delay, None)
    else:
        engine.begin_held(record)


def _start_later(
    engine: Engine, record: Record, epoch: int, delay: float, group: list[Record] | None
) -> None:
    scope = record.with_past().delay = trio.CancelScope()
    engine.start_task(_later, engine, record, epoch, scope, delay, group)


async def restart_group(
    engine: Engine, record: Record, epoch: int, delay: float, because: str
) -> None:
    """Stop whom the strategy takes along, in reverse order; then start the group in order."""
    if record.epoch != epoch:
        await trio.lowlevel.checkpoint()
        return
    engine.activate(record)  # for all of them, until they are begun or it is stopped
    order = tuple(engine.records.values())
    others = taken_along(engine, record)
    reason = f"restart of {record.path!r} ({because})"
    await stop_in_order(engine, others, reason, partial(_leave_to_group, engine), revives=True)
    if record.epoch != epoch or engine.ending:
        engine.wake_dependents(record)
        return
    along = {record, *others}
    group = [r for r in order if r in along]
    if delay > 0:
        _start_later(engine, record, epoch, delay, group)
    else:
        await _begin_group(engine, record, group)


def _leave_to_group(engine: Engine, record: Record) -> None:
    """Leave a child that was stopped to the restart of its group, or to that of what it needs."""
    if record.engine is engine:
        set_aside(record)
    else:
        hold(record)


async def _begin_group(engine: Engine, record: Record, group: Sequence[Record]) -> None:
    """Start the group of a child that is to be restarted."""
    await _start_group(engine, group)
    if record.background:
        engine.deactivate(record)
        engine.check_idle()


async def _start_group(engine: Engine, group: Sequence[Record]) -> None:
    """Start the members of a group in order, each when the one before is ready.

    One that fails ends the attempt: it is then a child that ended and is to be restarted, after
    whatever waits already.
    """
    await trio.lowlevel.checkpoint()
    for record in group:
        if _is_set_aside(engine, record):
            engine.active_again(record)  # also while others decline to start before it
    for position, record in enumerate(group):
        if engine.ending:
            return
        if _is_set_aside(engine, record) and not await _start_member(engine, record):
            _set_the_rest_aside(engine, group[position + 1 :])
            return


async def _start_member(engine: Engine, record: Record) -> bool:
    """Start a member of a group, and wait until it is known what became of that.

    Returns:
        Whether those after it are to start: not if it failed and is tried again.
    """
    starting = await begin_and_wait(record)
    if starting.failed is None:
        return True
    ended = starting.ended
    if ended is not None:
        answer = ask_policy(record, ended.exit)
        if is_to_return(engine, record, ended.exit, answer):
            engine.retry(record, ended, answer)
            return False
    engine.retire(record)  # it is not tried again, so the others start without it
    return True


def _set_the_rest_aside(engine: Engine, rest: Sequence[Record]) -> None:
    """Leave those that have not been started to the next attempt."""
    for record in rest:
        if record.state is RESTARTING:
            set_aside(record)  # it is no longer the one that is tried again
        elif record.state in FINAL:
            engine.deactivate(record)


def _is_set_aside(engine: Engine, record: Record) -> bool:
    """Say whether a member of a group is to be started with it.

    Not one that runs or is complete, nor a temporary one, which was forgotten when it was stopped,
    nor one that waits for what it needs while somebody waits for its start.
    """
    if record.state in RUNNING or record.state is COMPLETE or record.starting is not None:
        return False
    return engine.records.get(record.name) is record


@trio.lowlevel.enable_ki_protection
async def _later(
    engine: Engine,
    record: Record,
    epoch: int,
    scope: trio.CancelScope,
    delay: float,
    group: list[Record] | None,
) -> None:
    """Wait out a back-off; only the start waits, the turn is free meanwhile."""
    with scope:
        await trio.sleep(delay)
    past = record.with_past()
    if past.delay is scope:
        past.delay = None
    if record.epoch == epoch:
        engine.turn.submit(partial(_begin_delayed, engine, record, epoch, group))


async def _begin_delayed(
    engine: Engine, record: Record, epoch: int, group: list[Record] | None
) -> None:
    await trio.lowlevel.checkpoint()
    if record.epoch != epoch or engine.ending:
        return
    if group is None:
        engine.begin_held(record)
    else:
        await _begin_group(engine, record, group)


async def stop_dependents_of_parked(engine: Engine, record: Record) -> None:
    """Have those that need a parked child wait for it; they do not hold the supervisor open."""
    waiting = [d for d in with_dependents(engine, record) if d is not record]
    running = [d for d in waiting if d.state not in FINAL]
    reason = f"{record.path!r}, which it needs, is parked"
    await stop_in_order(engine, running, reason, hold, revives=True)
    for other in running:
        other.stay_down()
        other.engine.deactivate(other)
        other.engine.check_idle()
    engine.check_idle()
