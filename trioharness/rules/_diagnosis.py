"""How a child is, and how a tree is: from what is to be seen of it, a condition and its reason.

Beside the condition there are the three questions that an orchestrator asks, by the names that
Kubernetes has for them: startup, readiness and liveness. They are not the same: a child that has
only just come back after a crash is degraded, but ready.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final, assert_never

import attrs

from .._events import ChildNotRestarted, ChildParked, ChildRestarting, State
from .._frozen import frozen
from ._vital_signs import NO_FAILURES, Checks

_OVER: Final = (State.STOPPED, State.COMPLETE)
"""States in which nobody expects anything of a child."""


class Condition(enum.StrEnum):
    """How a child, or a tree, is; equal to its own word: ``health.condition == "down"``."""

    HEALTHY = "healthy"
    """Nothing is wrong with it."""
    DEGRADED = "degraded"
    """It restarts, waits for what it needs, fails its health check, has not been back for long
    enough, or crashed and is not restarted."""
    DOWN = "down"
    """It does not do its work and will not by itself: parked, or stuck beyond its grace."""


_BY_SEVERITY = tuple(Condition)


@frozen(kw_only=True)
class ChildHealth:
    """How one child is, why, and since when."""

    path: str
    """Path of the child."""
    state: State
    """Where it is in its life."""
    condition: Condition
    reason: str = ""
    """Why, in words; empty where there is nothing to say. A child that was stopped by hand is
    healthy, but it is named."""
    since: float | None = None
    """Since when, in trio's time; None where nobody noted it."""
    started: bool
    """Startup: whether it has been ready at some time, or is over without that."""
    ready: bool
    """Readiness: whether it does its work just now, and its last health check did not fail."""

    @property
    def live(self) -> bool:
        """Liveness: whether it works, or will again by itself; else somebody has to restart it."""
        return self.condition is not Condition.DOWN

    @property
    def is_missing(self) -> bool:
        """Whether it is not ready and ought to be: it is neither done nor stopped by hand."""
        return not self.ready and self.state not in _OVER

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
    started: bool
    """Startup: whether all children have started; of a whole harness, whether it has, once."""
    ready: bool
    """Readiness: whether it takes work: it does not end, and all children are ready but those of
    which nobody expects anything, because they are done or were stopped by hand."""

    @property
    def live(self) -> bool:
        """Liveness: whether no child is down, so that it goes on, or will, without help."""
        return self.condition is not Condition.DOWN

    def __str__(self) -> str:
        probe = "" if self.ready else ", not ready" if self.started else ", not started"
        lines = [f"{self.path!r} is {self.condition}{probe}", *map(str, self.children)]
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
    since: float | None = None
    """When it began to start, or to wait, if anybody noted that."""
    was_ready: bool = False
    """Whether any incarnation was ever ready."""
    ready_at: float | None = None
    """When the running incarnation became ready."""
    checks: Checks = NO_FAILURES
    """What the health checks of the running incarnation have shown."""
    restart: ChildRestarting | None = None
    """The last restart that was decided for a crash or a return of its own."""
    parked: ChildParked | None = None
    not_restarted: ChildNotRestarted | None = None
    """Its last crash from which no restart followed."""
    last_error: str | None = None
    stopped: StoppedByHand | None = None
    waits_for: tuple[str, ...] = ()
    """Paths of what it needs and has not got."""
    ending_for: str | None = None
    """Why its supervisor ends it, if that is a fault of its own, such as silence."""
    ending_since: float | None = None
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
        Its condition, with the reason and since when, and what probes of it say.
    """
    condition, reason, since = _diagnosis(signs, now, healthy_after)
    works = signs.state is State.READY and signs.ready_at is not None
    return ChildHealth(
        path=signs.path,
        state=signs.state,
        condition=condition,
        reason=reason,
        since=since,
        started=signs.was_ready or signs.state in _OVER,
        ready=works and not signs.checks.failures,
    )


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
            return _of_starting(signs, now)
        case State.WAITING:
            names = ", ".join(map(repr, signs.waits_for))
            return Condition.DEGRADED, f"waiting for {names or 'what it needs'}", signs.since
        case State.STOPPED | State.COMPLETE:
            return _of_ended(signs)
        case State.PENDING:
            return Condition.HEALTHY, "not started yet", None
        case _:
            assert_never(signs.state)


def _restart_before(signs: Signs) -> ChildRestarting | None:
    """Return the restart that the present incarnation, or the one to come, goes back to."""
    restart = signs.restart
    last = signs.incarnation - (0 if signs.state is State.RESTARTING else 1)
    return restart if restart is not None and restart.incarnation == last else None


def _of_starting(signs: Signs, now: float) -> _Diagnosis:
    restart = _restart_before(signs)
    if restart is None:
        if signs.state is State.RESTARTING:
            return Condition.DEGRADED, "restarting", None
        if signs.was_ready:
            return Condition.HEALTHY, "starting again", signs.since
        return Condition.HEALTHY, "starting for the first time", signs.since
    wait = restart.time + restart.delay - now if signs.state is State.RESTARTING else 0.0
    when = f" in {wait:.3g} s" if wait > 0 else ""
    return Condition.DEGRADED, f"{signs.state}{when}: {restart.because}", restart.time


def _of_ready(signs: Signs, now: float, healthy_after: float) -> _Diagnosis:
    checks = signs.checks
    if checks.failures:
        many = "" if checks.failures == 1 else f" {checks.failures} times in a row"
        return (
            Condition.DEGRADED,
            f"its health check failed{many}: {checks.error}",
            checks.failing_since,
        )
    if signs.ready_at is None:
        return Condition.HEALTHY, "it has ended just now", None
    restart = _restart_before(signs)
    if restart is None or now - signs.ready_at >= healthy_after:
        return Condition.HEALTHY, "", signs.ready_at
    ago = f"{now - signs.ready_at:.3g} s"
    return Condition.DEGRADED, f"back for only {ago}: {restart.because}", signs.ready_at


def _of_stopping(signs: Signs) -> _Diagnosis:
    why = signs.ending_for or signs.stopping_for or "told to stop"
    if signs.stuck_at is not None:
        return Condition.DOWN, f"stuck, its grace is over and it runs on: {why}", signs.stuck_at
    if signs.ending_for is not None:
        return Condition.DEGRADED, why, signs.ending_since
    stopped = _stopped_by_hand(signs)
    return Condition.HEALTHY, f"stopping: {why}", None if stopped is None else stopped.time


def _of_ended(signs: Signs) -> _Diagnosis:
    crash, stopped = signs.not_restarted, _stopped_by_hand(signs)
    if stopped is not None and signs.state is State.STOPPED:
        return Condition.HEALTHY, f"stopped: {stopped.reason}", stopped.time
    if crash is not None and crash.incarnation == signs.incarnation:
        reason = f"it crashed and is not restarted, {crash.because}: {signs.last_error}"
        return Condition.DEGRADED, reason, crash.time
    return Condition.HEALTHY, "", None


def _stopped_by_hand(signs: Signs) -> StoppedByHand | None:
    """Return who stopped the present incarnation by hand, if somebody did."""
    stopped = signs.stopped
    return stopped if stopped is not None and stopped.incarnation == signs.incarnation else None


def worst(conditions: Iterable[Condition]) -> Condition:
    """Return the worst of some conditions; of none, healthy."""
    return max(conditions, key=_BY_SEVERITY.index, default=Condition.HEALTHY)


def roll_up(
    path: str, children: Iterable[ChildHealth], *, is_ending: bool = False
) -> SupervisorHealth:
    """Say how a tree is.

    Args:
        path: Path of its supervisor.
        children: The children in it, at any depth; healthy ones that are ready may be left out.
        is_ending: Whether it takes no more work: it drains, stops or has ended.

    Returns:
        The worst condition, and whoever there is something to say of.
    """
    everybody = tuple(children)
    return SupervisorHealth(
        path=path,
        condition=worst(child.condition for child in everybody),
        children=tuple(child for child in everybody if child.reason),
        started=all(child.started for child in everybody),
        ready=not is_ending and not any(child.is_missing for child in everybody),
    )
