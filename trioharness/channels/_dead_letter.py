"""A message that no receiver survived."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

T_co = TypeVar("T_co", covariant=True)

DEAD_BUFFER_SIZE = 64
"""How many dead letters a channel keeps until somebody reads them."""


@attrs.frozen(kw_only=True)
class DeadLetter(Generic[T_co]):
    """A message that was delivered as often as its channel allows and crashed every receiver.

    It is received from `Channel.dead`. Not for messages that a component merely does not like:
    those it can log, store or send elsewhere itself.
    """

    channel: str
    """Name of the channel that carried the message."""
    message: T_co
    """The message itself."""
    reason: str
    """What happened, in one sentence."""
    attempts: int
    """Deliveries that ended in a crash."""
    error: Exception
    """What the last receiver raised."""
