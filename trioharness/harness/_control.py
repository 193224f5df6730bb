"""The control socket of a running application: it answers whoever may connect.

Whatever a client does, the application goes on as if it were not there: questions are small and
have to come in time, answers have to be taken in time, and whatever fails ends its connection.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol, assert_never

import attrs
import trio

from .._errors import CodecError, TrioharnessError
from ..observe import log_failure, summary
from ..supervision import Child, alone
from ._protocol import (
    Answer,
    AskDump,
    AskEvents,
    AskSnapshot,
    Question,
    Refused,
    Side,
    Steer,
    Text,
    answering,
)
from ._snapshot import Snapshot
from ._socket import listening_at
from ._told import Say, Told

CLIENTS: Final = 32
"""Connections at a time; more are closed at once."""
PATIENCE: Final = 5.0
"""Seconds for a question to come, and for each answer to be taken."""
FAREWELL: Final = 1.0
"""Seconds that clients have for the last events, once the application has ended."""
LEAST_EVERY: Final = 0.05
"""Seconds between two snapshots for one client, at least."""


class Steered(Protocol):
    """What of an application is asked and steered."""

    def snapshot(self) -> Snapshot:
        """Say how it is."""
        ...

    def watched(self) -> AbstractAsyncContextManager[Callable[[], Snapshot]]:
        """Watch its event loop, and give what says how it is meanwhile."""
        ...

    def dump(self) -> str:
        """Say where its tasks stand."""
        ...

    def child(self, path: str) -> Child[object]:
        """Return a component, at any depth."""
        ...

    def drain(self, grace: float | None = None) -> bool:
        """Begin to end it, and say whether it drains or stops."""
        ...


@attrs.define(eq=False)
class Control:
    """Answers what comes through the socket of one application."""

    subject: str
    """The application, for errors."""
    path: Path
    app: Steered
    told: Told = attrs.field(factory=Told, init=False)
    _clients: int = attrs.field(default=0, init=False)
    _reading: set[trio.CancelScope] = attrs.field(factory=set[trio.CancelScope], init=False)
    """Around each wait for a question."""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:  # noqa: ASYNC911 - leaving waits for clients
        """Answer during the block.

        Raises:
            ConfigurationError: The socket cannot be made there.
        """
        with listening_at(self.subject, self.path) as listener, alone():
            async with trio.open_nursery() as nursery:
                accepting = trio.CancelScope()
                nursery.start_soon(self._accept, listener, nursery, accepting)
                try:
                    yield
                finally:
                    self.told.close()
                    for scope in (accepting, *self._reading):
                        scope.cancel(reason="the application has ended")
                    nursery.cancel_scope.deadline = trio.current_time() + FAREWELL

    async def _accept(
        self, listener: trio.SocketListener, nursery: trio.Nursery, scope: trio.CancelScope
    ) -> None:
        with scope:
            await trio.serve_listeners(self._connected, [listener], handler_nursery=nursery)
        await trio.lowlevel.checkpoint()

    async def _connected(self, stream: trio.SocketStream) -> None:  # noqa: ASYNC910
        self._clients += 1
        try:
            await trio.lowlevel.checkpoint()
            async with stream:
                if self._clients <= CLIENTS:
                    await self._converse(stream)
        except* (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            pass  # it is gone, or as good as gone
        except* Exception as group:
            log_failure(f"the control socket of {self.subject} failed a client", group)
        finally:
            self._clients -= 1

    async def _converse(self, stream: trio.SocketStream) -> None:
        """Take one question and answer it."""
        side = answering()

        async def say(answer: Answer) -> None:
            with trio.fail_after(PATIENCE):
                await stream.send_all(side.write(answer))

        try:
            question = await self._question(side, stream)
        except CodecError as error:
            await say(Refused(text=str(error)))
            return
        if question is None:
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_it_says_more, stream, nursery.cancel_scope)
            await self._answer(question, say)
            nursery.cancel_scope.cancel(reason="its question is answered")

    async def _question(
        self, side: Side[Answer, Question], stream: trio.SocketStream
    ) -> Question | None:
        """Receive the question; None if none comes in time, or the application ends first."""
        with trio.move_on_after(PATIENCE) as scope:
            self._reading.add(scope)
            try:
                async for received in stream:
                    for question in side.read(bytes(received)):
                        return question
            finally:
                self._reading.discard(scope)
        return None

    async def _answer(self, question: Question, say: Say) -> None:
        await trio.lowlevel.checkpoint()
        match question:
            case AskSnapshot():
                await self._snapshots(question.every, say)
            case AskDump():
                await say(Text(text=self.app.dump()))
            case AskEvents():
                await self.told.tell(say, follow=question.follow)
            case Steer():
                await say(await _steered(self.app, question))
            case _:
                assert_never(question)

    async def _snapshots(self, every: float | None, say: Say) -> None:
        if every is None:
            await say(self.app.snapshot())
            return
        async with self.app.watched() as snapshot:
            while True:
                await say(snapshot())
                await trio.sleep(max(every, LEAST_EVERY))


async def _steered(app: Steered, order: Steer) -> Answer:
    """Do what was asked, and say how that went."""
    await trio.lowlevel.checkpoint()
    try:
        if order.action == "drain":
            drains = app.drain(order.grace)
            return Text(text="it drains" if drains else "it stops, and does not drain any more")
        if order.path is None:
            return Refused(text=f"{order.action} is for one component; give its path")
        child = app.child(order.path)
        await _DO[order.action](child, order.reason or f"{order.action} through the control socket")
    except TrioharnessError as error:
        return Refused(text=str(error))
    except Exception as error:
        return Refused(text=f"{order.path!r} failed to {order.action}: {summary(error)}")
    return Text(text=f"{child.path!r} is {child.state}")


_DO: Final[Mapping[str, Callable[[Child[object], str], Awaitable[None]]]] = {
    "start": lambda child, _: child.start(),
    "stop": lambda child, reason: child.stop(reason),
    "restart": lambda child, reason: child.restart(reason),
}


async def _until_it_says_more(stream: trio.SocketStream, scope: trio.CancelScope) -> None:
    """Wait until a client leaves, or says more than its one question; then it is answered no more.

    Without it a client that is gone would be noticed with the next event, which may never come.
    """
    await trio.lowlevel.checkpoint()
    with contextlib.suppress(trio.BrokenResourceError):
        await stream.receive_some(1)
    scope.cancel(reason="its client is gone")
