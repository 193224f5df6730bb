"""A real process, watched by the lines it writes; nothing here waits for time to pass."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO, Literal

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
"""Seconds after which a line that does not come, or an end, is a failure."""

HARNESS = (sys.executable, "-m", "trioharness")


def environment(path: Path = ROOT) -> dict[str, str]:
    """What a process is told: strict about warnings, and its stdout buffered as it usually is."""
    env = {**os.environ, "PYTHONPATH": str(path), "PYTHONWARNINGS": "error"}
    env.pop("PYTHONUNBUFFERED", None)
    return env


class Process:
    """A running command whose lines are collected as they come."""

    def __init__(self, *command: str, cwd: Path = ROOT) -> None:
        self.popen = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.written: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._queues = {name: queue.SimpleQueue[str | None]() for name in self.written}
        assert self.popen.stdout is not None
        assert self.popen.stderr is not None
        self._threads = [
            threading.Thread(target=self._read, args=(name, stream))
            for name, stream in (("stdout", self.popen.stdout), ("stderr", self.popen.stderr))
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, name: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self.written[name].append(line)
                self._queues[name].put(line)
        self._queues[name].put(None)

    @property
    def stdout(self) -> str:
        return "".join(self.written["stdout"])

    @property
    def stderr(self) -> str:
        return "".join(self.written["stderr"])

    def wait_for(self, text: str, stream: Literal["stdout", "stderr"] = "stdout") -> str:
        """Wait for the next line with `text` in it, however many others come."""
        until = time.monotonic() + PATIENCE
        while True:
            line = self._queues[stream].get(timeout=max(0, until - time.monotonic()))
            assert line is not None, f"{text!r} never came\n{self.stdout}\n{self.stderr}"
            if text in line:
                return line

    def tell(self, number: signal.Signals) -> None:
        os.kill(self.popen.pid, number)

    def ends(self) -> int:
        """Wait for the end, and for all that was written; return the code."""
        code = self.popen.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        return code

    def kill(self) -> None:
        """End it for good, whatever the test has made of it."""
        with contextlib.suppress(ProcessLookupError):
            self.popen.kill()
        self.ends()


@contextlib.contextmanager
def running(*command: str, cwd: Path = ROOT) -> Generator[Process]:
    """Run a command; it does not outlive the block."""
    process = Process(*command, cwd=cwd)
    try:
        yield process
    finally:
        process.kill()
