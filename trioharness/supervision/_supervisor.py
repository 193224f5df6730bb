"""A nursery whose children are restarted by policy."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, TypeVarTuple, cast, final, overload

import attrs
import trio

from .._errors import UnknownNeedError
from .._util import NoPublicConstructor
from ..rules import Backoff, RestartType
from ._child import Child, record_of
from ._component import Opens, Startable
from ._engine import Engine
from ._record import RUNNING, Record
from ._spec import NO_NEEDS, Needed, Options
from ._starting import add, start, start_many
from ._stopping import drain

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@attrs.frozen(kw_only=True)
class SupervisorStatistics:
    """What one supervisor has under it just now."""

    children: int
    """Children it knows, running or not."""
    running: int
    """Children whose code runs."""
    restarts: int
    """Restarts that were decided for the children it knows."""


@final
class Supervisor(metaclass=NoPublicConstructor):
    """What `open_supervisor` gives: it starts children, and restarts them by policy."""

    __slots__ = ("__weakref__", "_engine")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        state = self._engine.closing or ("draining" if self._engine.draining else "open")
        return f"<Supervisor {self.path!r}: {len(self._engine.records)} children, {state}>"

    @property
    def path(self) -> str:
        """Its path in the tree, names of supervisors and children joined by ``/``."""
        return self._engine.path

    @property
    def cancel_scope(self) -> trio.CancelScope:
        """The scope of its block; cancelling it stops the children in reverse start order."""
        return self._engine.body_scope

    @property
    def children(self) -> Mapping[str, Child[object]]:
        """The children it knows, by name, in start order; a copy."""
        return {
            name: Child[object]._create(self._engine, record)
            for name, record in self._engine.records.items()
        }

    @property
    def overran(self) -> tuple[str, ...]:
        """Paths of the children that outlived their grace or that of a drain, so far."""
        return tuple(self._engine.overran)

    def statistics(self) -> SupervisorStatistics:
        """Return its figures just now."""
        records = self._engine.records.values()
        return SupervisorStatistics(
            children=len(records),
            running=sum(record.state in RUNNING for record in records),
            restarts=sum(record.restarts for record in records),
        )

    @overload
    async def start(
        self,
        fn: Opens[*Ts, T],
        *args: *Ts,
        name: str | None = None,
        restart: RestartType = "transient",
        after: Sequence[Needed] = (),
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
    ) -> Child[T]: ...
    @overload
    async def start(
        self,
        fn: Startable[*Ts, T],
        *args: *Ts,
        name: str | None = None,
        restart: RestartType = "transient",
        after: Sequence[Needed] = (),
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
    ) -> Child[T]: ...
    @overload
    async def start(
        self,
        fn: Callable[..., Awaitable[object]],
        *args: object,
        name: str | None = None,
        restart: RestartType = "transient",
        needs: Mapping[str, Needed] = NO_NEEDS,
        after: Sequence[Needed] = (),
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
    ) -> Child[Any]: ...
    async def start(
        self,
        fn: Callable[..., object],
        *args: object,
        name: str | None = None,
        restart: RestartType = "transient",
        needs: Mapping[str, Needed] = NO_NEEDS,
        after: Sequence[Needed] = (),
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
    ) -> Child[Any]:
        """Start a child and wait until it is ready.

        With a ``task_status`` parameter it is ready when it calls ``started(value)``, a context
        manager when it was entered, any other function at its first step. A failure before that is
        the caller's; after it, the policy decides. To go on without waiting, use `start_soon`.

        Args:
            fn: The component: an async function, or a function that gives an async context manager.
            args: Its arguments. Channel ends among them are handed over (see `as_is`).
            name: Its name under this supervisor; made from the function's name by default.
            restart: ``"transient"`` (default: after a crash), ``"permanent"`` or ``"temporary"``.
            needs: Children whose live values it gets by keyword: it starts after them, stops
                before them, and restarts with them.
            after: Children that are started before it; nothing more follows from it.
            backoff: The delay of its restarts; none by default.
            grace: Seconds it has for its clean-up when it is stopped; 5 by default.
            background: Whether it does not hold the supervisor open and is stopped last; by
                default true for context managers only.

        Returns:
            The child; its `value` is what it gave when it became ready.

        Raises:
            ConfigurationError: The component or an option cannot be; nothing was started.
            Exception: Whatever the component raised before it was ready.
            StartFailed: It returned before it was ready, or what it needs has ended for good.
            SupervisorClosed: The supervisor is stopping, draining, or has ended.
            WouldDeadlock: A component that is itself being started or stopped asked for it.

        Cancellation:
            The child is stopped within its grace and forgotten; its channel ends are the caller's
            again.
        """
        record = _enter(
            self._engine,
            fn,
            args,
            Options(
                name=name,
                restart=restart,
                needs=needs,
                after=after,
                backoff=backoff,
                grace=grace,
                background=background,
            ),
        )
        await start(self._engine, record)
        return Child[Any]._create(self._engine, record)

    def start_soon(
        self,
        fn: Callable[..., object],
        *args: object,
        name: str | None = None,
        restart: RestartType = "transient",
        needs: Mapping[str, Needed] = NO_NEEDS,
        after: Sequence[Needed] = (),
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
    ) -> Child[Any]:
        """Start a child as soon as what it needs is ready, and do not wait for it.

        A failure before it is ready is a crash like any other: the policy decides. To see a failed
        start as an error of your own, use `start`. The arguments are those of `start`.

        Args:
            fn: The component.
            args: Its arguments; channel ends among them are handed over.
            name: Its name under this supervisor.
            restart: Its restart type.
            needs: Children whose live values it gets by keyword.
            after: Children that are started before it.
            backoff: The delay of its restarts.
            grace: Seconds for its clean-up.
            background: Whether it does not hold the supervisor open.

        Returns:
            The child.

        Raises:
            ConfigurationError: The component or an option cannot be; nothing was started.
            SupervisorClosed: The supervisor is stopping, draining, or has ended.
        """
        record = _enter(
            self._engine,
            fn,
            args,
            Options(
                name=name,
                restart=restart,
                needs=needs,
                after=after,
                backoff=backoff,
                grace=grace,
                background=background,
            ),
        )
        self._engine.begin(record)
        return Child[Any]._create(self._engine, record)

    def drain(self, grace: float = math.inf) -> None:
        """End early without losing what is queued: sources first, then consumers as they finish.

        Returns at once; the block of the supervisor ends when all children have. A component
        without a receive end is a source: it is cancelled, or left by its `stop_on_drain` block.
        Receive ends that are fed from outside are finished.

        Args:
            grace: Seconds until the rest is cancelled in reverse start order; no limit by default.
        """
        engine = self._engine
        if not engine.draining and engine.closing is None:
            engine.draining = True
            engine.start_task(drain, engine, grace)


def _enter(
    engine: Engine, fn: Callable[..., object], args: tuple[object, ...], options: Options
) -> Record:
    options.check(fn)
    needs = {key: _record_of(key, need) for key, need in options.needs.items()}
    after = [_record_of("after", other) for other in options.after]
    return add(engine, fn, args, options, needs, after)


def _record_of(key: str, need: object) -> Record:
    if not isinstance(need, Child):
        raise UnknownNeedError(
            "needs", f"{key}={need!r} is no child", "give what start or start_soon returned"
        )
    return record_of(cast("Child[object]", need))


def engine_of(supervisor: Supervisor) -> Engine:
    """Return the machinery of a supervisor."""
    return supervisor._engine


async def start_all(supervisor: Supervisor, children: Sequence[Child[Any]]) -> None:
    """Start children that were added and not begun, at once; wait until all are ready.

    For those who assemble a whole tree first, such as a harness.

    Args:
        supervisor: Their supervisor.
        children: What `add_child` returned.

    Raises:
        StartFailed: One of them failed before it was ready.
    """
    await start_many(engine_of(supervisor), [record_of(child) for child in children])


def add_child(
    supervisor: Supervisor, fn: Callable[..., object], args: tuple[object, ...], options: Options
) -> Child[Any]:
    """Enter a child into the books of a supervisor without starting it; see `start_all`.

    Args:
        supervisor: Its supervisor.
        fn: The component.
        args: Its arguments.
        options: How it is supervised.

    Returns:
        The child.

    Raises:
        ConfigurationError: The component or an option cannot be.
    """
    engine = engine_of(supervisor)
    return Child[Any]._create(engine, _enter(engine, fn, args, options))
