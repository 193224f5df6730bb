"""What a channel has done and what it holds, as numbers."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class ChannelStatistics:
    """The numbers of one channel at one moment, from `statistics()` of either end.

    The first seven have trio's names and trio's meanings. Not a log: for what happened to a single
    message see the events of the supervisor, or `Channel.dead`.

    At any moment ``sent == received + dropped + dead + left``.
    """

    current_buffer_used: int
    """Messages that wait in the channel. More than `max_buffer_size` after some were returned."""
    max_buffer_size: float
    """How many may wait before `send` blocks: an int, or ``math.inf``."""
    open_send_channels: int
    """Open send ends."""
    open_receive_channels: int
    """Open receive ends."""
    tasks_waiting_send: int
    """Tasks that wait in `send`, at all ends together."""
    tasks_waiting_receive: int
    """Tasks that wait in `receive`, `receive_many` or a batch, at all ends together."""
    peak_buffer_used: int
    """The most messages that ever waited at once."""
    sent: int
    """Messages the channel has accepted."""
    received: int
    """Messages that were received and did not come back: acknowledged or in hand."""
    dropped: int
    """Messages that had no room and were dropped, as the channel's ``overflow`` says."""
    dead: int
    """Messages that became dead letters."""
    in_hand: int
    """Messages received and not acknowledged yet; 0 for a channel without `max_deliveries`."""

    @property
    def left(self) -> int:
        """Messages that were sent and neither received, dropped nor dead.

        They wait in the channel, or, without `max_deliveries`, were let go of when the last receive
        end closed.
        """
        return self.sent - self.received - self.dropped - self.dead
