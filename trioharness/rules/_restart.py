"""Whether, whom and how often to restart: three questions, one function each.

Semantics are those of Erlang/OTP's ``supervisor`` (``do_restart/3``, ``restart/3`` and
``add_restart/1`` in ``supervisor.erl``), restated as values in, values out.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Final, Literal, TypeAlias, TypeVar, assert_never, cast

import attrs

from .._errors import ConfigurationError, RestartLimitExceeded
from .._events import Crashed, Exit, Ignored, Returned, ShutDown, Stopped

RestartType: TypeAlias = Literal["permanent", "transient", "temporary"]
"""When an ended child is started again: always, after a crash, never."""

RestartPolicy: TypeAlias = (
    RestartType | Mapping[type[Exception], RestartType] | Callable[[Exception], RestartType]
)
"""A restart type, or one by the exception that the child crashed with."""

Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one"]
"""Whom the restart of one child takes along."""

AutoShutdown: TypeAlias = Literal["never", "any_significant", "all_significant"]
"""Whether the end of significant children ends their supervisor."""

Exhausted: TypeAlias = Literal["escalate", "shutdown", "park"]
"""What follows when the restarts are spent: a crash of the supervisor, its shutdown (OTP's way), or
the child stays down and the others go on."""

RESTART_TYPES: tuple[RestartType, ...] = ("permanent", "transient", "temporary")
STRATEGIES: tuple[Strategy, ...] = ("one_for_one", "one_for_all", "rest_for_one")
AUTO_SHUTDOWNS: tuple[AutoShutdown, ...] = ("never", "any_significant", "all_significant")
EXHAUSTED: tuple[Exhausted, ...] = ("escalate", "shutdown", "park")

T = TypeVar("T")


def restart_type(policy: RestartPolicy, exit: Exit) -> RestartType:
    """Say which restart type a policy means for an end.

    A mapping is asked in its own order, with `isinstance`; an exception group matches what all its
    leaves match. `RestartLimitExceeded` is taken whole first, for what it says itself, and counts
    by its leaves only where nothing names it so. What a mapping does not name, and every end that
    is no crash, is transient.

    Args:
        policy: The child's policy.
        exit: How it ended.

    Returns:
        The restart type.
    """
    if isinstance(policy, Mapping):
        # pyright keeps a Mapping of unknown types beside the one that this is.
        return _by_type(policy, exit)  # pyright: ignore[reportUnknownArgumentType]
    if callable(policy):
        return policy(exit.error) if isinstance(exit, Crashed) else "transient"
    return policy


def _by_type(table: Mapping[type[Exception], RestartType], exit: Exit) -> RestartType:
    if isinstance(exit, Crashed):
        for whole in (RestartLimitExceeded, ()):
            for cls, restart in table.items():
                if _matches(exit.error, cls, whole):
                    return restart
    return "transient"


def _matches(
    error: BaseException, cls: type[Exception], whole: type[Exception] | tuple[()]
) -> bool:
    """Say whether an error, or everything in a group, is of a class.

    Args:
        error: The error.
        cls: The class.
        whole: The groups that are not looked into.
    """
    if isinstance(error, cls):
        return True
    if not isinstance(error, BaseExceptionGroup) or isinstance(error, whole):
        return False
    group = cast("BaseExceptionGroup[BaseException]", error)
    return all(_matches(leaf, cls, whole) for leaf in group.exceptions)


class Action(enum.StrEnum):
    """What follows from the end of a child."""

    LEAVE = "leave"
    """Nothing: it stays as it is."""
    RESTART = "restart"
    """It is started again, with whom the strategy takes along."""
    PARK = "park"
    """It stays down; the others go on."""
    GIVE_UP = "give up"
    """Its supervisor ends."""


# An enum member takes ten times as long to read from its class as from a module (CPython 3.11).
LEAVE: Final = Action.LEAVE
RESTART: Final = Action.RESTART
PARK: Final = Action.PARK
GIVE_UP: Final = Action.GIVE_UP


def whether(restart: RestartType, exit: Exit) -> Action:
    """Say whether a child that ended by itself is to be started again.

    Args:
        restart: The child's restart type.
        exit: How it ended. A stop from outside is never answered with a restart, nor is a start
            that was declined.

    Returns:
        `Action.RESTART` or `Action.LEAVE`.
    """
    match exit:
        case Crashed():
            return LEAVE if restart == "temporary" else RESTART
        case Returned() | ShutDown():
            return RESTART if restart == "permanent" else LEAVE
        case Stopped() | Ignored():
            return LEAVE
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
        case "one_for_all":
            return tuple(child for child in order if child != ended)
        case "rest_for_one":
            start = order.index(ended) + 1
            return tuple(
                child
                for index, child in enumerate(order)
                if index >= start or (child in dependents and child != ended)
            )
        case _:
            assert_never(strategy)


def how_often(restarts: int, limit: Limit, exhausted: Exhausted) -> Action:
    """Say what a restart that was counted comes to.

    Args:
        restarts: How many count just now, this one included.
        limit: How many may.
        exhausted: What follows when they are spent.

    Returns:
        `Action.RESTART`, or instead of it `Action.PARK` or `Action.GIVE_UP`.
    """
    if restarts <= limit.max_restarts:
        return RESTART
    return PARK if exhausted == "park" else GIVE_UP


def shuts_down(auto_shutdown: AutoShutdown, *, others_left: bool) -> bool:
    """Say whether the end of a significant child, not to be restarted, ends its supervisor.

    Args:
        auto_shutdown: The supervisor's rule.
        others_left: Whether another significant child runs or is to be restarted.

    Returns:
        True if the supervisor is to end.
    """
    match auto_shutdown:
        case "never":
            return False
        case "any_significant":
            return True
        case "all_significant":
            return not others_left
        case _:
            assert_never(auto_shutdown)


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

    def count(self, now: float) -> int:
        """Count one more restart.

        A restart exactly one period ago still counts, as in OTP.

        Args:
            now: The time, in seconds; never earlier than in the call before.

        Returns:
            How many restarts fall within the period, this one included.
        """
        times = self._times
        oldest = now - self.limit.within
        while times and times[0] < oldest:
            times.popleft()
        times.append(now)
        return len(times)

    def is_full(self, now: float) -> bool:
        """Say whether one more restart would be one too many; count none."""
        times = self._times
        if len(times) < self.limit.max_restarts:
            return False
        oldest = now - self.limit.within
        while times and times[0] < oldest:
            times.popleft()
        return len(times) >= self.limit.max_restarts

    def forget(self) -> None:
        """Start counting anew: what was counted has been answered."""
        self._times.clear()
