"""Identical children on demand: OTP's simple_one_for_one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Generic, TypeVar, final

import attrs
import trio

from .._errors import ConfigurationError, PoolFull
from .._events import Observer
from .._util import NoPublicConstructor
from ..rules import AutoShutdown, Exhausted, Limit
from ._any_supervisor import AnySupervisor, V_co
from ._child import Child, handle_of
from ._component import TaskStatus
from ._ends_inside import ends_among, given
from ._engine import Engine
from ._handover import End
from ._open import check_supervisor, check_words, make_engine, run_engine
from ._record import Record
from ._spec import Spec
from ._starting import add, start

T = TypeVar("T")


@final
class PoolSupervisor(AnySupervisor[V_co], metaclass=NoPublicConstructor):
    """What `open_pool` gives: it starts instances of one template, and restarts each by itself.

    An instance that has ended for good is forgotten. When the pool stops, all instances are told
    at once. ``PoolSupervisor[V]`` is one whose instances give a V when they are ready.
    """

    __slots__ = ("__weakref__", "_ends", "_max_children", "_template")

    def __init__(
        self,
        engine: Engine,
        template: Spec[V_co],
        max_children: int | None,
        ends: Mapping[int, End],
    ) -> None:
        super().__init__(engine)
        self._template = template
        self._max_children = max_children
        self._ends = ends
        """What stands for each end among the arguments of the template, by its identity."""

    def __repr__(self) -> str:
        most = "" if self._max_children is None else f" of {self._max_children}"
        return f"<PoolSupervisor {self.path!r}: {len(self._engine.records)}{most} instances>"

    # The arguments are not checked: no type says "the parameters of the template that it has no
    # arguments for, the last of which may be left out".
    @trio.lowlevel.enable_ki_protection
    async def start(self, *args: object, name: str | None = None) -> Child[V_co]:
        """Start an instance and wait until it is ready.

        Args:
            args: Arguments of this instance, after those of the template; it keeps them when it is
                restarted. Channel ends among them are handed over.
            name: Its name; by default that of the template with a number, as in ``serve-1``. No
                number is given twice.

        Returns:
            The instance. One that declined to start (see `Ignore`) is stopped, and forgotten.

        Raises:
            PoolFull: There are as many instances as the pool may have.
            ChildExists: There is an instance of that name.
            Exception: Whatever the component raised before it was ready; nothing is kept.
            SupervisorClosed: The pool is stopping or has ended.
            WouldDeadlock: An instance that is itself being started or stopped asked for it.

        Cancellation:
            The instance is stopped within its grace and forgotten.
        """
        # Its own, so that the pool still has them when no instance runs.
        clones = {key: end.clone() for key, end in self._ends.items()}
        has_started = False
        try:
            record = await start(
                self._engine, lambda: self._make(args, name, clones), name or self._template.name
            )
            has_started = True
        finally:
            for end in () if has_started else clones.values():
                end.close()
        return handle_of(record)

    def _make(
        self, args: tuple[object, ...], name: str | None, clones: Mapping[int, End]
    ) -> Record:
        engine, template = self._engine, self._template
        if self._max_children is not None and len(engine.records) >= self._max_children:
            raise PoolFull(engine.path, self._max_children)
        if name is None:
            name = engine.names.number(template.name, engine.records)
        fn, given_args = given(template.fn, template.args, clones)
        return add(engine, fn, (*given_args, *args), name, template.options)


@final
@attrs.frozen(init=False, eq=False)
class Pool(Generic[V_co]):
    """A pool as a component of a supervisor; its value is its `PoolSupervisor`.

    When it is restarted it begins empty.
    """

    name: str
    template: Spec[V_co]
    max_children: int | None
    limit: Limit
    auto_shutdown: AutoShutdown
    exhausted: Exhausted
    cancel_grace: float

    def __init__(
        self,
        name: str,
        template: Spec[V_co],
        *,
        max_children: int | None = None,
        max_restarts: int = 5,
        within: float = 60.0,
        auto_shutdown: AutoShutdown = "never",
        exhausted: Exhausted = "escalate",
        cancel_grace: float = 5.0,
    ) -> None:
        """Describe a pool.

        Args:
            name: Its name; where it is started it may get another, by ``name=``.
            template: What each instance runs; instances are called by its name and a number.
            max_children: How many instances there may be at once; no limit by default.
            max_restarts: Restarts of all instances that may fall within one period.
            within: That period, in seconds.
            auto_shutdown: Whether the end of a significant instance, or of the last one, ends it.
            exhausted: What the supervisor above sees when it gives up.
            cancel_grace: Seconds for its stop when it is cancelled from outside.

        Raises:
            ConfigurationError: An option cannot be.
        """
        check_words(name, "one_for_one", auto_shutdown, exhausted)
        check_supervisor(name, True, cancel_grace)
        _check(name, template, max_children, auto_shutdown)
        limit = Limit(max_restarts, within)
        # attrs makes `__attrs_init__`, which pyright does not know.
        self.__attrs_init__(  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            name, template, max_children, limit, auto_shutdown, exhausted, cancel_grace
        )

    @property
    def __name__(self) -> str:
        """Its name, which is where a child without a name of its own gets one from."""
        return self.name

    def ends_inside(self) -> tuple[End, ...]:
        """Return the channel ends among the arguments of its template, each once.

        They are handed over to the pool where it is started; each instance has clones of them.
        """
        return ends_among([(self.template.fn, self.template.args)])

    async def __call__(self, *ends: End, task_status: TaskStatus[PoolSupervisor[V_co]]) -> None:
        """Run the pool until it is stopped; what a supervisor calls.

        Args:
            ends: What stands for its `ends_inside` in this life of it; by default they themselves.
            task_status: Told the supervisor of the pool.

        Raises:
            RestartLimitExceeded: It gave up.
            Shutdown: It gave up with ``exhausted="shutdown"``, or a significant instance ended.
        """
        async with _run(self, None, None, ends, stay=True) as pool:
            task_status.started(pool)
            await trio.lowlevel.checkpoint()


@contextlib.asynccontextmanager
async def open_pool(
    template: Spec[T],
    name: str = "pool",
    *,
    max_children: int | None = None,
    max_restarts: int = 5,
    within: float = 60.0,
    cancel_grace: float = 5.0,
    observer: Observer | None = None,
) -> AsyncGenerator[PoolSupervisor[T]]:
    """Open a supervisor for identical children on demand.

    For children of different kinds, or in an order, use `open_supervisor`.

    Args:
        template: What each instance runs: ``th.Spec(serve, database)``. By default the instances
            are called ``serve-1``, ``serve-2``, …; with ``name="client"`` in it, ``client-1``, ….
        name: Its name in paths and logs.
        max_children: How many instances there may be at once; no limit by default.
        max_restarts: Restarts of all instances that may fall within one period.
        within: That period, in seconds.
        cancel_grace: Seconds for its stop when it is cancelled from outside.
        observer: The one function that is told each event.

    Yields:
        The supervisor; the block ends when its body and all instances have.

    Raises:
        ConfigurationError: An option cannot be; nothing was opened.
        RestartLimitExceeded: It gave up; its members are the real errors of the attempts.
        Exception: What the body raised, after all instances have been stopped.

    Cancellation:
        The body is cancelled first, then all instances at once, within `cancel_grace`.
    """
    pool = Pool(
        name,
        template,
        max_children=max_children,
        max_restarts=max_restarts,
        within=within,
        cancel_grace=cancel_grace,
    )
    ends = pool.ends_inside()
    with contextlib.ExitStack() as kept:
        for end in ends:
            kept.callback(end.close)
        async with _run(pool, name, observer, ends, stay=False) as supervisor:
            yield supervisor


@contextlib.asynccontextmanager
async def _run(
    pool: Pool[T], name: str | None, observer: Observer | None, ends: Sequence[End], *, stay: bool
) -> AsyncGenerator[PoolSupervisor[T]]:
    engine = make_engine(
        name, "one_for_one", pool.auto_shutdown, pool.limit, pool.cancel_grace, observer
    )
    engine.pool, engine.exhausted = True, pool.exhausted
    async with run_engine(engine, stay=stay):
        inside = pool.ends_inside()
        clones = dict(zip(map(id, inside), ends or inside, strict=True))
        yield PoolSupervisor[T]._create(engine, pool.template, pool.max_children, clones)


def is_count(value: object) -> bool:
    """Say whether a value is a whole number of at least 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _check(name: str, template: object, max_children: object, auto_shutdown: AutoShutdown) -> None:
    subject = f"pool {name!r}"
    if not isinstance(template, Spec):
        raise ConfigurationError(
            subject, f"{template!r} is no template", "give Spec(component, *args)"
        )
    if max_children is not None and not is_count(max_children):
        raise ConfigurationError(
            subject, f"max_children={max_children!r} is no count", "give 1 or more, or None"
        )
    if template.needs or template.after:
        raise ConfigurationError(
            subject, "its template has needs, but instances have no order", "give it arguments"
        )
    if template.options.significant and auto_shutdown == "never":
        raise ConfigurationError(
            subject,
            "its instances are significant, but the pool never shuts down for one",
            "say auto_shutdown='any_significant' or 'all_significant'",
        )
