"""A process that parses, so that the loop never waits for the parser.

`ast.parse` holds the GIL: in threads, a large file stops the whole process for 50 to 100 ms, and a
second core is of no use. Each `parse` has a process of its own, not a share of a pool: should a
file kill the interpreter, only the one message in hand was with it, and a restart brings a new
process.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import traceback
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any, final

import attrs
import trio

from .messages import Outline, SourceFile
from .outline import outline


@final
@attrs.define(eq=False)
class Worker:
    """A process of one's own that makes outlines; `open_worker` gives one."""

    _process: BaseProcess
    _connection: Connection

    async def outline(self, file: SourceFile) -> Outline:
        """Return what `file` holds; one call at a time.

        Raises:
            Exception: What `outline` raised in the process.
            EOFError, OSError: The process died.

        Cancellation: waits for the answer first, so that the next call cannot get it.
        """
        answer = await trio.to_thread.run_sync(self._ask, file)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ask(self, file: SourceFile) -> Outline | Exception:
        _send(self._connection, file)
        answer: Outline | Exception = _receive(self._connection)
        return answer

    def _close(self) -> None:
        self._connection.close()  # which it takes as its end
        self._process.join(timeout=1)
        self._process.kill()
        self._process.join()


@asynccontextmanager
async def open_worker() -> AsyncGenerator[Worker]:
    """Start a process, and end it with the block."""
    worker = await trio.to_thread.run_sync(_start)
    try:
        yield worker
    finally:
        with trio.CancelScope(shield=True):  # `_close` has a deadline of its own
            await trio.to_thread.run_sync(worker._close)


def _start() -> Worker:
    context = _context()
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return Worker(process, ours)


def _context() -> ForkServerContext | SpawnContext:
    # A plain fork would copy locks that our threads may hold. A fork server forks a process of its
    # own, which has all modules already, in 10 ms; not every system has it.
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _serve(connection: Connection) -> None:
    # Ctrl-C in a terminal goes to every process. Those who end, and when, is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        try:
            file: SourceFile = _receive(connection)
        except EOFError:
            return
        _send(connection, _attempt(file))


# Not `Connection.send` and `recv`: they pickle through views of an `io.BytesIO`, and CPython 3.12.1
# dies of a segmentation fault when its collector meets one of those, left in a traceback.


def _send(connection: Connection, message: object) -> None:
    connection.send_bytes(pickle.dumps(message))


def _receive(connection: Connection) -> Any:
    # From our own process; nobody else has the other end.
    return pickle.loads(connection.recv_bytes())  # noqa: S301


def _attempt(file: SourceFile) -> Outline | Exception:
    try:
        return outline(file)
    except Exception as error:
        # Frames do not travel between processes; a note does.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        error.add_note(f"in the process: {frame.filename}:{frame.lineno} in {frame.name}")
        return error
