"""Whether, whom and how often to restart: three questions, one function each.

Semantics are those of Erlang/OTP's ``supervisor`` (``do_restart/3``, ``restart/3`` and
``add_restart/1`` in ``supervisor.erl``), restated as values in, values out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence, Set
from typing import Literal, TypeAlias, TypeVar, assert_never

import attrs

from .._errors import ConfigurationError
from .._events import Crashed, Exit, Returned, Stopped

RestartType: TypeAlias = Literal["permanent", "transient", "temporary"]
"""When an ended child is started again: always, after a crash, never."""

Strategy: TypeAlias = Literal["one_for_one"]
"""Whom the restart of one child takes along."""

RESTART_TYPES: tuple[RestartType, ...] = ("permanent", "transient", "temporary")
STRATEGIES: tuple[Strategy, ...] = ("one_for_one",)

T = TypeVar("T")


def whether(restart: RestartType, exit: Exit) -> bool:
    """Say whether a child that ended by itself is to be started again.

    Args:
        restart: The child's restart type.
        exit: How it ended. A stop from outside is never answered with a restart.

    Returns:
        True if it is to be started again.
    """
    match exit:
        case Stopped():
            return False
        case Returned():
            return restart == "permanent"
        case Crashed():
            return restart != "temporary"
        case _:
            assert_never(exit)


def whom(strategy: Strategy, order: Sequence[T], ended: T, dependents: Set[T]) -> tuple[T, ...]:
    """Say which children a restart of one takes along.

    Args:
        strategy: The supervisor's strategy.
        order: Children in start order.
        ended: The child that ended.
        dependents: The children that need it, at any depth.

    Returns:
        The children to stop first, in start order, without `ended` itself.
    """
    match strategy:
        case "one_for_one":
            return tuple(child for child in order if child in dependents and child != ended)
        case _:
            assert_never(strategy)


def _check_count(_: object, attribute: attrs.Attribute[int], value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigurationError(
            attribute.name, f"{value!r} is not a count", "give a whole number, 0 or more"
        )


def _check_period(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        raise ConfigurationError(
            attribute.name, f"{value!r} is not a period", "give seconds, more than 0"
        )


@attrs.frozen
class Limit:
    """How often a supervisor may restart its children before it gives up."""

    max_restarts: int = attrs.field(default=5, validator=_check_count)
    """Restarts that may fall within one period; 0 allows none."""
    within: float = attrs.field(default=60.0, validator=_check_period)
    """The period, in seconds."""

    def __str__(self) -> str:
        noun = "restart" if self.max_restarts == 1 else "restarts"
        return f"{self.max_restarts} {noun} in {self.within:g} s"


@attrs.define
class Window:
    """The restarts of the last period; it slides, each restart leaves it on its own."""

    limit: Limit
    _times: deque[float] = attrs.field(factory=deque[float], init=False)

    def how_often(self, now: float) -> int:
        """Count one more restart.

        A restart exactly one period ago still counts, as in OTP.

        Args:
            now: The time, in seconds; never earlier than in the call before.

        Returns:
            How many restarts fall within the period, this one included. More than
            ``limit.max_restarts`` means: give up instead.
        """
        times = self._times
        oldest = now - self.limit.within
        while times and times[0] < oldest:
            times.popleft()
        times.append(now)
        return len(times)
