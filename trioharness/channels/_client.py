"""The end of a channel of requests that asks."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

import attrs
from trio.lowlevel import (
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
    wait_task_rescheduled,
)

from ._request import request_of
from ._send import SendChannel

if TYPE_CHECKING:
    from ._request_state import RequestState

Q_contra = TypeVar("Q_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


@attrs.frozen(kw_only=True)
class CallStatistics:
    """What became of the calls of a channel of requests, from `RequestClient.call_statistics`."""

    made: int
    """Calls that were accepted; always ``replied + failed + cancelled + waiting``."""
    replied: int
    """Calls that got a reply."""
    failed: int
    """Calls that got an error: of the responder, or because nobody answers them. One that is
    refused at once is none of those that were made."""
    cancelled: int
    """Calls whose caller was cancelled, or whose deadline passed."""

    @property
    def waiting(self) -> int:
        """Calls that are waited for just now."""
        return self.made - self.replied - self.failed - self.cancelled


@final
@attrs.define(eq=False, repr=False)
class RequestClient(SendChannel[Q_contra], Generic[Q_contra, R_co]):
    """The end that asks, from `open_requests` or `clone`.

    It is a send channel, whose messages are requests without a reply, and has `call` beside that.
    """

    if TYPE_CHECKING:
        _state: RequestState  # pyright: ignore[reportIncompatibleVariableOverride]

    @enable_ki_protection
    async def call(self, message: Q_contra) -> R_co:
        """Ask, and wait for the reply.

        Args:
            message: What is asked for, passed by reference unless there is a ``copy``.

        Returns:
            The reply.

        Raises:
            ResponderDied: Whoever had taken it ended without an answer.
            Unanswered: The responder's block ended without an answer.
            CallToOneself: Only the task that calls could answer, and it is busy calling; also when
                the last of the others goes while this waits to be taken. That is seen while it has
                a call to answer, is in the block of a request, or has received a cast last and not
                said `ReceiveChannel.ack`; and on an end that is its own: one that other tasks are
                to share, and have not received through yet, looks like that.
            RequestLeftOut: A view of the responder's took it and did not show it.
            MessageTypeError: Messages of this type are not asked here.
            trio.BrokenResourceError: Nobody is there to answer, or to come: all receive ends are
                closed or suspended, also while this waits to be taken. Or it was finished, also
                while this waited for room; what is queued by then is still answered.
            trio.ClosedResourceError: This end is closed, also while this waits for room.
            Exception: Whatever the responder raised, the very object, with a note.

        Cancellation:
            A checkpoint. Cancelled, it leaves at once: a request that nobody has taken is taken
            back; the block of a responder that works on it is cancelled, and no reply is waited
            for. So the caller's deadline is that of the responder, too.
        """
        await checkpoint_if_cancelled()
        state = self._state
        task = current_task()
        if task in state.responders:
            state.refuse_oneself(task)
        if self._closed or type(message) not in state.askable:
            request = self._checked(message)
            request._caller = task
            request._is_call = True
        else:  # nearly always
            request = request_of(message, state, next(state.numbers), task, True)
        state.calls += 1
        if not state.offer(request):
            state.senders[task] = (self, request, None)
        reply: R_co = await wait_task_rescheduled(request._abort)
        return reply

    def cast(self, message: Q_contra) -> Coroutine[Any, Any, None]:
        """Ask for something to be done, without a reply; the same as `send`.

        It waits for room, and not for anybody to take the request. Its errors are those of `send`.

        Args:
            message: What is asked for.

        Returns:
            What is to be awaited.

        Cancellation:
            A checkpoint. Cancelled, it has asked for nothing.
        """
        return self.send(message)

    @enable_ki_protection
    def clone(self) -> RequestClient[Q_contra, R_co]:
        """Return another end that asks the same responders, to be closed by itself.

        Raises:
            trio.ClosedResourceError: This end is closed.
        """
        if self._closed:
            raise self._state.closed_error()
        return RequestClient[Q_contra, R_co]._create(self._state, self._channel)

    def call_statistics(self) -> CallStatistics:
        """Return what became of all calls, through whichever end, as numbers of this moment."""
        state = self._state
        return CallStatistics(
            made=state.calls,
            replied=state.replied,
            failed=state.failed,
            cancelled=state.cancelled,
        )
