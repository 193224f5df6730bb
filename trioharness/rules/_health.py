"""What is asked of a component to count as healthy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import attrs

from .._errors import ConfigurationError

Check: TypeAlias = Callable[[Any], Awaitable[None]]
"""Looks at a component by the value that this gave: returns if all is well, and raises if not."""


def _more_than(least: float, cure: str, *, or_equal: bool = False) -> Callable[..., None]:
    def check(_: object, attribute: attrs.Attribute[float], value: object) -> None:
        if value is None and attribute.default is None:
            return
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not (value > least or (or_equal and value == least))
        ):
            raise _wrong(attribute.name, value, cure)

    return check


def _check_threshold(_: object, attribute: attrs.Attribute[int], value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _wrong(attribute.name, value, "give a whole number, 1 or more")


def _check_callable(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not callable(value):
        cure = "give an async function that takes the value of the component"
        raise _wrong(attribute.name, value, cure)


def _wrong(name: str, value: object, cure: str) -> ConfigurationError:
    return ConfigurationError(f"Health({name}=)", f"{value!r} is wrong", cure)


@attrs.frozen
class Health:
    """What is asked of a component: beats, health checks, and how long until it is healthy again.

    Beats are for a component that works: it calls `beat` where progress is made. A check is for one
    that serves others: it is asked from outside whether it still can, by calling ``check`` with the
    value that it gave when it became ready. A `Component` class has its check in itself, as
    `Component.check_health`, and needs no `Health` for it unless with other figures. To wait
    for a slow start is the business of ``start_within`` of `Supervisor.start`.

    A check runs beside the component, in a task of its, from when it is ready until it is told to
    stop, which cancels the check; never two at once. One that raises, or does not return in time,
    has failed: the component is degraded and not ready. After ``failure_threshold`` failures in a
    row the component is ended within its grace, and counts as crashed with `ChildUnhealthy`, so
    that its policy decides; in a drain it is left to finish.

    Do not give ``beat_within`` to a component that is all of a supervisor (a `Group`, a `Pool`):
    the beats of its children are theirs. And no clock in the same thread sees a component that
    blocks the thread itself, in a loop without a checkpoint, before that is over.

    Example::

        async def answers(pool: Pool) -> None:
            await pool.execute("select 1")

        sup.start_soon(database, dsn, health=th.Health(check=answers, check_every=30))
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
    check: Check | None = attrs.field(default=None, validator=_check_callable)
    """An async function of the component's value: it returns if all is well, and raises if not. By
    default the `Component.check_health` of a class that has one, else there are no checks."""
    check_every: float = attrs.field(
        default=10.0, validator=_more_than(0, "give seconds, more than 0; math.inf for never")
    )
    """Seconds from the end of one check (or from ready) to the begin of the next."""
    check_within: float = attrs.field(
        default=1.0, validator=_more_than(0, "give seconds, more than 0")
    )
    """Seconds that a check may take before it has failed and is cancelled."""
    failure_threshold: int = attrs.field(default=3, validator=_check_threshold)
    """How many checks in a row must fail for the component to count as crashed."""


DEFAULT_HEALTH = Health()
