"""How much of a batch was sent."""

from __future__ import annotations

from typing import Any, final

import attrs
import trio


@final
@attrs.define(eq=False)
class SendProgress:
    """How far a `SendChannel.send_many` has come, also after it was cancelled or failed.

    Make one, give it to the call as ``progress=``, and look at it whenever you like: ``sent`` is
    exact at any moment, so ``items[progress.sent:]`` is what is still to be sent. Used again, it
    counts from 0 again; two calls at a time need one each.
    """

    sent: int = attrs.field(default=0, init=False)
    """How many messages of the batch the channel has taken, from its first on."""
    _items: list[Any] = attrs.field(factory=list[Any], init=False, repr=False)
    """The batch while the call runs, as the channel queues it."""

    def _begin(self) -> None:
        """Forget the last batch.

        Raises:
            trio.BusyResourceError: It is in the middle of one.
        """
        if self._items:
            raise trio.BusyResourceError(f"{self!r} is in use by another call of send_many")
        self.sent = 0

    def _end(self) -> None:
        """Let go of the batch."""
        self._items = []

    @property
    def _left(self) -> bool:
        """Whether part of the batch is still to be taken."""
        return self.sent < len(self._items)

    def _take(self, limit: float) -> list[Any]:
        """Take the next messages, up to `limit` of them: they are sent with this."""
        begin, end = self.sent, int(min(self.sent + limit, len(self._items)))
        self.sent = end
        return self._items[begin:end]
