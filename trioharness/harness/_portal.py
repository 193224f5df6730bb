"""How any thread gets at an application that runs in another one."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, cast, final

import attrs

from .._errors import ConfigurationError, PortalClosed, PortalTimeout
from .._util import NoPublicConstructor, callable_name
from ..channels import RequestClient, SendChannel
from ..observe import SupervisorNode
from ..rules import SupervisorHealth
from ..supervision import is_seconds
from ._declared import DeclaredEnd
from ._errands import Errand, Errands
from ._outside import Outside
from ._receipt import Receipt
from ._snapshot import Snapshot

if TYPE_CHECKING:
    from ._running import Running

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@final
@attrs.define(eq=False, repr=False)
class Portal(metaclass=NoPublicConstructor):
    """The way into a running application for threads, from `Running.portal` or `start_blocking`.

    Any number of threads may use it at once, but none that runs trio itself: there, await what the
    application has. What is said of a time limit holds for all methods that have one:

    - It is in seconds, and counts from the call. None (the default) waits as long as it takes.
    - `PortalTimeout`, which is a `TimeoutError`, says that it was not done and will not be: a
      message was not sent, a call was cancelled. A component that blocks the event loop has no
      part in that: within a second of the limit the thread leaves all the same, unless it waits in
      the loop already, in which case it hears from the loop as soon as that goes on.
    - A `KeyboardInterrupt` ends the wait at once. What was asked for is cancelled, and not waited
      for.

    After the end of the application all methods but `receipt` and `join` raise `PortalClosed`, also
    in threads that wait just then.
    """

    running: Running
    """The application, for functions that `run` and `run_sync` run: it belongs to its own loop."""
    _errands: Errands
    _outside: Outside
    _receipt: Receipt | None = attrs.field(default=None, init=False)
    """How it ended."""

    def __repr__(self) -> str:
        state = "closed" if self._errands.ended.is_set() else "open"
        return f"<portal of {self._errands.harness!r}, {state}>"

    def send(self, end: SendChannel[T], message: T, *, timeout: float | None = None) -> None:
        """Send a message into a channel, waiting while that is full.

        Args:
            end: A send end that was declared and exposed (see `Harness.expose`), or an open one.
                Through the client of `Harness.requests` it is a request without a reply.
            message: The message.
            timeout: Seconds it may wait for room.

        Raises:
            PortalClosed: The application has ended; the message was not sent.
            PortalTimeout: There was no room in time; the message was not sent.
            CalledInTrio: This thread runs trio.
            EndNotOpen: The end was declared, but not exposed.
            trio.BrokenResourceError: Nobody takes messages any more: it drains, for one.
            Exception: Whatever else `SendChannel.send` raises.
        """
        channel = self._opened(end)
        self._errands.ask(
            Errand(
                "send into",
                end,
                partial(channel.send_nowait, message),
                partial(channel.send, message),
                _limit(timeout),
            )
        )

    def call(self, client: RequestClient[Q, R], question: Q, *, timeout: float | None = None) -> R:
        """Ask a component, and wait for its reply.

        Args:
            client: A client that was declared and exposed, or an open one.
            question: What is asked.
            timeout: Seconds it may wait for the reply; the responder sees that as a cancellation.

        Returns:
            The reply.

        Raises:
            PortalClosed: The application has ended before there was a reply.
            PortalTimeout: There was no reply in time.
            CalledInTrio: This thread runs trio.
            EndNotOpen: The client was declared, but not exposed.
            Exception: Whatever `RequestClient.call` raises.
        """
        channel = cast("RequestClient[Q, R]", self._opened(client))
        return self._errands.ask(
            Errand("answer", client, None, partial(channel.call, question), _limit(timeout))
        )

    def run(
        self,
        afn: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
        timeout: float | None = None,
    ) -> T:
        """Run an async function beside the application, and wait for what it returns.

        It runs in a task of its own, with the context variables of this thread, and is no
        component: nobody restarts it. It is cancelled when the components have ended.

        Args:
            afn: The function, such as a method of `running`.
            args: Its arguments.
            timeout: Seconds it may take.

        Returns:
            What it returns.

        Raises:
            PortalClosed: The application has ended before the function has.
            PortalTimeout: It took too long.
            CalledInTrio: This thread runs trio.
            BaseException: Whatever it raises.
        """
        return self._errands.ask(
            Errand(
                "run",
                callable_name(afn),
                None,
                partial(afn, *args),
                _limit(timeout),
                copy_context(),
            )
        )

    def run_sync(self, fn: Callable[[*Ts], T], *args: *Ts, timeout: float | None = None) -> T:
        """Run a function between two steps of tasks, and return what it returns.

        Args:
            fn: The function. It must not block: nothing else runs meanwhile.
            args: Its arguments.
            timeout: Seconds that it may take until it begins.

        Returns:
            What it returns.

        Raises:
            PortalClosed: The application has ended.
            PortalTimeout: The event loop did not get to it in time.
            CalledInTrio: This thread runs trio.
            BaseException: Whatever it raises.
        """
        return self._errands.ask(
            Errand(
                "run",
                callable_name(fn),
                partial(fn, *args),
                None,
                _limit(timeout),
                copy_context(),
            )
        )

    def drain(self, grace: float | None = None) -> None:
        """Begin to end the application without losing what is queued; see `Running.drain`.

        Args:
            grace: Seconds until the rest is cancelled; by default those of the harness.

        Raises:
            PortalClosed: It has ended.
            CalledInTrio: This thread runs trio.
        """
        self.run_sync(self.running.drain, grace)

    def stop(self, reason: str = "it was told to stop") -> None:
        """Begin to stop everything in reverse start order, whatever is queued.

        Args:
            reason: Why, for the log and for what is cancelled.

        Raises:
            PortalClosed: It has ended.
            CalledInTrio: This thread runs trio.
        """
        self.run_sync(self.running.stop, reason)

    def join(self, timeout: float | None = None) -> None:
        """Send nothing more, and wait until the application has ended.

        The exposed ends are closed for all threads, so that a pipeline that only waits for them
        ends by itself. What serves for ever does not: `drain` or `stop` it first. An error that the
        application ends with is raised where its block ends, not here.

        Args:
            timeout: Seconds it may take.

        Raises:
            PortalTimeout: It goes on; its exposed ends are closed all the same.
            CalledInTrio: This thread runs trio.
        """
        with contextlib.suppress(PortalClosed):
            self.run_sync(self._outside.close, timeout=timeout)
        if not self._errands.ended.wait(_limit(timeout)):
            raise PortalTimeout(self._errands.harness, "end", timeout or 0)

    def health(self) -> SupervisorHealth:
        """Say how the application is: as bad as its worst component, and why.

        Raises:
            PortalClosed: It has ended.
            CalledInTrio: This thread runs trio.
        """
        return self.run_sync(self.running.health)

    def tree(self) -> SupervisorNode:
        """Return its components as they are just now; ``str`` of it is a drawing.

        Raises:
            PortalClosed: It has ended.
            CalledInTrio: This thread runs trio.
        """
        return self.run_sync(self.running.supervisor.tree)

    def snapshot(self) -> Snapshot:
        """Return how it is just now, as one value that a `Codec` can write; see `Running.snapshot`.

        Raises:
            PortalClosed: It has ended.
            CalledInTrio: This thread runs trio.
        """
        return self.run_sync(self.running.snapshot)

    def receipt(self) -> Receipt:
        """Return what became of the messages so far; at the end, of all of them.

        Raises:
            CalledInTrio: This thread runs trio, and the application has not ended.
            PortalClosed: The event loop crashed, so that nobody knows.
        """
        if self._receipt is None:
            with contextlib.suppress(PortalClosed):
                return self.run_sync(self.running.receipt)
            self._errands.ended.wait()
        if self._receipt is None:  # pragma: no cover - trio itself crashed, and left no clean-up
            raise PortalClosed(self._errands.harness, "give a receipt")
        return self._receipt

    def _opened(self, end: SendChannel[T]) -> SendChannel[T]:
        """Return the end of this run, for what may be a declared one."""
        given: Any = end
        return self._outside.end(given) if isinstance(given, DeclaredEnd) else end


def _limit(timeout: float | None) -> float | None:
    """Return a time limit that can be.

    Raises:
        ConfigurationError: It is no number of seconds.
    """
    if timeout is not None and not is_seconds(timeout):
        raise ConfigurationError("portal", f"timeout={timeout!r} is no duration", "give seconds")
    return timeout
