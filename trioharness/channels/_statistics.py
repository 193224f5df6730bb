"""What a channel has done and what it holds, as numbers."""

from __future__ import annotations

from .._frozen import frozen


@frozen
class ChannelStatistics:
    """The numbers of one channel at one moment, from `statistics()` of either end.

    The first six have trio's names and trio's meanings. Not a log: for what happened to a single
    message see the events of the supervisor, or `Channel.dead`.

    At any moment ``sent == received + dropped + dead + left``. The counts are exact and cost a
    message next to nothing. The times are known from earlier readings, because a message does not
    look at the clock: read them every few seconds, and they are exact to that. They are never too
    long, and say nothing where no trio program runs.
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
    send_waiting_since: float | None
    """Since when the task that waits longest in `send` has done so, or earlier: the trio time of
    the first reading that saw it. None if no task waits."""
    receive_waiting_since: float | None
    """The same of the task that waits longest to receive."""
    oldest_age: float
    """Seconds for which the oldest queued message has been sent, or more: since the first reading
    that saw it, or one that was sent after it. 0.0 if nothing is queued."""
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
    doomed: int
    """Messages that have had all their deliveries and wait for room among the dead letters. While
    there is one, nothing is received: have `Channel.dead` read."""
    in_hand: int
    """Messages received and not acknowledged yet; 0 for a channel without `max_deliveries`."""

    @property
    def left(self) -> int:
        """Messages that were sent and neither received, dropped nor dead.

        They wait in the channel, or, without `max_deliveries`, were let go of when the last receive
        end closed.
        """
        return self.sent - self.received - self.dropped - self.dead
