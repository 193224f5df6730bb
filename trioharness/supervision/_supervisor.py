"""A nursery whose children are restarted by policy."""

from __future__ import annotations

import functools
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar, TypeVarTuple, Unpack, final, overload

import trio

from .._errors import ChildNotFound, ConfigurationError
from .._util import NoPublicConstructor, callable_name
from ..rules import Backoff, Health, RestartPolicy
from ._any_supervisor import AnySupervisor
from ._child import Child, handle_of
from ._component import Opens, Startable0, Startable1, Startable2, Startable3, Startable4
from ._component_class import K, Makes
from ._draining import begin_drain
from ._engine import Engine
from ._entering import enter
from ._options import (
    DEFAULT_OPTIONS,
    DEFAULTS,
    NO_CHILDREN,
    NO_NEEDS,
    Needed,
    NeedsOptions,
    Options,
    StartOptions,
    check_name,
    check_needs,
    is_seconds,
)
from ._starting import add, start, start_in_turn

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@final
class Supervisor(AnySupervisor[object], metaclass=NoPublicConstructor):
    """What `open_supervisor` gives: it starts children, and restarts them by policy."""

    __slots__ = ("__weakref__",)

    def __repr__(self) -> str:
        state = self._engine.closing or ("draining" if self._engine.draining else "open")
        return f"<Supervisor {self.path!r}: {len(self._engine.records)} children, {state}>"

    async def child(self, name: str) -> Child[Any]:
        """Return the child of a name, as things are when what is under way has been done.

        Where an answer of this moment will do, look into `children`.

        Args:
            name: Its name.

        Returns:
            The child.

        Raises:
            ChildNotFound: There is none of that name.
            SupervisorClosed: The supervisor began to stop meanwhile.
            WouldDeadlock: A component that is itself being started or stopped asked for it.

        Cancellation:
            A checkpoint; nothing happens.
        """
        await self.settled()
        record = self._engine.records.get(name)
        if record is None:
            raise ChildNotFound(f"{self.path}/{name}")
        return handle_of(record)

    # Type checkers take the first that fits. Without `needs` the arguments are checked one by one;
    # with it they cannot be, since no type says "all parameters but these keywords". `start_soon`
    # has the same set once more: no type turns one into the other that mypy understands.
    @overload
    async def start(
        self,
        fn: functools.partial[Awaitable[object]],
        *args: object,
        **options: Unpack[StartOptions],
    ) -> Child[Any]: ...
    @overload
    async def start(self, fn: Startable0[T], /, **options: Unpack[StartOptions]) -> Child[T]: ...
    @overload
    async def start(
        self, fn: Startable1[A, T], a: A, /, **options: Unpack[StartOptions]
    ) -> Child[T]: ...
    @overload
    async def start(
        self, fn: Startable2[A, B, T], a: A, b: B, /, **options: Unpack[StartOptions]
    ) -> Child[T]: ...
    @overload
    async def start(
        self, fn: Startable3[A, B, C, T], a: A, b: B, c: C, /, **options: Unpack[StartOptions]
    ) -> Child[T]: ...
    @overload
    async def start(
        self,
        fn: Startable4[A, B, C, D, T],
        *args: *tuple[A, B, C, D],
        **options: Unpack[StartOptions],
    ) -> Child[T]: ...
    @overload
    async def start(
        self,
        fn: Callable[[*Ts], Awaitable[object]],
        *args: *Ts,
        **options: Unpack[StartOptions],
    ) -> Child[None]: ...
    @overload
    async def start(
        self, fn: Makes[*Ts, K], *args: *Ts, **options: Unpack[StartOptions]
    ) -> Child[K]: ...
    @overload
    async def start(
        self, fn: Opens[*Ts, T], *args: *Ts, **options: Unpack[StartOptions]
    ) -> Child[T]: ...
    @overload
    async def start(
        self, fn: type[K], *args: object, **options: Unpack[NeedsOptions]
    ) -> Child[K]: ...
    @overload
    async def start(
        self,
        fn: Callable[..., AbstractAsyncContextManager[T, bool | None]],
        *args: object,
        **options: Unpack[NeedsOptions],
    ) -> Child[T]: ...
    @overload
    async def start(
        self,
        fn: Callable[..., Awaitable[object]],
        *args: object,
        **options: Unpack[NeedsOptions],
    ) -> Child[Any]: ...
    @trio.lowlevel.enable_ki_protection
    async def start(
        self,
        fn: Callable[..., object],
        *args: object,
        name: str | None = None,
        restart: RestartPolicy = "transient",
        needs: Mapping[str, Needed] = NO_NEEDS,
        after: Sequence[Needed] = NO_CHILDREN,
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
        significant: bool = False,
        health: Health | None = None,
        start_within: float | None = None,
    ) -> Child[Any]:
        """Start a child and wait until it is ready.

        With a ``task_status`` parameter it is ready when it calls ``started(value)``, a context
        manager when entered, a `Component` when set up, any other function at its first step. A
        failure before that is the caller's; after it, the policy decides. See also `start_soon`.

        Args:
            fn: The component: async function, `Component` class, or what gives a context manager.
            args: Its arguments. Channel ends among them are handed over (see `as_is`).
            name: Its name under this supervisor; made from the function's name by default.
            restart: ``"transient"`` (default: after a crash), ``"permanent"`` or ``"temporary"``;
                or one of these by type of exception, as a mapping or a function.
            needs: Children whose live values it gets by keyword: it starts after them, stops
                before them, and restarts with them.
            after: Children that are started before it; nothing more follows from it.
            backoff: The delay of its restarts; none by default.
            grace: Seconds it has for its clean-up when it is stopped; 5 by default.
            background: Whether it does not hold the supervisor open and is stopped last; by
                default true for context managers, and for a `Component` without a `run`, only.
            significant: Whether its end, if it is not restarted, may end the supervisor.
            health: Beats and health checks that are asked of it, and when it is healthy again
                after a crash.
            start_within: Seconds its start may take, at each attempt, before it has failed; None
                (default): any number.

        Returns:
            The child; its `value` is what it gave when it became ready. A child that declined to
            start (see `Ignore`) is stopped.

        Raises:
            ConfigurationError: The component or an option cannot be; nothing was started.
            ChildExists: There is a child of that name.
            Exception: Whatever the component raised before it was ready.
            StartFailed: It returned before it was ready or was not ready in time (the error says
                where it stood), or what it needs has ended for good.
            SupervisorClosed: The supervisor is stopping, draining, or has ended.
            WouldDeadlock: A component that is itself being started or stopped asked for it.

        Cancellation:
            The child is stopped within its grace and forgotten; its channel ends are the caller's
            again.
        """
        options = Options(restart, backoff, grace, background, significant, health, start_within)
        engine = self._engine
        subject = name or callable_name(fn)
        options.check(f"component {subject!r}")
        if name is not None:
            check_name(f"component {subject!r}", name)
        check_needs(f"component {subject!r}", needs, after)
        record = await start(
            engine,
            lambda: enter(engine, fn, args, name, options, needs, after, awaited=True),
            subject,
        )
        return handle_of(record)

    @overload
    def start_soon(
        self,
        fn: functools.partial[Awaitable[object]],
        *args: object,
        **options: Unpack[StartOptions],
    ) -> Child[Any]: ...
    @overload
    def start_soon(self, fn: Startable0[T], /, **options: Unpack[StartOptions]) -> Child[T]: ...
    @overload
    def start_soon(
        self, fn: Startable1[A, T], a: A, /, **options: Unpack[StartOptions]
    ) -> Child[T]: ...
    @overload
    def start_soon(
        self, fn: Startable2[A, B, T], a: A, b: B, /, **options: Unpack[StartOptions]
    ) -> Child[T]: ...
    @overload
    def start_soon(
        self, fn: Startable3[A, B, C, T], a: A, b: B, c: C, /, **options: Unpack[StartOptions]
    ) -> Child[T]: ...
    @overload
    def start_soon(
        self,
        fn: Startable4[A, B, C, D, T],
        *args: *tuple[A, B, C, D],
        **options: Unpack[StartOptions],
    ) -> Child[T]: ...
    @overload
    def start_soon(
        self,
        fn: Callable[[*Ts], Awaitable[object]],
        *args: *Ts,
        **options: Unpack[StartOptions],
    ) -> Child[None]: ...
    @overload
    def start_soon(
        self, fn: Makes[*Ts, K], *args: *Ts, **options: Unpack[StartOptions]
    ) -> Child[K]: ...
    @overload
    def start_soon(
        self, fn: Opens[*Ts, T], *args: *Ts, **options: Unpack[StartOptions]
    ) -> Child[T]: ...
    @overload
    def start_soon(
        self, fn: type[K], *args: object, **options: Unpack[NeedsOptions]
    ) -> Child[K]: ...
    @overload
    def start_soon(
        self,
        fn: Callable[..., AbstractAsyncContextManager[T, bool | None]],
        *args: object,
        **options: Unpack[NeedsOptions],
    ) -> Child[T]: ...
    @overload
    def start_soon(
        self,
        fn: Callable[..., Awaitable[object]],
        *args: object,
        **options: Unpack[NeedsOptions],
    ) -> Child[Any]: ...
    @trio.lowlevel.enable_ki_protection
    def start_soon(
        self,
        fn: Callable[..., object],
        *args: object,
        name: str | None = None,
        restart: RestartPolicy = "transient",
        needs: Mapping[str, Needed] = NO_NEEDS,
        after: Sequence[Needed] = NO_CHILDREN,
        backoff: Backoff | None = None,
        grace: float = 5.0,
        background: bool | None = None,
        significant: bool = False,
        health: Health | None = None,
        start_within: float | None = None,
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
            significant: Whether its end may end the supervisor.
            health: Beats and health checks that are asked of it.
            start_within: Seconds its start may take.

        Returns:
            The child.

        Raises:
            ConfigurationError: The component or an option cannot be; nothing was started.
            ChildExists: There is a child of that name.
            SupervisorClosed: The supervisor is stopping, draining, or has ended.
        """
        given = (restart, backoff, grace, background, significant, health, start_within)
        options = DEFAULT_OPTIONS
        if given != DEFAULTS:
            options = Options(*given).check(f"component {name or callable_name(fn)!r}")
        engine = self._engine
        if needs is NO_NEEDS and after is NO_CHILDREN:
            record = add(engine, fn, args, name, options)
        else:
            record = enter(engine, fn, args, name, options, needs, after)
        if engine.turn.holder is not None and engine.strategy != "one_for_one":
            start_in_turn(engine, record)
        elif record.links is not None:
            engine.begin(record)
        else:
            engine.spawn(record)
        return handle_of(record)

    @trio.lowlevel.enable_ki_protection
    def drain(self, grace: float = math.inf) -> None:
        """End early without losing what is queued: sources first, then consumers as they finish.

        Returns at once; the block of the supervisor ends when all children have. A component
        without a receive end is a source: it is cancelled, or left by its `stop_on_drain` block.
        Receive ends that are fed from outside are finished. Of children that send to each other in
        a circle, those of the first that was started are, once nobody else sends to the circle.

        Args:
            grace: Seconds until the rest is cancelled in reverse start order; no limit by default.

        Raises:
            ConfigurationError: `grace` is no duration.
        """
        if not is_seconds(grace):
            raise ConfigurationError(
                f"supervisor {self.path!r}",
                f"grace={grace!r} is no duration",
                "give seconds, 0 or more",
            )
        begin_drain(self._engine, grace)


def engine_of(supervisor: Supervisor) -> Engine:
    """Return the machinery of a supervisor."""
    return supervisor._engine
