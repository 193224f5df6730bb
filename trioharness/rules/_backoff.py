"""How long to wait before a restart."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import attrs

from .._errors import ConfigurationError


def _between(least: float, most: float, cure: str) -> Callable[..., None]:
    def check(_: object, attribute: attrs.Attribute[float], value: object) -> None:
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not least <= value <= most
        ):
            raise ConfigurationError(f"Backoff({attribute.name}=)", f"{value!r} is wrong", cure)

    return check


_seconds = _between(0, math.inf, "give seconds, 0 or more")


@attrs.frozen
class Backoff:
    """A delay that grows with each attempt: exponential, capped, with jitter.

    Do not use it to slow down a child that works: it only ever delays a restart.

    The delay of attempt n is ``min(maximum, initial * factor ** (n - 1))``, shortened at random by
    up to the share `jitter`, so that children that fail together do not come back together
    (the "equal jitter" family of Marc Brooker, "Exponential Backoff And Jitter", 2015). Attempts
    are counted anew once a child is healthy again: see ``healthy_after`` of `Health`.
    """

    initial: float = attrs.field(default=0.1, validator=_seconds)
    """Seconds before the first restart."""
    maximum: float = attrs.field(default=30.0, validator=_seconds)
    """Seconds the delay never exceeds."""
    factor: float = attrs.field(
        default=2.0, validator=_between(1, math.inf, "give a number, 1 or more")
    )
    """What each further attempt multiplies the delay by; 1 or more."""
    jitter: float = attrs.field(default=0.1, validator=_between(0, 1, "give a share from 0 to 1"))
    """Share of the delay, 0 to 1, that is left to chance."""

    def delay(self, attempt: int, chance: random.Random) -> float:
        """Return the seconds to wait before a restart.

        Args:
            attempt: Which restart in a row this is, from 1.
            chance: Where the jitter comes from.

        Returns:
            Seconds, from 0 to `maximum`.
        """
        if self.initial == 0:
            return 0.0  # whatever the factor
        try:
            delay = min(self.maximum, self.initial * self.factor ** (attempt - 1))
        except OverflowError:
            delay = self.maximum
        return delay * (1 - self.jitter * chance.random())
