"""An application for a program that knows nothing of trio: in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

import attrs
import outcome
import trio

from .._errors import ConfigurationError, PortalClosed
from ._harness import Harness
from ._portal import Portal
from ._run import ending_in

if TYPE_CHECKING:
    from ._running import Running


def start_blocking(app: Harness) -> AbstractContextManager[Portal, None]:
    """Run an application in a thread of its own, for synchronous programs.

    Use it in ``with start_blocking(app) as portal:``. When the block is entered, everything has
    started. Leaving it drains the application and waits for its end; a body that raises stops it.
    To let it end by itself, call `Portal.join` before. `Portal.receipt` says afterwards what became
    of all messages.

    Signals are the caller's business. Where Python raises `KeyboardInterrupt` for one, it is
    raised in the body as anywhere else; while the start is waited for, it stops what has started;
    while the end is waited for, the first one stops the application, and the second one leaves it
    as it is, in a thread that does not keep the process.

    Args:
        app: The application; it may be started several times, also at once.

    Returns:
        A context manager that gives the portal of the application. Entering and leaving it raises:

        - `ConfigurationError`: It cannot be run, or this thread runs trio; nothing was started.
        - `StartFailed`: A component failed before it was ready; what had started was stopped.
        - `RestartLimitExceeded`: It gave up; its members are the real errors of the attempts. It
          is raised where the block ends, in place of a `PortalClosed` that the body has met with;
          any other error of the body is in one group with it.
    """
    return _Apart(app)


@attrs.define(eq=False)
class _Apart(AbstractContextManager[Portal, None]):
    """One run of an application in a thread of its own."""

    app: Harness
    _news: queue.SimpleQueue[Portal | outcome.Outcome[None]] = attrs.field(
        factory=queue.SimpleQueue["Portal | outcome.Outcome[None]"], init=False
    )
    """Its portal when it has started; how it ended."""
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    _began: bool = attrs.field(default=False, init=False)
    """Whether the thread has begun, and is to be waited for."""
    _unwanted: bool = attrs.field(default=False, init=False)
    """Whether nobody waits for its start any more."""
    _token: trio.lowlevel.TrioToken | None = attrs.field(default=None, init=False)
    _running: Running | None = attrs.field(default=None, init=False)

    def __enter__(self) -> Portal:
        if trio.lowlevel.in_trio_run():
            raise ConfigurationError(
                f"harness {self.app.name!r}",
                "start_blocking() was called inside of trio, which would stand still meanwhile",
                "use async with app.open() here",
            )
        thread = threading.Thread(target=self._run, name=self.app.name, daemon=True)
        try:
            thread.start()
            first = self._news.get()
        except KeyboardInterrupt:
            self._give_up_start()
            raise
        if isinstance(first, outcome.Outcome):
            first.unwrap()
            raise AssertionError("it ended well without having started")  # pragma: no cover
        return first

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._running is not None
        running = self._running
        try:
            if error is None:
                self._tell(running.drain)
            else:
                self._tell(partial(running.stop, f"its block raised {type(error).__name__}"))
            self._tell(running._outside.close)
            ended = self._news.get()
        except KeyboardInterrupt:
            self._tell(partial(running.stop, "interrupted while it ended"))
            self._news.get()
            raise
        if not isinstance(ended, outcome.Error):
            return
        if error is None or isinstance(error, PortalClosed):
            ended.unwrap()
        raise BaseExceptionGroup(
            f"both the block and the application {self.app.name!r} have failed",
            [error, ended.error],
        )

    def _tell(self, fn: Callable[[], object]) -> None:
        """Have something done in trio, if it still runs, without waiting for it."""
        assert self._running is not None
        self._running.portal._errands.soon(fn)

    def _give_up_start(self) -> None:
        # Whoever of both threads comes second at each of these sees what the other one has said.
        self._unwanted = True
        if self._token is not None:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._scope.cancel)
        if self._began:
            self._news.get()

    # In the other thread

    def _run(self) -> None:
        self._began = True
        ended = outcome.capture(trio.run, self._main)
        if isinstance(ended, outcome.Error):
            ended = outcome.Error(ending_in(ended.error) or ended.error)
        if self._running is not None:
            self._running.portal._errands.abandon()  # trio itself may have crashed
        self._news.put(ended)

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        if self._unwanted:
            self._scope.cancel(reason="its start was interrupted")
        with self._scope:
            async with self.app.open() as self._running:
                self._news.put(self._running.portal)
                await self._running._outside.left.wait()
