"""Telling of drops: the first at once, then once a second at most, and the rest at the end.

There is no task and no timer for it: what is untold is told with the next drop that is a second
later, or when nothing can be sent any more. An observer is called when everything else is done, so
it may use the channel, and what it raises spoils nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import attrs
import trio
from trio.lowlevel import in_trio_run

from .._events import MessagesDropped

INTERVAL: Final = 1.0
"""Seconds between two events of one channel, at least."""


@attrs.define(eq=False)
class DropTeller:
    """What one channel has told its observer."""

    observer: Callable[[MessagesDropped], None]
    channel: str
    overflow: str
    told: int = attrs.field(default=0, init=False)
    """How many drops."""
    last: float = attrs.field(default=-math.inf, init=False)
    """When."""

    def tell(self, dropped: int, *, at_once: bool) -> None:
        """Tell of what is new, if it is time.

        Args:
            dropped: How many messages the channel has dropped.
            at_once: Whether it is always time.
        """
        count = dropped - self.told
        if not count or not in_trio_run():  # without a clock it is told the next time
            return
        now = trio.current_time()
        if not at_once and now < self.last + INTERVAL:
            return
        self.told, self.last = dropped, now
        self.observer(
            MessagesDropped(
                channel=self.channel,
                time=now,
                overflow=self.overflow,
                count=count,
                dropped=dropped,
            )
        )
