"""The end of a channel that messages come out of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, final

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

from .._errors import FilterFailed, Lagged
from .._events import InHand
from .._util import NoPublicConstructor
from ._batches import Batches, check_batch
from ._hand import Hand, Meter
from ._report import describe, read_statistics
from ._source import ChannelSource, Source
from ._state import ChannelState
from ._statistics import ChannelStatistics
from ._waiting import EMPTY, OVER, Seat, leave, wait_to_receive

if TYPE_CHECKING:
    from ._channel import Channel

T_co = TypeVar("T_co", covariant=True)


@final
@attrs.define(eq=False, repr=False)
class ReceiveChannel(trio.abc.ReceiveChannel[T_co], metaclass=NoPublicConstructor):
    """The receive end of a channel, from `open_channel`, `clone`, `Channel.dead`, or of a topic.

    Each message goes to one receiver: clones share the work, they do not each get a copy. Who
    waits first is served first. ``async for message in end`` ends by itself when the channel does.

    With `max_deliveries`, what this end received last (a message, or a batch) is **in hand** until
    the next receive on this end, `ack`, or the end of the incarnation. Give each task an end of its
    own then: on a shared one a task that receives acknowledges what the other still works on.
    Leaving ``with end:`` settles what is in hand: acknowledged if the body ended well, a failed
    delivery if it raised an `Exception`, put back as it was if it was cancelled. A supervisor does
    the same for the ends it has handed over. The channel does not end for other receivers while
    something is in hand that may come back.
    """

    _state: ChannelState
    _channel: Channel[T_co]
    _hand: Hand = attrs.field(factory=Hand, init=False)
    _seat: Seat = attrs.field(init=False)
    _many: Batches[T_co] | None = attrs.field(default=None, init=False)
    """For `receive_many`, as it was called last."""

    def __attrs_post_init__(self) -> None:
        self._seat = Seat(self._hand)
        self._state.open_receive(self._hand)

    def __repr__(self) -> str:
        return describe(self._state, self, closed=self._hand.closed)

    @property
    def channel(self) -> Channel[T_co]:
        """The channel, the same object for all its ends."""
        return self._channel

    @property
    def answers(self) -> bool:
        """Whether messages are requests, which somebody waits for an answer to.

        Supervisors `suspend` such an end while all that receive through it stay down.
        """
        return self._state.answers

    # `receive` and `__anext__` return the coroutine that does it, instead of being one around it:
    # that is 3 % of a message. pyright insists on the class that ``async def`` makes; mypy on this.
    def receive(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
    ) -> Coroutine[Any, Any, T_co]:
        """Take the next message out of the channel, waiting for one if there is none.

        Calling it acknowledges what this end has in hand, even if it then finds nothing or is
        cancelled. Always a checkpoint. Cancelled, it has taken nothing.

        Returns:
            The message, the very object that was sent (or its copy, if the channel has a ``copy``).

        Raises:
            trio.EndOfChannel: All send ends are closed or the channel was finished, nothing is
                queued, and nothing is in hand that may come back.
            trio.ClosedResourceError: This end is closed, also while this waits.
            Lagged: This is a subscription, and messages were missed before the next one.
            FilterFailed: This is a subscription, and its filter raised.
        """
        return self._next(trio.EndOfChannel)

    def __anext__(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
    ) -> Coroutine[Any, Any, T_co]:
        """Receive the next message of ``async for``, which the end of the channel ends."""
        return self._next(StopAsyncIteration)

    @enable_ki_protection
    async def _next(self, end: type[Exception]) -> T_co:
        state = self._state
        hand = self._hand
        if hand.held:
            state.acknowledge(hand)
        # Who finds nothing waits, and trio looks for a cancellation there as well. But who is
        # cancelled is not told of what was missed, and counts for nobody who answers requests.
        if (
            state.queue
            or state.senders
            or state.ended
            or hand.closed
            or state.gapped
            or (state.answers and hand.task is not current_task())
        ):
            await checkpoint_if_cancelled()
            if hand.closed:
                raise state.closed_error()
        try:
            item = state.take(hand)
        except (Lagged, FilterFailed):  # of a subscription: who tries again at once must not spin
            await cancel_shielded_checkpoint()
            raise
        if item is EMPTY and hand.meter is not None:
            item = await wait_to_receive(state, self._seat)
        elif item is EMPTY:  # as wait_to_receive does without a meter, and without that call
            task = current_task()
            state.receivers[task] = self._seat
            item = await wait_task_rescheduled(partial(leave, state.receivers, task))
        elif item is not OVER:
            await cancel_shielded_checkpoint()
        if item is OVER:
            raise end
        message: T_co = state.unpack(hand, item) if state.tracked else item
        return message  # noqa: ASYNC910 - it has waited, or had its checkpoint

    @enable_ki_protection
    def receive_nowait(self) -> T_co:
        """Take the next message out of the channel if there is one.

        Calling it acknowledges what this end has in hand, even if it then finds nothing.

        Returns:
            The message, the very object that was sent (or its copy, if the channel has a ``copy``).

        Raises:
            trio.WouldBlock: Nothing is there just now.
            trio.EndOfChannel: As for `receive`.
            trio.ClosedResourceError: This end is closed.
            Lagged: As for `receive`.
            FilterFailed: As for `receive`.
        """
        state = self._state
        hand = self._hand
        if hand.closed:
            raise state.closed_error()
        state.acknowledge(hand)
        item = state.take(hand)
        if item is EMPTY:
            raise trio.WouldBlock
        if item is OVER:
            raise trio.EndOfChannel
        message: T_co = state.unpack(hand, item) if state.tracked else item
        return message

    def receive_many(self, limit: int, /) -> Coroutine[Any, Any, list[T_co]]:
        """Take what is there, up to `limit` messages; wait for one if nothing is.

        Much faster than one by one: a batch costs one wake-up and one checkpoint. It acknowledges
        as `receive` does, and the whole batch is then in hand. A message of a batch whose receiver
        crashed comes as a batch of one. Always a checkpoint. Cancelled, it has taken nothing.

        Args:
            limit: The most messages to take, 1 or more.

        Returns:
            The messages in order, at least one.

        Raises:
            ConfigurationError: `limit` is not a whole number of at least 1.
            trio.EndOfChannel: As for `receive`.
            trio.ClosedResourceError: This end is closed, also while this waits.
            Lagged: As for `receive`; a batch ends where messages were missed.
            FilterFailed: As for `receive`.
        """
        check_batch(limit, None)
        if self._many is None or self._many.limit != limit:
            self._many = self._batches(limit, None, trio.EndOfChannel)
        return self._many.__anext__()

    def batches(self, limit: int, /, within: float | None = None) -> AsyncIterator[list[T_co]]:
        """Return an iterator over all that comes, in batches: ``async for batch in …``.

        A batch is what `receive_many` gives. With `within` it then waits for more until it is full
        or that many seconds have passed since its first message. Cancelled while it waits, it puts
        back what it has, in the order of sending, also with what other cancelled batches had. The
        last batch comes as soon as nothing more can be sent.

        Args:
            limit: The most messages of a batch, 1 or more.
            within: Seconds since its first message to wait for a fuller batch; by default none.

        Returns:
            The iterator; it ends where `receive` raises `trio.EndOfChannel`.

        Raises:
            ConfigurationError: `limit` is not a whole number of at least 1, or `within` < 0.
        """
        check_batch(limit, within)
        return self._batches(limit, within, StopAsyncIteration)

    def _batches(self, limit: int, within: float | None, end: type[Exception]) -> Batches[T_co]:
        return Batches[T_co]._create(self._state, Seat(self._hand, limit=limit), within, end)

    def _source(self) -> Source[tuple[ReceiveChannel[T_co], T_co]]:
        """Return what `select` takes from."""
        return ChannelSource[ReceiveChannel[T_co], T_co](self, self._state, self._hand)

    @enable_ki_protection
    def ack(self) -> None:
        """Say that the component is done with what this end has in hand.

        The next receive says so by itself; this is for one that is done long before it receives
        again. Without `max_deliveries` nothing is in hand but a cast: who has said this may call
        where it could answer itself.

        Raises:
            trio.ClosedResourceError: This end is closed, so that it has nothing in hand any more.
        """
        if self._hand.closed:
            raise self._state.closed_error()
        self._state.acknowledge(self._hand)

    @enable_ki_protection
    def settle(self, error: Exception | None, *, stopped: bool = False) -> tuple[InHand, ...]:
        """Decide what becomes of what is in hand, at the end of an incarnation.

        For supervisors: a component calls `ack` or receives on, and ``with`` settles by itself.
        What went back when the end was closed is settled too: its attempt is counted, or it is
        taken out again if the component ended well. With all receive ends closed none dies.

        Args:
            error: What the component crashed with: the messages go back to the front and their
                attempt counts; one that was alone in hand, and has had all its deliveries, becomes
                a dead letter. None: they are acknowledged.
            stopped: The component was told to stop: whatever `error` says, the messages go back to
                the front as they were.

        Returns:
            What was in hand and what became of it, told once: also what ``with`` has settled
            before. Empty without `max_deliveries`.
        """
        return self._state.settle(self._hand, error, stopped=stopped)

    @enable_ki_protection
    def clone(self) -> ReceiveChannel[T_co]:
        """Return another receive end of the same channel, to be closed by itself.

        Raises:
            trio.ClosedResourceError: This end is closed.
        """
        if self._hand.closed:
            raise self._state.closed_error()
        clone = ReceiveChannel[T_co]._create(self._state, self._channel)
        clone._hand.came_from(self._hand)
        return clone

    @enable_ki_protection
    def watch(self, meter: Meter | None) -> None:
        """Have a meter told when a task begins to wait on this end, and when that is over.

        For supervisors, which do not take an idle consumer for a silent one. The end has changed
        hands with this: who received through it is forgotten. Later clones have the same meter.

        Args:
            meter: What is told; None for nobody, also for a wait that begins later.
        """
        self._state.change_hands(self._hand, meter)

    @enable_ki_protection
    def finish(self) -> None:
        """End the channel for all its ends without losing what it holds.

        From now on every send fails with `trio.BrokenResourceError`, also one that waits already;
        what is queued, or comes back from a hand, is still delivered; then receivers see the end.
        To leave the work to other receivers, close this end instead. A closed end can still be
        asked. On an end of `Channel.dead`, which ends by itself, it does nothing.
        """
        self._state.finish()
        self._state.tell()

    @enable_ki_protection
    def suspend(self, error: Exception) -> None:
        """Say that nobody is there to receive through this end, until `resume`.

        While that is so of all open receive ends, every send fails, also one that waits already:
        with a `trio.BrokenResourceError` whose cause is `error`. What is queued or in hand stays,
        and can be received. On an end of `Channel.dead` it changes nothing: messages die all the
        same. On a closed end it does nothing.

        Args:
            error: Why nobody is there; a second call gives another reason.
        """
        self._hand.suspended = error
        self._state.heed_suspended()

    @enable_ki_protection
    def resume(self) -> None:
        """Let the channel take messages again after `suspend`, as a new clone does.

        It does not undo `finish`, nor open a channel again whose receive ends are all closed.
        """
        self._hand.suspended = None
        self._state.heed_suspended()

    @enable_ki_protection
    def expect(self, holders: int) -> None:
        """Say how many receive through clones of this end, or are to come: calls wait for them.

        Args:
            holders: How many; 0, as at first, where it is not known. The clones are `held_by` them.
        """
        self._hand.expected = holders
        self._state.heed_suspended()

    def held_by(self, holder: object) -> None:
        """Say which of those that are expected has this clone, until it is closed.

        Args:
            holder: Which one, by identity.
        """
        self._hand.held_by(holder)

    @enable_ki_protection
    def close(self) -> None:
        """Close this end; a receive that waits on it fails with `trio.ClosedResourceError`.

        What is in hand goes back as it was. After the last receive end sends fail, and what is
        queued is dropped or, with `max_deliveries`, kept as left. A second call does nothing.
        """
        if not self._hand.closed:
            self._state.close_receive(self._hand)
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

    @enable_ki_protection
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        error = exc_value if isinstance(exc_value, Exception) else None
        stopped = exc_value is not None and error is None
        # Kept for the supervisor, which asks later than the component's own `with`.
        self._hand.report = self._state.settle(self._hand, error, stopped=stopped)
        self.close()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc_value, traceback)
        await cancel_shielded_checkpoint()  # a Cancelled from here would hide the block's own error

    def statistics(self) -> ChannelStatistics:
        """Return the numbers of the channel at this moment."""
        return read_statistics(self._state)
