"""Components as classes: one instance for each incarnation."""

from __future__ import annotations

import inspect
import types
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeAlias, TypeVar, TypeVarTuple

import trio

from .._errors import ComponentTypeError
from .._util import callable_name
from ..rules import Check, Health

if TYPE_CHECKING:
    from ._run import Incarnation

Ts = TypeVarTuple("Ts")


class Component:
    """A component as a class: how it begins, what it does, whether it can, and how it is left.

    Give the class itself, and the arguments of its instances: a supervisor makes one instance for
    each incarnation, so that nothing of a crashed one is there after the restart. The value of the
    child, which those that need it get, is that instance. For a component that keeps nothing, or
    gives something other than itself, an async function or an async context manager is shorter.

    There is nothing to call in a constructor of your own: a subclass may have any or none, or be
    made by attrs or as a dataclass. What it needs of other children it gets by keyword, like any
    component; what is ready to be used is made in `setup`, so that there is no ``task_status``. One
    without a `run` of its own waits to be stopped, and is ``background`` as a context manager is.

    Example::

        @attrs.define
        class Worker(th.Component):
            orders: th.ReceiveChannel[Order]
            pool: Pool
            saved: int = 0

            async def run(self) -> None:
                async for order in self.orders:
                    await self.pool.save(order)
                    self.saved += 1

        sup.start_soon(Worker, orders, needs={"pool": db})
    """

    __slots__ = ()

    async def setup(self) -> object:
        """Make it ready; it is ready when this has returned, whatever that returns.

        An error is a failed start. Then `teardown` does not run: undo here what was done.

        Cancellation:
            A stop meanwhile cancels it.
        """
        await trio.lowlevel.checkpoint()
        return None

    async def run(self) -> None:
        """Do the work; when this returns, the component is done, and when it raises, it crashed.

        Cancellation:
            A stop cancels it.
        """
        await trio.sleep_forever()

    async def teardown(self) -> None:
        """Clean up after `run`, however that ended.

        It has the grace of the child, counted from the stop if there was one, and is cancelled
        when that is over. Where there is no grace it does not run at all: with ``grace=0``, after
        `Child.kill`, and when `run` has spent it.

        Cancellation:
            Only the end of the grace cancels it.
        """
        await trio.lowlevel.checkpoint()

    async def check_health(self) -> None:
        """Say whether it can still do its work: return if it can, and raise if not.

        A class that has one of its own is checked from when it is ready until it is told to stop:
        every 10 s, with 1 s for the answer, and after 3 failures in a row it counts as crashed.
        `Health` has these figures, by ``health=Health(check_every=..., check_within=...)``. It runs
        beside `run`, in another task, so it must not wait for something that `run` alone can give.

        Cancellation:
            It is cancelled when its time is over, and when the component ends or is stopped.
        """
        await trio.lowlevel.checkpoint()


K = TypeVar("K", bound=Component)

Makes: TypeAlias = Callable[[*Ts], K]
"""A `Component` class and its arguments, as type checkers see it."""


def as_class(fn: object) -> type[Component] | None:
    """Return what was given if it is a `Component` class, else None."""
    return fn if isinstance(fn, type) and issubclass(fn, Component) else None


def has_work(cls: type[Component]) -> bool:
    """Say whether a class has a `run` of its own."""
    return cls.run is not Component.run


def check_of(opened: object, health: Health | None) -> Check | None:
    """Return what checks the health of a component, if anything does.

    Args:
        opened: What the component gave when it was called.
        health: Its options; a check that is given there comes before that of the class.
    """
    if health is not None and health.check is not None:
        return health.check
    if isinstance(opened, Component) and type(opened).check_health is not Component.check_health:
        return type(opened).check_health
    return None


def check_class(cls: type[Component]) -> None:
    """Refuse a class that could not be run.

    Raises:
        ComponentTypeError: It could not; the error says what to change.
    """
    subject = f"component {callable_name(cls)!r}"
    abstract: frozenset[str] = getattr(cls, "__abstractmethods__", frozenset())
    if abstract:
        raise ComponentTypeError(
            subject, f"it is abstract: it lacks {', '.join(sorted(abstract))}", "define that"
        )
    for name in ("setup", "run", "teardown", "check_health"):
        inner = inspect.unwrap(getattr(cls, name))
        if isinstance(inner, types.FunctionType) and not inspect.iscoroutinefunction(inner):
            raise ComponentTypeError(
                subject,
                f"its {name}() is no async function",
                f"write `async def {name}(self)`, and do not yield in it",
            )
    if "task_status" in inspect.signature(cls).parameters:
        raise ComponentTypeError(
            subject,
            "it takes a task_status, but is ready when its setup() has returned",
            "leave the parameter out, and do in setup() what comes before it is ready",
        )


def refuse_instance(component: Component) -> ComponentTypeError:
    """Return the error for an instance in the place of its class."""
    name = callable_name(type(component))
    return ComponentTypeError(
        f"component {name!r}",
        "it is an instance, which would be used again after a restart, with all it holds by then",
        f"give the class and its arguments, ({name}, arg), not ({name}(arg))",
    )


class Lifetime(AbstractAsyncContextManager[Component, None]):
    """What an instance does before and after its work, as a context manager."""

    __slots__ = ("_component", "_grace", "_run")

    def __init__(self, component: Component, run: Incarnation, grace: float) -> None:
        self._component = component
        self._run = run
        self._grace = grace

    async def __aenter__(self) -> Component:
        await self._component.setup()
        return self._component

    async def __aexit__(self, *_: object) -> None:  # noqa: ASYNC910 - it may have nothing to do
        run, now = self._run, trio.current_time()
        ends = run.grace_ends if run.told else now + self._grace
        if ends <= now:
            # To say so by `Cancelled` would be to lose what `run` has raised.
            run.cut_short = True
            return  # noqa: ASYNC910
        with run.shielded(ends):
            await self._component.teardown()  # noqa: ASYNC102 - shielded, with a deadline


def life_of(
    opened: Component | AbstractAsyncContextManager[object, bool | None],
    run: Incarnation,
    grace: float,
) -> tuple[AbstractAsyncContextManager[object, bool | None], Callable[[], Awaitable[object]]]:
    """Say what is to be held open, and what to do meanwhile; `trio.sleep_forever` for nothing.

    Args:
        opened: What the component gave when it was called.
        run: The incarnation.
        grace: Seconds it has for its clean-up, if it is not told to stop.
    """
    if not isinstance(opened, Component):
        return opened, trio.sleep_forever
    work = opened.run if has_work(type(opened)) else trio.sleep_forever
    return Lifetime(opened, run, grace), work
