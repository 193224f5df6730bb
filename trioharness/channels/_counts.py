"""What a channel counts, as its state keeps it; see `ChannelStatistics` for what is told."""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class Counts:
    """The counts of one channel."""

    open_send_channels: int = attrs.field(default=0, init=False)
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
