"""What a channel has counted of itself, as it goes along."""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class Counts:
    """The counters of one channel, each written by what it counts."""

    gathering: int = attrs.field(default=0, init=False)
    """Tasks with part of a batch, which a cancel would put back."""
    in_hand: int = attrs.field(default=0, init=False)
    sent: int = attrs.field(default=0, init=False)
    dead: int = attrs.field(default=0, init=False)
    dropped: int = attrs.field(default=0, init=False)
    unqueued: int = attrs.field(default=0, init=False)
    """Messages that were dropped in place of being queued."""
    abandoned: int = attrs.field(default=0, init=False)
    """Messages that were let go of when the last receive end closed."""
    peak: int = attrs.field(default=0, init=False)
    marks: list[tuple[float, int]] = attrs.field(factory=list[tuple[float, int]], init=False)
    """Times at which somebody looked, and the number of the newest message then; see _sampling."""

    def drop_new(self) -> None:
        """Drop a message in place of queueing it."""
        self.dropped += 1
        self.unqueued += 1
