"""Which ends of a channel are open, and what is said where it takes or gives nothing."""

from __future__ import annotations

import attrs
import trio

from ._counts import Counts
from ._hand import Hand, Meter


@attrs.define(eq=False)
class Ends(Counts):
    """The ends of one channel; the errors are trio's own."""

    name: str
    open_send_channels: int = attrs.field(default=0, init=False)
    hands: dict[Hand, None] = attrs.field(factory=dict[Hand, None], init=False)
    """Those of the open receive ends."""
    finished: bool = attrs.field(default=False, init=False)
    """`finish` was called."""
    ended: bool = attrs.field(default=False, init=False)
    """Nothing new can be sent: finished, or no send end is open."""
    broken: bool = attrs.field(default=False, init=False)
    """A send can only fail, for good."""
    suspended: Exception | None = attrs.field(default=None, init=False)
    """Why a send fails for now: nobody is behind any receive end."""

    @property
    def open_receive_channels(self) -> int:
        """How many receive ends are open."""
        return len(self.hands)

    def change_hands(self, hand: Hand, meter: Meter | None) -> None:
        """Take note that an end has another holder, of whose waits a meter is told."""
        hand.change_hands(meter)

    def closed_error(self) -> trio.ClosedResourceError:
        """Return the error for an end that this process has closed."""
        return trio.ClosedResourceError(f"this end of channel {self.name!r} is closed")

    def broken_error(self) -> trio.BrokenResourceError:
        """Return the error for a send that nobody will ever receive, as far as is known."""
        if not self.broken:
            error = trio.BrokenResourceError(
                f"channel {self.name!r} is suspended and takes no messages: {self.suspended!r}"
            )
            error.__cause__ = self.suspended
            return error
        why = "is finished" if self.finished else "has no open receive end"
        return trio.BrokenResourceError(f"channel {self.name!r} {why} and takes no more messages")
