"""The handle of one supervised component."""

from __future__ import annotations

from functools import partial
from typing import Generic, TypeVar, cast, final

import trio

from .._errors import ChildComplete, ChildNotReady, SupervisorClosed
from .._events import State
from .._util import NoPublicConstructor
from ..rules import Cause
from ._engine import Engine
from ._record import FINAL, Record
from ._starting import refuse_deadlock
from ._stopping import stop
from ._turn import Step

T_co = TypeVar("T_co", covariant=True)


@final
class Child(Generic[T_co], metaclass=NoPublicConstructor):
    """One supervised component; it stays valid across restarts.

    It comes from `Supervisor.start` and `Supervisor.start_soon`. Do not keep its `value` beyond a
    restart: name the child in ``needs=`` instead, and each incarnation gets the live one.
    """

    __slots__ = ("__weakref__", "_engine", "_record")

    def __init__(self, engine: Engine, record: Record) -> None:
        self._engine = engine
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
        if self._record.state not in (State.READY, State.STOPPING) or self._record.run is None:
            raise ChildNotReady(self.path, self.state)
        return cast("T_co", self._record.value)

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

    async def wait(self, *states: State | str) -> State:
        """Wait until the child is in one of the given states, however briefly.

        Args:
            states: States or their words: ``await child.wait("ready")``.

        Returns:
            The state that was reached.

        Raises:
            ValueError: A word is no state.

        Cancellation:
            A checkpoint; nothing happens to the child.
        """
        return await self._record.until(frozenset(State(state) for state in states))

    async def stop(self, reason: str = "stopped by hand") -> None:
        """Stop the child, and before it those that need it, within their grace.

        It is not restarted, whatever its restart type; `restart` starts it again. Nothing happens
        if it does not run.

        Args:
            reason: Why; it shows in `trio.Cancelled` and in the log.

        Raises:
            WouldDeadlock: The caller is a component that is being started or stopped.

        Cancellation:
            The stop goes on; only the wait for it ends.
        """
        await self._ask(partial(_stop_step, self._engine, self._record, reason), "stop a child")

    async def restart(self, reason: str = "restarted by hand") -> None:
        """Stop the child if it runs, start it again, and wait until that start is decided.

        The restart is not counted. Those that need the child stop before it and start after it.

        Args:
            reason: Why; it shows in `trio.Cancelled` and in the log.

        Raises:
            ChildComplete: It has given up its channel ends for good.
            SupervisorClosed: The supervisor is stopping or has ended.
            WouldDeadlock: The caller is a component that is being started or stopped.

        Cancellation:
            The restart goes on; only the wait for it ends.
        """
        if self._record.state is State.COMPLETE:
            raise ChildComplete(self.path)
        if self._engine.closing is not None:
            raise SupervisorClosed(self._engine.path, f"restart {self.name!r}")
        await self._ask(
            partial(_restart_step, self._engine, self._record, reason), "restart a child"
        )

    def kill(self, reason: str = "killed by hand") -> None:
        """End the running incarnation without any grace; to the policy that is a crash.

        Args:
            reason: Why; it shows in `trio.Cancelled` and in the log.
        """
        if self._record.run is not None:
            self._record.run.kill(reason)

    async def _ask(self, step: Step, wanted: str) -> None:
        """Have a step done when it is its turn, and wait for it."""
        refuse_deadlock(self._engine, wanted)
        done = trio.Event()

        async def do() -> None:
            await step()
            done.set()

        if not self._engine.finished.is_set():
            self._engine.turn.submit(do)
            await done.wait()
        else:
            await trio.lowlevel.checkpoint()


def record_of(child: Child[object]) -> Record:
    """Return what the supervisor knows about a child."""
    return child._record


async def _stop_step(engine: Engine, record: Record, reason: str) -> None:
    for other in reversed(_with_dependents(engine, record)):
        if other.state not in FINAL:
            await stop(engine, other, reason, Cause.END)
            engine.active.discard(other)
    engine.check_idle()


async def _restart_step(engine: Engine, record: Record, reason: str) -> None:
    affected = _with_dependents(engine, record)
    for other in reversed(affected):
        if other is record or other.state not in FINAL:
            await stop(engine, other, reason, Cause.HOLD)
    if engine.closing is None and record.state is not State.COMPLETE:
        engine.begin_held(record)


def _with_dependents(engine: Engine, record: Record) -> list[Record]:
    found = {record}
    todo = [record]
    while todo:
        new = [d for d in todo.pop().dependents if d not in found]
        found.update(new)
        todo += new
    return [record, *(r for r in engine.records.values() if r in found and r is not record)]
