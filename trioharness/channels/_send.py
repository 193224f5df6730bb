"""The end of a channel that messages go into."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from operator import countOf
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import attrs
import trio
from trio.lowlevel import (
    cancel_shielded_checkpoint,
    checkpoint,
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
    wait_task_rescheduled,
)

from .._util import NoPublicConstructor
from ._progress import SendProgress
from ._report import describe, read_statistics
from ._state import ChannelState
from ._statistics import ChannelStatistics
from ._waiting import Item, leave

if TYPE_CHECKING:
    from ._channel import Channel

T_contra = TypeVar("T_contra", contravariant=True)


@attrs.define(eq=False, repr=False)
class SendChannel(trio.abc.SendChannel[T_contra], metaclass=NoPublicConstructor):
    """The send end of a channel, from `open_channel` or `clone`; or a publisher (`open_topic`).

    Any number of tasks may send through one end; who waits first is served first. Receivers see
    the end of the channel when all its send ends are closed, so give each producer a clone of its
    own and close the original, or hand it to a supervisor, which does that. To reach several
    receivers with the same message, use `open_topic`.

    Use it in ``with``: closing is never a reason to wait.
    """

    _state: ChannelState
    _channel: Channel[object]
    _closed: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._state.open_send_channels += 1

    def __repr__(self) -> str:
        return describe(self._state, self, closed=self._closed)

    @property
    def channel(self) -> Channel[object]:
        """The channel, the same object for all its ends."""
        return self._channel

    @enable_ki_protection
    async def send(self, value: T_contra) -> None:
        """Put a message into the channel, waiting while it is full.

        With another ``overflow`` than ``"wait"`` it never waits for room.

        Args:
            value: The message. It is passed by reference, unless the channel has a ``copy``.

        Raises:
            trio.WouldBlock: The channel is full and was opened with ``overflow="error"``; nothing
                was sent.
            MessageTypeError: The channel does not carry messages of this type.
            trio.BrokenResourceError: No receive end is open any more, or the channel was finished
                or is suspended, also while this waits.
            trio.ClosedResourceError: This end is closed, also while this waits.

        Cancellation:
            A checkpoint. Cancelled, it has sent nothing.
        """
        await checkpoint_if_cancelled()
        state = self._state
        item: Item = value
        # Nearly every message passes here without the call.
        if self._closed or type(value) not in state.admitted:
            item = self._checked(value)
        try:
            if state.offer(item):
                await cancel_shielded_checkpoint()
            else:
                task = current_task()
                state.senders[task] = (self, item, None)
                await wait_task_rescheduled(partial(leave, state.senders, task))
        except trio.WouldBlock:  # of overflow="error": who tries again at once must not spin
            await cancel_shielded_checkpoint()
            raise

    @enable_ki_protection
    async def send_many(
        self, items: Iterable[T_contra], /, *, progress: SendProgress | None = None
    ) -> None:
        """Put messages into the channel, in order; wait while it is full.

        Much faster than one by one: a batch costs one checkpoint and, if it has to wait, one
        wake-up. A batch that is larger than the room that is left goes in as room comes, and no
        message of another sender comes in between. Where it raises, it has sent the first
        ``progress.sent`` messages and no other.

        Args:
            items: The messages, which are all taken from it before the first is sent.
            progress: Told how many were sent, at any moment.

        Raises:
            trio.WouldBlock: The channel is full and was opened with ``overflow="error"``; what
                there was room for was sent.
            MessageTypeError: The channel does not carry messages of the type of one of them; then
                nothing was sent.
            trio.BrokenResourceError: As for `send`.
            trio.ClosedResourceError: As for `send`.
            trio.BusyResourceError: `progress` is in use by another call.

        Cancellation:
            A checkpoint. Cancelled, it has sent the first ``progress.sent`` messages and no other.
        """
        if progress is not None:
            progress._begin()
        await checkpoint_if_cancelled()
        state = self._state
        values: list[Item] = [*items]  # first: it may be a generator which closes this end
        # Nearly every batch is of one known type, and passes here without the call.
        if self._closed or countOf(map(type, values), state.usual) != len(values):
            values = self._checked_many(values)
        if progress is None and state.put_all(values):  # as nearly always
            await cancel_shielded_checkpoint()
        else:
            await self._put_in_parts(values, SendProgress() if progress is None else progress)

    async def _put_in_parts(self, values: list[Item], batch: SendProgress) -> None:
        """Send a batch for which there may be no room. Always a checkpoint."""
        state = self._state
        if not values:  # nothing of it was looked at
            self._check_open()
        batch._items = values
        try:
            if state.put(batch):
                await cancel_shielded_checkpoint()
            else:
                task = current_task()
                state.senders[task] = (self, None, batch)
                await wait_task_rescheduled(partial(leave, state.senders, task))
        except trio.WouldBlock:  # as in send
            await cancel_shielded_checkpoint()
            raise
        finally:
            batch._end()

    @enable_ki_protection
    def send_nowait(self, value: T_contra) -> None:
        """Put a message into the channel if there is room or a receiver waits.

        Args:
            value: The message. It is passed by reference, unless the channel has a ``copy``.

        Raises:
            trio.WouldBlock: The channel is full, and its ``overflow`` drops nothing; nothing was
                sent.
            MessageTypeError: The channel does not carry messages of this type.
            trio.BrokenResourceError: No receive end is open any more, or the channel was finished
                or is suspended.
            trio.ClosedResourceError: This end is closed.
        """
        if not self._state.offer(self._checked(value)):
            raise trio.WouldBlock

    def _checked(self, value: T_contra) -> Item:
        """Return what is to be queued for a message that may be sent."""
        state = self._state
        self._check_open()
        if type(value) not in state.check.known:
            state.check.admit(value, state.name)
        item = state.pack(value)
        if item is not value or state.copy is not None:
            self._check_open()  # again: a copy, or a filter of a topic, may do anything
        return item

    def _checked_many(self, values: list[T_contra]) -> list[Item]:
        """Return what is to be queued for messages that may all be sent."""
        state = self._state
        self._check_open()
        known = state.check.known
        if not known.issuperset(map(type, values)):
            for value in values:
                if type(value) not in known:
                    state.check.admit(value, state.name)
        if values and type(values[0]) in state.admitted:
            state.usual = type(values[0])
        items = state.pack_many(values)
        self._check_open()  # again, as above
        return items

    def _check_open(self) -> None:
        if self._closed:
            raise self._state.closed_error()
        if self._state.broken or self._state.suspended is not None:
            raise self._state.broken_error()

    @enable_ki_protection
    def clone(self) -> SendChannel[T_contra]:
        """Return another send end of the same channel, to be closed by itself.

        Raises:
            trio.ClosedResourceError: This end is closed.
        """
        if self._closed:
            raise self._state.closed_error()
        return SendChannel[T_contra]._create(self._state, self._channel)

    @enable_ki_protection
    def finish(self) -> None:
        """End the channel for all its ends without losing what it holds.

        From now on every send fails with `trio.BrokenResourceError`, also one that waits already;
        what is queued, or comes back from a hand, is still delivered; then receivers see the end.
        To say only that this one producer is done, close its end. A second call does nothing, and
        a closed end can still be asked.
        """
        self._state.finish()
        self._state.tell()

    @enable_ki_protection
    def close(self) -> None:
        """Close this end; a send that waits on it fails with `trio.ClosedResourceError`.

        What was sent stays in the channel. A second call does nothing.
        """
        if not self._closed:
            self._closed = True
            self._state.close_send(self)
            self._state.tell()

    @enable_ki_protection
    async def aclose(self) -> None:
        """Close this end as `close` does.

        Cancellation:
            A checkpoint. Cancelled, the end is closed all the same.
        """
        self.close()
        await checkpoint()

    def __enter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        await cancel_shielded_checkpoint()  # a Cancelled from here would hide the block's own error

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def statistics(self) -> ChannelStatistics:
        """Return the numbers of the channel at this moment."""
        return read_statistics(self._state)
