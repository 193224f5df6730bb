"""What counts as alive and what as healthy: silence, conditions, and the roll-up of many."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable
from typing import assert_never

import attrs

from .._errors import ConfigurationError
from .._events import ChildParked, ChildRestarting, State


def _more_than(least: float, cure: str, *, or_equal: bool = False) -> Callable[..., None]:
    def check(_: object, attribute: attrs.Attribute[float], value: object) -> None:
        if value is None and attribute.default is None:
            return
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not (value > least or (or_equal and value == least))
        ):
            raise ConfigurationError(f"Health({attribute.name}=)", f"{value!r} is wrong", cure)

    return check


@attrs.frozen
class Health:
    """When a component counts as silent, and when as healthy again.

    Do not give `beat_within` to a component that is all of a supervisor (a `Group`, a `Pool`): the
    beats of its children are theirs. And no clock in the same thread sees a component that blocks
    the thread itself, in a loop without a checkpoint, before that is over.
    """

    beat_within: float | None = attrs.field(
        default=None, validator=_more_than(0, "give seconds, more than 0, or None")
    )
    """Seconds of its own working time that may pass without `beat`; None (default): any number."""
    healthy_after: float = attrs.field(
        default=60.0, validator=_more_than(0, "give seconds, 0 or more", or_equal=True)
    )
    """Seconds a child must have been ready after a crash to count as healthy again: until then it
    is degraded, and a further crash is the next attempt of its `Backoff`, not the first."""


DEFAULT_HEALTH = Health()


@attrs.define
class WorkClock:
    """How long somebody has worked since the last beat; it stands still while it is paused.

    Pauses may overlap: it runs again when all of them are over. It begins paused, once.
    """

    since: float = 0.0
    """When the present stretch of work began, or the last beat was."""
    before: float = 0.0
    """Seconds worked in earlier stretches, since the last beat."""
    pauses: int = 1

    def beat(self, now: float) -> None:
        """Begin anew: this was a sign of life."""
        self.before, self.since = 0.0, now

    def pause(self, now: float) -> None:
        """Stand still until the `resume` that belongs to it."""
        if not self.pauses:
            self.before += now - self.since
        self.pauses += 1

    def resume(self, now: float) -> None:
        """End one pause."""
        self.pauses -= 1
        if not self.pauses:
            self.since = now

    def worked(self, now: float) -> float:
        """Return the seconds of work since the last beat."""
        return self.before if self.pauses else self.before + now - self.since

    def due(self, within: float) -> float:
        """Return when it has run for `within` seconds if nothing happens; never while paused."""
        return math.inf if self.pauses else self.since + (within - self.before)


class Condition(enum.StrEnum):
    """How a child, or a tree, is; equal to its own word: ``health.condition == "down"``."""

    HEALTHY = "healthy"
    """Nothing is wrong with it."""
    DEGRADED = "degraded"
    """It restarts, waits for what it needs, or has not been back for long enough."""
    DOWN = "down"
    """It does not do its work and will not by itself: parked, or stuck beyond its grace."""


_BY_SEVERITY = tuple(Condition)


@attrs.frozen(kw_only=True)
class ChildHealth:
    """How one child is, why, and since when."""

    path: str
    """Path of the child."""
    condition: Condition
    reason: str = ""
    """Why, in words; empty where there is nothing to say. A child that was stopped by hand is
    healthy, but it is named."""
    since: float | None = None
    """Since when, in trio's time; None where nobody noted it."""

    def __str__(self) -> str:
        return f"{self.path!r} is {self.condition}" + (f": {self.reason}" if self.reason else "")


@attrs.frozen(kw_only=True)
class SupervisorHealth:
    """How a tree is: as bad as the worst of its children, with the reasons."""

    path: str
    """Path of the supervisor."""
    condition: Condition
    children: tuple[ChildHealth, ...] = ()
    """The children, at any depth, of which there is something to say, in start order."""

    def __str__(self) -> str:
        lines = [f"{self.path!r} is {self.condition}", *map(str, self.children)]
        return "\n  ".join(lines)


@attrs.frozen(kw_only=True)
class StoppedByHand:
    """That somebody stopped a child."""

    incarnation: int
    time: float
    reason: str


@attrs.frozen(kw_only=True)
class Signs:
    """What there is to be seen of one child at one moment."""

    path: str
    state: State
    incarnation: int
    ready_at: float | None = None
    """When the running incarnation became ready."""
    restart: ChildRestarting | None = None
    """The last restart that was decided for a crash or a return of its own."""
    parked: ChildParked | None = None
    stopped: StoppedByHand | None = None
    waits_for: tuple[str, ...] = ()
    """Paths of what it needs and has not got."""
    ending_for: str | None = None
    """Why its supervisor ends it, if that is a fault of its own, such as silence."""
    stopping_for: str | None = None
    """Why it was told to stop."""
    stuck_at: float | None = None
    """When it was reported as stuck."""


def diagnose(signs: Signs, now: float, healthy_after: float) -> ChildHealth:
    """Say how a child is.

    Args:
        signs: What is to be seen of it.
        now: The time.
        healthy_after: Seconds it must have been ready after a crash to be healthy again.

    Returns:
        Its condition, with the reason and since when.
    """
    condition, reason, since = _diagnosis(signs, now, healthy_after)
    return ChildHealth(path=signs.path, condition=condition, reason=reason, since=since)


_Diagnosis = tuple[Condition, str, float | None]


def _diagnosis(signs: Signs, now: float, healthy_after: float) -> _Diagnosis:
    match signs.state:
        case State.READY:
            return _of_ready(signs, now, healthy_after)
        case State.STOPPING:
            return _of_stopping(signs)
        case State.PARKED:
            parked = signs.parked
            allowed = "" if parked is None else f" after more than {parked.allowed}"
            reason = f"parked{allowed}; restart it by hand"
            return Condition.DOWN, reason, None if parked is None else parked.time
        case State.RESTARTING | State.STARTING:
            restart = _restart_before(signs)
            if restart is not None:
                return Condition.DEGRADED, f"{signs.state}: {restart.because}", restart.time
            if signs.state is State.RESTARTING:
                return Condition.DEGRADED, "restarting", None
            return Condition.HEALTHY, "starting for the first time", None
        case State.WAITING:
            names = ", ".join(map(repr, signs.waits_for))
            return Condition.DEGRADED, f"waiting for {names or 'what it needs'}", None
        case State.STOPPED:
            return _of_stopped(signs)
        case State.PENDING | State.COMPLETE:
            return Condition.HEALTHY, "", None
        case _:
            assert_never(signs.state)


def _restart_before(signs: Signs) -> ChildRestarting | None:
    """Return the restart that the present incarnation, or the one to come, goes back to."""
    restart = signs.restart
    last = signs.incarnation - (0 if signs.state is State.RESTARTING else 1)
    return restart if restart is not None and restart.incarnation == last else None


def _of_ready(signs: Signs, now: float, healthy_after: float) -> _Diagnosis:
    restart = _restart_before(signs)
    if restart is None or signs.ready_at is None or now - signs.ready_at >= healthy_after:
        return Condition.HEALTHY, "", signs.ready_at
    ago = f"{now - signs.ready_at:.3g} s"
    return Condition.DEGRADED, f"back for only {ago}: {restart.because}", signs.ready_at


def _of_stopping(signs: Signs) -> _Diagnosis:
    why = signs.ending_for or signs.stopping_for or "told to stop"
    if signs.stuck_at is not None:
        return Condition.DOWN, f"stuck, its grace is over and it runs on: {why}", signs.stuck_at
    if signs.ending_for is not None:
        return Condition.DEGRADED, why, None
    return Condition.HEALTHY, f"stopping: {why}", None


def _of_stopped(signs: Signs) -> _Diagnosis:
    stopped = signs.stopped
    if stopped is None or stopped.incarnation != signs.incarnation:
        return Condition.HEALTHY, "", None
    return Condition.HEALTHY, f"stopped: {stopped.reason}", stopped.time


def worst(conditions: Iterable[Condition]) -> Condition:
    """Return the worst of some conditions; of none, healthy."""
    return max(conditions, key=_BY_SEVERITY.index, default=Condition.HEALTHY)


def roll_up(path: str, children: Iterable[ChildHealth]) -> SupervisorHealth:
    """Say how a tree is.

    Args:
        path: Path of its supervisor.
        children: All children in it, at any depth.

    Returns:
        The worst condition, and whoever there is something to say of.
    """
    everybody = tuple(children)
    named = tuple(child for child in everybody if child.reason)
    return SupervisorHealth(
        path=path, condition=worst(child.condition for child in everybody), children=named
    )
