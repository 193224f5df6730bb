"""Components that are processes of the operating system: start, output, TERM, grace, KILL."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import attrs
import trio

from .._errors import CommandFailed, ConfigurationError, StartFailed
from .._events import CommandOutput, Stream
from ._ambient import cleanup, current_run
from ._component import TaskStatus
from ._lines import Lines
from ._record import Record

LAST_OUTPUT: Final = 0.5
"""Seconds for what a program that has ended left in its pipes. Usually they are empty at once; but
whoever got away from its process group may hold them open for ever."""

_CHUNK: Final = 8192
"""Bytes; no more than that is told without letting the others run."""


class _Command(Protocol):
    """What `command` makes: a component that is ready with the number of its process."""

    def __call__(
        self, *, task_status: TaskStatus[int] = ..., **needs: object
    ) -> Awaitable[None]: ...


def command(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    ready_line: str | None = None,
) -> _Command:
    """Make a component out of a program: each incarnation is a process of the operating system.

    It is ready once the program runs, or has written its `ready_line`; its value is the number of
    the process. Each line that the
    program writes is an event, `CommandOutput`, which the log shows under the path of the
    component. Exit code 0 is a return; any other end is a crash, `CommandFailed`, which a restart
    policy can name. Its input is empty. POSIX only.

    When it is to stop, the program gets SIGTERM, and SIGKILL at the end of its grace; without a
    grace SIGKILL at once. Both go to all that it has started as well, unless that has left its
    process group; and when it has ended, what is left of them is killed. It is in a session of its
    own, so that Ctrl-C reaches it through its supervisor alone. Where this process itself is
    killed, nobody is there to stop the program, and it goes on.

    Not for a program whose output is wanted as data, or that reads its input: that is an async
    function around `trio.run_process`.

    Example::

        sup.start_soon(th.command(["redis-server", "--port", "6380"]), grace=10)

    Args:
        argv: The program, looked for in the PATH of its environment, and its arguments. No shell
            reads them; for one, ``["sh", "-c", "sort < names"]``.
        cwd: The directory it runs in; by default that of this process.
        env: All of its environment; by default that of this process. To add to that:
            ``{**os.environ, "LANG": "C"}``.
        ready_line: A part of the line, on stdout or stderr, by which the program says that it is
            ready: ``"accepting connections"``. One that ends before has failed to start; give
            ``start_within`` for one that may never write it. Many programs write a line at once
            only to a terminal, and to others when they have some thousand characters.

    Returns:
        An async function that is a component. It takes the values of what it needs by keyword, and
        leaves them aside.

    Raises:
        ConfigurationError: `argv` is no list of words, or `ready_line` no text.
    """
    words = _words_of(argv)
    _check_ready_line(ready_line)

    async def component(  # noqa: ASYNC128 - `_Output` calls it
        *, task_status: TaskStatus[int] = trio.TASK_STATUS_IGNORED, **_: object
    ) -> None:
        record, run = current_run("command()")
        process = await _open(record, words, cwd, env)
        started = partial(task_status.started, process.pid)
        output = _Output(record, run.number, ready_line, started)
        code = await _attend(process, output)
        if code != 0:
            raise CommandFailed(words, code, output.last_error_line)
        if not output.is_ready:
            raise StartFailed(record.path, f"{words[0]!r} ended before it wrote {ready_line!r}")

    component.__name__ = component.__qualname__ = Path(words[0]).name or "command"
    return component


def _words_of(argv: Sequence[str | os.PathLike[str]]) -> tuple[str, ...]:
    cure = 'give the program and its arguments as a list, ["sleep", "60"], say'
    if isinstance(argv, str | bytes | os.PathLike):
        raise ConfigurationError("command", f"{argv!r} is no list of words", cure)
    try:
        words = tuple(os.fspath(word) for word in argv)
    except TypeError:
        raise ConfigurationError("command", f"{argv!r} is no list of words", cure) from None
    if not words or not all(isinstance(word, str) and "\0" not in word for word in words):
        raise ConfigurationError("command", f"{argv!r} is no list of words", cure)
    if not words[0]:
        raise ConfigurationError("command", "the program has no name", cure)
    return words


def _check_ready_line(text: object) -> None:
    if text is not None and not (isinstance(text, str) and text and "\n" not in text):
        raise ConfigurationError(
            "command", f"ready_line: {text!r} is no part of a line", "give a word or more of it"
        )


async def _open(
    record: Record,
    words: tuple[str, ...],
    cwd: str | os.PathLike[str] | None,
    env: Mapping[str, str] | None,
) -> trio.Process:
    try:
        return await trio.lowlevel.open_process(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env,
            start_new_session=True,  # and with that a process group, which can be ended as one
        )
    except OSError as error:
        raise StartFailed(record.path, _why_not(error, words[0], cwd)) from error


def _why_not(error: OSError, program: str, cwd: str | os.PathLike[str] | None) -> str:
    """Say why a program does not run."""
    # `subprocess` names the directory where that is what is wrong.
    if cwd is not None and error.filename == cwd:
        return f"there is no directory {os.fspath(cwd)!r} to run it in ({error.strerror})"
    if isinstance(error, FileNotFoundError):
        return f"there is no program {program!r}; install it, or give its full path"
    return f"{program!r} does not run: {error.strerror}"


@attrs.define(eq=False)
class _Output:
    """What becomes of the output of one process."""

    record: Record
    incarnation: int
    ready_line: str | None
    """A part of the line that says that the program is ready; None if it need not say so."""
    started: Callable[[], None]
    """Called when it is ready."""
    is_ready: bool = attrs.field(default=False, init=False)
    last_error_line: str = attrs.field(default="", init=False)

    def ready(self) -> None:
        """Take note that the program is ready."""
        self.is_ready = True
        self.started()

    def tell(self, stream: Stream, line: str) -> None:
        """Tell a line to the observer of the tree, and whether the program is ready with it."""
        self._tell(stream, line)
        if not self.is_ready and self.ready_line is not None and self.ready_line in line:
            self.ready()

    def _tell(self, stream: Stream, line: str) -> None:
        if stream == "stderr" and line.strip():
            self.last_error_line = line.strip()
        engine = self.record.engine
        engine.observer(
            CommandOutput(
                path=self.record.path,
                incarnation=self.incarnation,
                time=engine.now(),
                stream=stream,
                line=line,
            )
        )

    async def read(self, process: trio.Process, scope: trio.CancelScope) -> None:
        """Tell all that a process writes, until its pipes are closed or `scope` is cancelled."""
        assert process.stdout is not None
        assert process.stderr is not None
        with scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_tell_lines, process.stdout, partial(self.tell, "stdout"))
                nursery.start_soon(_tell_lines, process.stderr, partial(self.tell, "stderr"))


async def _tell_lines(stream: trio.abc.ReceiveStream, tell: Callable[[str], None]) -> None:
    lines = Lines()
    async with stream:
        try:
            while chunk := await stream.receive_some(_CHUNK):
                for line in lines.take(chunk):
                    tell(line)
        finally:
            for line in lines.rest():
                tell(line)


async def _attend(process: trio.Process, output: _Output) -> int:
    """See a process through to its end, whatever that is; return its exit code."""
    # Its output is told for as long as there is a process, so also while that is being stopped.
    reading = trio.CancelScope(shield=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(output.read, process, reading)
        try:
            if output.ready_line is None:
                output.ready()
            await process.wait()
        finally:
            await _end(process)  # noqa: ASYNC102 - it shields, with a deadline
            reading.deadline = trio.current_time() + LAST_OUTPUT
    assert process.returncode is not None
    return process.returncode


async def _end(process: trio.Process) -> None:
    """End a process, if it has not ended yet, and all of its group; leave no zombie."""
    try:
        if process.returncode is None:
            async with cleanup():
                _signal(process, signal.SIGTERM)
                await process.wait()
    finally:
        _signal(process, signal.SIGKILL)
        with trio.CancelScope(shield=True):  # it has been killed: this takes no time
            await process.wait()


def _signal(process: trio.Process, number: signal.Signals) -> None:
    """Send a signal to all of the group of a process; there may be nobody left in it."""
    # EPERM: only those are left that may not be signalled, zombies to some systems.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
