"""The handle of one supervised component."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, cast, final

import outcome
import trio

from .._errors import (
    ChildComplete,
    ChildNotFound,
    ChildNotReady,
    ChildNotStopped,
    StartFailed,
)
from .._events import State
from .._util import NoPublicConstructor
from ..rules import ChildHealth, StoppedByHand
from ._becoming import hold, put_down
from ._beginning import begin_and_wait
from ._dependents import with_dependents
from ._engine import Engine
from ._options import Options
from ._record import Record
from ._starting import refuse_deadlock
from ._states import COMPLETE, FINAL, PENDING, READY, RESTARTING, STOPPING, WAITING
from ._stopping import stop_in_order
from ._turn import Step
from ._view import health_of_child

T_co = TypeVar("T_co", covariant=True)

_HAS_VALUE = frozenset({READY, STOPPING})

_DECIDED = FINAL | {READY, RESTARTING, WAITING}
"""States in which it is known what became of a start."""


@final
class Child(Generic[T_co], metaclass=NoPublicConstructor):
    """One supervised component; it stays valid across restarts.

    It comes from `Supervisor.start` and `Supervisor.start_soon`. Do not keep its `value` beyond a
    restart: name the child in ``needs=`` instead, and each incarnation gets the live one.

    Its properties can be read from any thread, and each is whole: a state is one of the table, a
    value that of one incarnation. Its methods belong to trio; from another thread, call them by
    `trio.from_thread`: ``trio.from_thread.run_sync(child.health)``.
    """

    __slots__ = ("__weakref__", "_record")

    def __init__(self, record: Record) -> None:
        self._record = record

    def __repr__(self) -> str:
        record = self._record
        return f"<Child {record.path!r}: {record.state}, incarnation {record.incarnations}>"

    @property
    def name(self) -> str:
        """Its name, unique under its supervisor."""
        return self._record.name

    @property
    def path(self) -> str:
        """Its path, supervisor names first: ``"shop/workers/parse-2"``."""
        return self._record.path

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self._record.state

    @property
    def value(self) -> T_co:
        """What the running incarnation gave when it became ready.

        Raises:
            ChildNotReady: No incarnation is ready just now.
        """
        record = self._record
        while True:
            # Another thread may read this while the child ends and begins: what was read is of one
            # incarnation if the same one runs before and after.
            run, state = record.run, record.state
            value: T_co = record.value
            if run is not None and run is not record.run:
                continue
            if run is None or run.ready_at is None or state not in _HAS_VALUE:
                raise ChildNotReady(self.path, state)
            return value

    @property
    def incarnation(self) -> int:
        """The number of the incarnation that runs, or ran last; 0 before the first."""
        return self._record.incarnations

    @property
    def restarts(self) -> int:
        """How often the supervisor decided to restart it."""
        return self._record.restarts

    @property
    def last_error(self) -> str | None:
        """The last error in one line, or None; an error itself would keep its frames alive."""
        return self._record.last_error

    @property
    def options(self) -> Options:
        """How it is supervised."""
        return self._record.options

    def health(self) -> ChildHealth:
        """Say how it is just now: its condition, why, and since when; and what a probe asks for.

        Where supervisors are open inside of it, it is as bad as the worst of theirs.

        Returns:
            Its health; text by `str`.
        """
        return health_of_child(self._record)

    async def wait(self, *states: State | str) -> State:
        """Wait until the child is in one of the given states, however briefly.

        Args:
            states: States or their words: ``await child.wait("ready")``.

        Returns:
            The state that was reached.

        Raises:
            ValueError: A word is no state, or no state is given.
            StartFailed: It will never be in one of them: it was forgotten when it ended, or its
                supervisor has ended.

        Cancellation:
            A checkpoint; nothing happens to the child.
        """
        if not states:
            raise ValueError("wait() for no state would wait for ever; give one, as wait('ready')")
        return await self._record.until(frozenset(State(state) for state in states))

    async def stop(self, reason: str = "stopped by hand") -> None:
        """Stop the child, and before it those that need it, within their grace.

        It is not restarted, whatever its restart type; `start` and `restart` start it again, but a
        temporary one is forgotten. Nothing happens if it does not run.

        Args:
            reason: Why; it shows in `trio.Cancelled` and in the log.

        Raises:
            WouldDeadlock: The caller is a component that is being started or stopped.

        Cancellation:
            The stop goes on; only the wait for it ends.
        """
        record = self._record
        engine = record.engine
        if not await self._ask(lambda: _stop(engine, record, reason), "stop a child"):
            await record.until(FINAL)  # it is stopped with all the others

    async def start(self) -> None:
        """Start the child again after it was stopped or had ended, and wait until it is ready.

        Raises:
            Exception: Whatever the component raised before it was ready; it stays stopped.
            ChildComplete: It has given up its channel ends for good.
            StartFailed: It was forgotten when it ended, or deleted, or what it needs has ended.
            ChildNotStopped: It runs, or is about to be restarted.
            SupervisorClosed: The supervisor is stopping or has ended.
            WouldDeadlock: The caller is a component that is being started or stopped.

        Cancellation:
            The start goes on; only the wait for it ends.
        """
        if not await self._ask(lambda: _start(self._record.engine, self._record), "start a child"):
            raise self._too_late()

    async def restart(self, reason: str = "restarted by hand") -> None:
        """Stop the child if it runs, start it again, and wait until it is ready.

        The restart is not counted. Those that need the child stop before it and start after it. If
        it fails before it is ready, that is a crash like any other, and the wait is over as well;
        to see that failure as an error of your own, use `stop` and `start`.

        Args:
            reason: Why; it shows in `trio.Cancelled` and in the log.

        Raises:
            ChildComplete: It has given up its channel ends for good.
            StartFailed: It was forgotten when it ended, or deleted, or what it needs has ended.
            SupervisorClosed: The supervisor is stopping or has ended.
            WouldDeadlock: The caller is a component that is being started or stopped.

        Cancellation:
            The restart goes on; only the wait for it ends.
        """
        record = self._record
        engine = record.engine
        if not await self._ask(lambda: _restart(engine, record, reason), "restart a child"):
            raise self._too_late()
        await record.until(_DECIDED)

    async def delete(self) -> None:
        """Have the supervisor forget the child, so that its name is free; it must be stopped.

        Raises:
            ChildNotFound: It was forgotten or deleted already.
            ChildNotStopped: It runs, or is about to be restarted.
            SupervisorClosed: The supervisor is stopping or has ended.
            WouldDeadlock: The caller is a component that is being started or stopped.

        Cancellation:
            The child is deleted all the same; only the wait for it ends.
        """
        if not await self._ask(
            lambda: _delete(self._record.engine, self._record), "delete a child"
        ):
            raise self._too_late()

    @trio.lowlevel.enable_ki_protection
    def kill(self, reason: str = "killed by hand") -> None:
        """End the running incarnation without any grace; to the policy that is a crash.

        Args:
            reason: Why; it shows in `trio.Cancelled` and in the log.
        """
        if self._record.run is not None:
            self._record.run.kill(reason)

    def _too_late(self) -> Exception:
        if self._record.state is COMPLETE:
            return ChildComplete(self.path)
        return self._record.engine.closed_error()

    @trio.lowlevel.enable_ki_protection
    async def _ask(self, step: Step, wanted: str) -> bool:
        """Have a step done when it is its turn, wait for it, and raise what it raised.

        Returns:
            Whether it was done; else the supervisor is stopping or has ended.
        """
        engine = self._record.engine
        refuse_deadlock(engine, wanted)
        result: list[outcome.Outcome[None]] = []
        answered = trio.Event()

        async def do() -> None:  # noqa: ASYNC910 - each step is a checkpoint
            try:
                await step()
                result.append(outcome.Value(None))
            except Exception as error:
                result.append(outcome.Error(error))
            finally:
                answered.set()  # also where KeyboardInterrupt, say, ends it all at once

        if engine.closing is None:
            engine.turn.submit(do, refused=answered.set)
            await answered.wait()
        else:
            await trio.lowlevel.checkpoint()
        for done in result:
            done.unwrap()
        return bool(result)


handle_of: Final = cast("Callable[[Record], Child[Any]]", Child._create)
"""Makes the handle of a child; without the type argument, which would take longer than the rest."""


def record_of(child: Child[object]) -> Record:
    """Return what the supervisor knows about a child."""
    return child._record


def _check_known(engine: Engine, record: Record) -> None:
    if record.over is not None or engine.records.get(record.name) is not record:
        raise ChildNotFound(record.path)


async def _stop(engine: Engine, record: Record, reason: str) -> None:
    if record.over is None:
        _check_known(engine, record)
    # One whose own end still waits to be dealt with is just as much stopped: nothing follows.
    affected = [
        r
        for r in with_dependents(engine, record)
        if r.state not in FINAL or (r is record and r.end_is_pending)
    ]
    now = trio.current_time()
    for other in affected:
        number = other.incarnations
        other.with_past().stopped = StoppedByHand(incarnation=number, time=now, reason=reason)
    await stop_in_order(engine, affected, reason, put_down)


async def _start(engine: Engine, record: Record) -> None:
    await trio.lowlevel.checkpoint()
    _check_revivable(engine, record)
    if record.state not in FINAL:
        raise ChildNotStopped(record.path, record.state)
    starting = await begin_and_wait(record)
    if starting.failed is not None:
        engine.rest(record)
        record.stay_down()
        raise starting.failed[1]


async def _restart(engine: Engine, record: Record, reason: str) -> None:
    await trio.lowlevel.checkpoint()
    _check_revivable(engine, record)
    if record.state is PENDING and record.starting is not None:
        return  # its first start is about to happen
    if record.state not in FINAL:
        affected = [
            r for r in with_dependents(engine, record) if r is record or r.state not in FINAL
        ]
        await stop_in_order(engine, affected, reason, hold, revives=True)
        if record.over is not None and not engine.draining:
            raise record.over_error()  # it is temporary, and was forgotten when it ended
        if engine.ending or record.state in FINAL:  # a drain came in between
            raise engine.closed_error()
    engine.begin_held(record)


def _check_revivable(engine: Engine, record: Record) -> None:
    if record.end_is_pending:
        engine.retire(record)  # it may be over or complete by that
    if record.state is COMPLETE:
        raise ChildComplete(record.path)
    if engine.ending or engine.draining:
        raise engine.closed_error()
    if record.over is not None:
        raise record.over_error()
    missing = None if record.links is None else record.links.missing()
    if missing is not None:
        raise StartFailed(record.path, missing)


async def _delete(engine: Engine, record: Record) -> None:
    await trio.lowlevel.checkpoint()
    _check_known(engine, record)
    if record.state not in FINAL:
        raise ChildNotStopped(record.path, record.state)
    engine.retire(record)
    engine.forget(record)
