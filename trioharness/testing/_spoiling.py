"""What happens to single messages on their way to a component: lost, doubled, late."""

from __future__ import annotations

import random
from collections.abc import Container

import attrs


@attrs.frozen
class Spoilt:
    """What is done to a message."""

    what: str
    """In words, to be formatted with the number of the message and its delay."""
    times: int = 1
    """How often the component receives it."""
    delay: tuple[float, float] = (0.0, 0.0)
    """Seconds that it comes later: between these two."""


UNSPOILT = 1, 0.0
"""How often a message comes that nothing is done to, and how much later."""


@attrs.frozen
class Spoiling:
    """Which messages of one incarnation are spoilt, and how."""

    messages: Container[int] | None
    chance: float
    spoilt: Spoilt
    dice: random.Random

    def __call__(self, number: int) -> tuple[int, float, str]:
        """Return how often a message comes, how much later, and what that is in words, if any."""
        chosen = self.messages is None or number in self.messages
        # Drawn for each message, so that which ones are chosen does not change the fate of others.
        rolled, delay = self.dice.random(), self.dice.uniform(*self.spoilt.delay)
        if not chosen or rolled >= self.chance:
            return (*UNSPOILT, "")
        return self.spoilt.times, delay, self.spoilt.what.format(number, delay)
