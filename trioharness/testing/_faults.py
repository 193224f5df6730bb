"""Faults on purpose: what a component is to suffer, in which of its lives."""

from __future__ import annotations

import functools
import inspect
import itertools
import math
import random
from collections.abc import Callable, Container
from typing import TypeAlias, TypeVar, cast, final

import attrs

from .._errors import ConfigurationError, Fault
from .._util import callable_name
from ..supervision import shape_of
from ._life import Life, Plan

F = TypeVar("F", bound=Callable[..., object])

Seconds: TypeAlias = float | tuple[float, float]
"""A duration, or the two between which each incarnation draws its own."""
Number: TypeAlias = int | tuple[int, int]
"""Which one, from 1; or the two between which each incarnation draws its own, both included."""

Drawer: TypeAlias = Callable[[random.Random], Plan]

FIRST = (1,)


@final
class Faults:
    """Faults for components under test, scripted and repeatable.

    Each method takes a component and returns it broken, to be supervised in its place::

        faults = Faults(seed=7)
        sup.start_soon(faults.crash(worker, at=3.0), orders)

    What it returns is to a supervisor what the component is: with or without ``task_status``, a
    function, an async context manager or a `Component` class, of the same name; its channel ends
    are handed over. The ends it works with are then stand-ins (`trio.abc` channels with all methods
    of the real ones, but of another class). Faults nest:
    ``faults.crash(faults.delay_start(worker, 2), at=5)``. For errors of what a component talks to,
    give it a broken one of that instead.

    Incarnations are counted from 1 by each broken component alone, so break one for each child;
    where several children, or copies, share it, they are counted together. Which ones are struck
    is any container of numbers: ``(1,)``, ``range(1, 4)``; None stands for all.

    Where a pair is given instead of a number, each incarnation draws its own in between: always
    the same for the same seed, whatever else happens in the program.
    """

    __slots__ = ("_error", "_made", "_seed", "_struck")

    def __init__(
        self, seed: int | None = None, *, error: Callable[[str], Exception] | None = None
    ) -> None:
        """Make faults of a seed.

        Args:
            seed: Where chance comes from; a number of Python's `random` by default.
            error: Makes what is raised in place of `Fault`, from a sentence: ``ConnectionError``,
                say. Its ``__cause__`` is the `Fault`.
        """
        self._seed = random.randrange(2**32) if seed is None else seed  # noqa: S311 - no secret
        self._error = error
        self._made = itertools.count(1)
        self._struck: list[Fault] = []

    def __repr__(self) -> str:
        return f"Faults(seed={self._seed})"

    @property
    def seed(self) -> int:
        """The seed; `repr` shows it too, and so does each `Fault`."""
        return self._seed

    @property
    def struck(self) -> tuple[Fault, ...]:
        """The faults that were raised so far: a test asserts by it that it tested anything."""
        return tuple(self._struck)

    def crash(
        self, component: F, *, at: Seconds = 0.0, incarnations: Container[int] | None = FIRST
    ) -> F:
        """Break a component so that it crashes some time after its start.

        It is cancelled where it waits, and a `Fault` is raised in its place: the component sees a
        cancellation, its supervisor a crash. A context manager that is open sees the `Fault`, as
        an error of its block. A component that has ended by then is left alone. To crash it with a
        message in hand use `crash_on_message`, whose `Fault` is raised in the component itself:
        there a ``with end:`` of its own takes the crash for one.

        Args:
            component: The component.
            at: Seconds after its start; 0 means that it never gets to its first step.
            incarnations: Which incarnations crash; the first one by default.

        Returns:
            The broken component.

        Raises:
            ComponentTypeError: It is none.
            ConfigurationError: `at` is no duration.
        """
        least, most = _seconds("crash(at=)", at)
        return self._break(component, incarnations, lambda c: Plan(at=c.uniform(least, most)))

    def crash_on_message(
        self, component: F, number: Number = 1, *, incarnations: Container[int] | None = FIRST
    ) -> F:
        """Break a component so that it crashes with a message in hand.

        The `Fault` is raised by the receive that took the message (or the batch with it) from any
        channel end among the arguments. In a channel with ``max_deliveries`` that counts as an
        attempt; in others the message is gone.

        Args:
            component: The component.
            number: Which message, counted from 1 over all receive ends of the incarnation.
            incarnations: Which incarnations crash; the first one by default.

        Returns:
            The broken component.

        Raises:
            ComponentTypeError: It is none.
            ConfigurationError: `number` is none.
        """
        pair = _numbers("crash_on_message()", number)
        return self._break(component, incarnations, lambda c: Plan(receive=c.randint(*pair)))

    def crash_before_ready(self, component: F, *, incarnations: Container[int] | None = FIRST) -> F:
        """Break a component so that its start fails at the last moment.

        With a ``task_status`` the `Fault` is raised by ``started()``; a context manager gets it as
        the first thing in its block; a `Component` is set up and torn down again; any other
        function is not called at all, since it is ready with its first step.

        Args:
            component: The component.
            incarnations: Which incarnations crash; the first one by default.

        Returns:
            The broken component.

        Raises:
            ComponentTypeError: It is none.
        """
        return self._break(component, incarnations, lambda _: Plan(before_ready=True))

    def fail_start(self, component: F, times: int = 1) -> F:
        """Break a component so that its first starts fail at once, without a step of its own.

        Args:
            component: The component.
            times: How many starts fail.

        Returns:
            The broken component.

        Raises:
            ComponentTypeError: It is none.
            ConfigurationError: `times` is no number.
        """
        _, last = _numbers("fail_start()", times)
        return self._break(component, range(1, last + 1), lambda _: Plan(refuse=True))

    def delay_start(
        self, component: F, seconds: Seconds, *, incarnations: Container[int] | None = None
    ) -> F:
        """Break a component so that it takes longer to start; nothing is raised.

        With a ``task_status``, or as a context manager, it becomes ready later by that; any other
        function is ready at once all the same, and takes its first step later.

        Args:
            component: The component.
            seconds: How long it waits before its first step.
            incarnations: Which incarnations are delayed; all by default.

        Returns:
            The broken component.

        Raises:
            ComponentTypeError: It is none.
            ConfigurationError: `seconds` is no duration.
        """
        least, most = _seconds("delay_start()", seconds)
        return self._break(component, incarnations, lambda c: Plan(delay=c.uniform(least, most)))

    def cancel_in_send(
        self, component: F, number: Number = 1, *, incarnations: Container[int] | None = FIRST
    ) -> F:
        """Break a component so that it is cancelled in the middle of a ``send``, then crashes.

        A send that waits for room is withdrawn: nothing was sent. One that finds room is done, and
        the component is cancelled at its next checkpoint. Either way the component sees a
        cancellation, and its supervisor a crash. A ``send_many``, ``call`` or ``cast`` counts as
        one send.

        Args:
            component: The component.
            number: Which send, counted from 1 over all send ends of the incarnation.
            incarnations: Which incarnations are cancelled; the first one by default.

        Returns:
            The broken component.

        Raises:
            ComponentTypeError: It is none.
            ConfigurationError: `number` is none.
        """
        pair = _numbers("cancel_in_send()", number)
        return self._break(component, incarnations, lambda c: Plan(send=c.randint(*pair)))

    def _break(self, component: F, incarnations: Container[int] | None, draw: Drawer) -> F:
        script = Script(
            name=callable_name(component),
            incarnations=incarnations,
            draw=draw,
            dice=f"{self._seed}/{next(self._made)}",
            strike=self._strike,
        )
        return cast("F", wrap(component, script))

    def _strike(self, name: str, incarnation: int, what: str) -> Exception:
        fault = Fault(name, incarnation, what, self._seed)
        self._struck.append(fault)
        if self._error is None:
            return fault
        error = self._error(str(fault))
        error.__cause__ = fault
        return error


@attrs.define(eq=False, kw_only=True)
class Script:
    """What one broken component has to suffer, life after life."""

    name: str
    incarnations: Container[int] | None
    draw: Drawer
    dice: str
    """What the chance of this script is made of."""
    strike: Callable[[str, int, str], Exception]
    lives: int = 0

    def next_life(self) -> Life | None:
        """Return the next life if it is to be struck."""
        self.lives += 1
        number = self.lives
        if self.incarnations is not None and number not in self.incarnations:
            return None
        chance = random.Random(f"{self.dice}/{number}")  # noqa: S311 - to be repeated
        return Life(self.draw(chance), functools.partial(self.strike, self.name, number))


def wrap(component: Callable[..., object], script: Script) -> Callable[..., object]:
    """Return a component that is to supervision what `component` is, and follows the script.

    Raises:
        ComponentTypeError: It is no component.
    """
    shape = shape_of(component)
    if isinstance(component, functools.partial):  # supervision looks for channel ends in it
        inner = wrap(component.func, script)
        return functools.partial(inner, *component.args, **component.keywords)

    def broken(*args: object, **keywords: object) -> object:
        life = script.next_life()
        if life is None:
            return component(*args, **keywords)
        return life.begin(component, args, keywords)

    if isinstance(component, type):
        # Its attributes are no function's; and behind a wrapper only a generator function is known
        # to open something.
        functools.update_wrapper(broken, component, updated=())
        vars(broken)["__signature__"] = inspect.signature(component)
        if shape.opens:
            vars(broken)["__wrapped__"] = Life.hold_open
    else:
        functools.update_wrapper(broken, component)
    broken.__qualname__ = script.name
    return broken


def _seconds(subject: str, seconds: Seconds) -> tuple[float, float]:
    least, most = seconds if isinstance(seconds, tuple) else (seconds, seconds)
    if not 0 <= least <= most < math.inf:
        raise ConfigurationError(
            subject, f"{seconds!r} is no duration", "give seconds, 0 or more, or (least, most)"
        )
    return least, most


def _numbers(subject: str, number: Number) -> tuple[int, int]:
    least, most = number if isinstance(number, tuple) else (number, number)
    if not (isinstance(least, int) and isinstance(most, int) and 1 <= least <= most):
        raise ConfigurationError(
            subject, f"{number!r} is no number", "give 1 or more, or (first, last)"
        )
    return least, most
