"""One request on its way: what was asked, and the task that waits for the reply."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, cast, final

import attrs
import trio
from outcome import Error, Outcome, Value
from trio.lowlevel import Abort, Task, enable_ki_protection, reschedule

from .._errors import AlreadyAnswered, RequestLeftOut, ResponderDied, Unanswered
from .._util import NoPublicConstructor
from ._hand import Hand

if TYPE_CHECKING:
    from ._request_state import RequestState

Q_co = TypeVar("Q_co", covariant=True)
R_contra = TypeVar("R_contra", contravariant=True)


@final
@attrs.define(eq=False, repr=False, weakref_slot=False)
class Request(Generic[Q_co, R_contra], metaclass=NoPublicConstructor):
    """A request that a responder has received, to be answered once.

    Answer it with `reply` or `fail`. That is all that is needed where the answer is at hand. Where
    it takes time, or may fail, work on it inside of ``with request:``, in any task::

        async for request in server:
            with request:
                request.reply(await look_up(request.message))

    The block ends early when the caller no longer waits, because it was cancelled, its deadline has
    passed, or the end that the request was received through was closed. An `Exception` that leaves
    the block is raised in the caller, where there is one that waits, and does not go on here. A
    block that ends without an answer is a fault of the responder: `Unanswered` is raised both here
    and there. The block costs a cancel scope, about as much as the rest of a call.

    A request that came by `RequestClient.cast` has no caller: an answer to it goes nowhere, and an
    error goes on as any other.
    """

    message: Q_co
    """What is asked for."""
    _state: RequestState
    _number: int
    """Its place in the order of asking."""
    _caller: Task | None = None
    """The task that waits for the answer."""
    _is_call: bool = False
    _hand: Hand | None = None
    """Who has it; None while it is queued."""
    _seen: bool = False
    """It reached the responder's code."""
    _answered: bool = False
    """Somebody has answered it, whether or not anybody waited."""
    _scope: trio.CancelScope | None = None

    def __repr__(self) -> str:
        kind = "call" if self._is_call else "cast"
        how = "answered" if self._answered else "abandoned" if self.abandoned else "open"
        return f"<Request {kind} of {self._state.name!r}: {self.message!r}, {how}>"

    @property
    def is_call(self) -> bool:
        """Whether it came by `RequestClient.call`, so that somebody waited for the answer."""
        return self._is_call

    @property
    def abandoned(self) -> bool:
        """Whether it is a call for which nobody waits any more, without an answer from here.

        The caller was cancelled, or its call has failed for a reason of the channel's: this
        responder is gone, its block ended without an answer, or a view left it out.
        """
        return self._is_call and self._caller is None and not self._answered

    @enable_ki_protection
    def reply(self, value: R_contra) -> None:
        """Give the caller its reply; it goes on at once. Where nobody waits, nothing happens.

        Args:
            value: The reply, passed by reference.

        Raises:
            MessageTypeError: The replies are of another type; the caller still waits.
            AlreadyAnswered: It was answered before.
            trio.ClosedResourceError: The end it was received through is closed, so that its caller
                was told that this responder is gone.
        """
        state = self._state
        if type(value) not in state.replies.known:
            state.replies.admit(value, state.reply_name)
        caller, hand = self._caller, self._hand
        if caller is None or hand is None or self._answered:
            self._answer(Value(value))
            return
        # As `_answer` does, which nearly every call would pay for.
        self._answered = True
        self._caller = None
        del hand.taken[self]
        state.replied += 1
        reschedule(caller, Value(value))

    @enable_ki_protection
    def fail(self, error: Exception) -> None:
        """Raise an error in the caller. Where nobody waits, nothing happens.

        Args:
            error: What `RequestClient.call` is to raise; in place of a `StopIteration`, which no
                coroutine can raise, a `RuntimeError`.

        Raises:
            AlreadyAnswered: It was answered before.
            trio.ClosedResourceError: As for `reply`.
            TypeError: `error` is no exception.
        """
        if not isinstance(error, Exception):
            raise TypeError(f"a call fails with an exception, not with {error!r}")
        self._answer(Error(error))

    def _answer(self, answer: Outcome[Any]) -> None:
        if self._answered:
            raise AlreadyAnswered(self._state.name)
        if self._hand is None and self._is_call and self._caller is None:
            raise self._state.closed_error()
        self._answered = True
        if self._caller is not None:
            if isinstance(answer, Value):
                self._state.replied += 1
            else:
                self._state.failed += 1
            self._resume(answer)

    def _resume(self, answer: Outcome[Any]) -> None:
        """Have the caller go on."""
        caller, self._caller = self._caller, None
        assert caller is not None
        if self._hand is not None:
            self._hand.taken.pop(self, None)
        reschedule(caller, answer)

    def _fail_with(self, error: Exception) -> None:
        """Fail the call for a reason of the channel's own."""
        self._state.failed += 1
        self._resume(Error(error))

    def _die(self, error: Exception | None) -> None:
        """Fail the call because whoever took it has ended."""
        if self._caller is not None:
            died = ResponderDied(self._state.name, "" if error is None else repr(error))
            died.__cause__ = error
            self._fail_with(died)
            self._end_block()
        self._hand = None

    def _leave_out(self, by: str, error: Exception | None) -> None:
        """Fail the call because whoever took it passes it on to nobody."""
        if self._caller is not None:
            left_out = RequestLeftOut(self._state.name, by)
            left_out.__cause__ = error
            self._fail_with(left_out)

    def _abort(self, _: object) -> Abort:
        """Let go of the caller, which was cancelled; whoever works for it need not go on."""
        self._state.abandon_call(self)
        self._caller = None
        self._end_block()
        return Abort.SUCCEEDED

    def _end_block(self) -> None:
        """End the block of whoever works for a caller that no longer waits, if there is one."""
        if self._scope is not None:
            self._scope.cancel(reason=f"the caller on {self._state.name!r} no longer waits")

    @enable_ki_protection
    def __enter__(self) -> Self:
        if self._scope is not None:
            raise RuntimeError(f"{self!r} is being worked on already; enter it in one task alone")
        self._scope = trio.CancelScope()
        self._scope.__enter__()
        if self._hand is not None and self._hand.at_work is None:
            self._hand.at_work = self  # also when it has been answered
        if self.abandoned:
            self._end_block()
        return self

    @enable_ki_protection
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        scope, self._scope = self._scope, None
        assert scope is not None
        try:
            caught = bool(scope.__exit__(exc_type, exc_value, traceback))
            if isinstance(exc_value, Exception) and not caught:
                return self._give_to_caller(exc_value)
            if exc_value is None or caught:
                self._expect_answer()
        except Exception as error:  # of a group, what the scope did not take out of it
            if not self._give_to_caller(error):
                raise
            return True
        finally:
            if self._hand is not None and self._hand.at_work is self:
                self._hand.at_work = None
            if self._caller is not None:
                self._die(None)  # left by what is no Exception: nobody else will answer
        return caught

    def _give_to_caller(self, error: Exception) -> bool:
        """Raise an error in the caller; say whether there is one."""
        if self._caller is None:
            return False
        error.add_note(f"raised by the responder to a call on {self._state.name!r}")
        self.fail(error)
        return True

    def _expect_answer(self) -> None:
        """Refuse a block that leaves its caller without an answer."""
        if self._caller is not None:
            self._fail_with(Unanswered(self._state.name))
            raise Unanswered(self._state.name)


request_of: Final = cast("Callable[..., Request[Any, Any]]", Request[Any, Any]._create)
"""Makes a request of a message and its state; to find `_create` each time takes twice as long."""
