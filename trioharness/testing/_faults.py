"""Faults on purpose: what a component is to suffer, in which of its lives."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Container
from typing import Self, TypeAlias, TypeVar, cast, final

from .._errors import ConfigurationError, Fault
from .._util import callable_name
from ._life import Plan
from ._script import Drawer, Script, wrap
from ._spoiling import Spoiling, Spoilt

F = TypeVar("F", bound=Callable[..., object])

Seconds: TypeAlias = float | tuple[float, float]
"""A duration, or the two between which each incarnation draws its own."""
Number: TypeAlias = int | tuple[int, int]
"""Which one, from 1; or the two between which each incarnation draws its own, both included."""

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
    the same for the same seed, whatever else happens in the program. As a context manager it adds
    the seed to what its block raises: ``with Faults() as faults: run(test, faults)``.
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

    def __enter__(self) -> Self:
        """Begin a block; what it raises gets a note of the seed, and of what has struck."""
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            error.add_note("\n".join([f"{self!r} makes the same faults again", *self.told()]))

    @property
    def seed(self) -> int:
        """The seed; `repr` shows it too, and so does each `Fault`."""
        return self._seed

    @property
    def struck(self) -> tuple[Fault, ...]:
        """The faults so far, raised or done to a message: by it a test asserts that it tested."""
        return tuple(self._struck)

    def told(self) -> list[str]:
        """Return a line for each fault that has struck, for whoever shows a failure."""
        return [
            f"{fault.component!r} was {fault.what}, in incarnation {fault.incarnation}"
            for fault in self._struck
        ]

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

    def drop_messages(
        self,
        component: F,
        messages: Container[int] | None = None,
        *,
        chance: float = 1.0,
        incarnations: Container[int] | None = None,
    ) -> F:
        """Break a component so that messages to it are lost; nothing is raised.

        They are taken out of the channel, which counts them as received, and the component never
        sees them: its receive goes on to the next one. To lose what a component sends, break the
        one that receives it. A call that is lost is not answered before its caller gives up. What a
        component receives through `select`, `merge` or a view of its end is struck as well.

        Args:
            component: The component.
            messages: Which ones, counted from 1 over all receive ends of the incarnation; any
                container of numbers, by default all.
            chance: How probable it is that one of these is lost, 0 to 1.
            incarnations: Which incarnations lose messages; all by default.

        Returns:
            The broken component.

        Raises:
            ComponentTypeError: It is none.
            ConfigurationError: `chance` is no probability.
        """
        spoilt = Spoilt("kept from message {}", times=0)
        return self._spoil(component, "drop_messages", messages, chance, incarnations, spoilt)

    def duplicate_messages(
        self,
        component: F,
        messages: Container[int] | None = None,
        *,
        chance: float = 1.0,
        incarnations: Container[int] | None = None,
    ) -> F:
        """Break a component so that it receives messages twice in a row; nothing is raised.

        It is the same object both times, and one message to the channel: in hand, with
        ``max_deliveries``, until the component receives after the second. A call that comes twice
        can be answered once.

        Args:
            component: The component.
            messages: Which ones, as for `drop_messages`; the second time is not counted.
            chance: How probable it is that one of these comes twice, 0 to 1.
            incarnations: Which incarnations receive them twice; all by default.

        Returns:
            The broken component.

        Raises:
            ComponentTypeError: It is none.
            ConfigurationError: `chance` is no probability.
        """
        spoilt = Spoilt("given message {} twice", times=2)
        return self._spoil(component, "duplicate_messages", messages, chance, incarnations, spoilt)

    def delay_messages(
        self,
        component: F,
        seconds: Seconds,
        messages: Container[int] | None = None,
        *,
        chance: float = 1.0,
        incarnations: Container[int] | None = None,
    ) -> F:
        """Break a component so that messages reach it later; nothing is raised.

        A receive that takes such a message out of the channel lasts longer by that; those behind
        it wait as well, so the order is kept. ``receive_nowait`` finds nothing meanwhile. A receive
        that is cancelled loses nothing: the next one through that end gives the message.

        Args:
            component: The component.
            seconds: How much later; of a pair, each message draws its own.
            messages: Which ones, as for `drop_messages`.
            chance: How probable it is that one of these is delayed, 0 to 1.
            incarnations: Which incarnations are delayed; all by default.

        Returns:
            The broken component.

        Raises:
            ComponentTypeError: It is none.
            ConfigurationError: `seconds` is no duration, or `chance` no probability.
        """
        spoilt = Spoilt(
            "made to wait {1:g} s for message {0}", delay=_seconds("delay_messages()", seconds)
        )
        return self._spoil(component, "delay_messages", messages, chance, incarnations, spoilt)

    def _spoil(
        self,
        component: F,
        method: str,
        messages: Container[int] | None,
        chance: float,
        incarnations: Container[int] | None,
        spoilt: Spoilt,
    ) -> F:
        if not (isinstance(chance, int | float) and 0 <= chance <= 1):
            raise ConfigurationError(
                f"{method}(chance=)", f"{chance!r} is no probability", "give a number from 0 to 1"
            )
        return self._break(
            component,
            incarnations,
            lambda dice: Plan(spoiling=Spoiling(messages, chance, spoilt, dice)),
        )

    def _break(self, component: F, incarnations: Container[int] | None, draw: Drawer) -> F:
        script = Script(
            name=callable_name(component),
            incarnations=incarnations,
            draw=draw,
            dice=f"{self._seed}/{next(self._made)}",
            strike=self._strike,
            note=self._note,
        )
        return cast("F", wrap(component, script))

    def _strike(self, name: str, incarnation: int, what: str) -> Exception:
        fault = self._note(name, incarnation, what)
        if self._error is None:
            return fault
        error = self._error(str(fault))
        error.__cause__ = fault
        return error

    def _note(self, name: str, incarnation: int, what: str) -> Fault:
        fault = Fault(name, incarnation, what, self._seed)
        self._struck.append(fault)
        return fault


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
