"""How often an idle process wakes up, seen from outside: by ``strace``, where it is there.

From inside it cannot be told: a program that is asked whether it sleeps is awake.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench._sample import Clock, Sample, ToolMissingError, WrongSumError, check_sum

IDLE = "idle"
"""What the process writes, with its number, when all is set up: in the trace the window opens."""

_STRACE = "strace"
_CALLS = "trace=/^(epoll_p?wait2?|write)$"
_RETURNED = re.compile(r"epoll_p?wait2?.*\) += -?\d")


def mark_idle() -> None:
    """Say that from now on there is nothing to do."""
    os.write(1, f"{IDLE} {os.getpid()}\n".encode())


def wake_ups_apart(module: str, milliseconds: int, clock: Clock) -> Sample:
    """Run `module` as a program, and count how often epoll returns once it has marked itself idle.

    The process is killed at the end of the window: anything gentler would wake it up.

    Raises:
        ToolMissingError: There is no strace, or it may not trace here.
        WrongSumError: The program never was idle.
    """
    _check_strace()
    begun = clock()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace")
        _watch(trace, module, milliseconds / 1e3)
        lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    opened = [number for number, line in enumerate(lines) if f'"{IDLE} ' in line]
    check_sum("marks in the trace", len(opened), 1)
    before, within = lines[: opened[0]], lines[opened[0] + 1 :]
    # Else the trace is of something that has no epoll, and its zero means nothing.
    check_sum("epoll seen before the window", any(map(_RETURNED.search, before)), True)
    check_sum("epoll entered in the window", any("epoll" in line for line in within), True)
    returned = sum(_RETURNED.search(line) is not None for line in within)
    return Sample(count=milliseconds, nanoseconds=clock() - begun, amount=returned)


def _traced(trace: str, *arguments: str) -> list[str]:
    return [_STRACE, "-f", "-e", _CALLS, "-o", trace, sys.executable, *arguments]


def _check_strace() -> None:
    if shutil.which(_STRACE) is None:
        raise ToolMissingError(f"needs the program {_STRACE!r}, which is not installed")
    tried = subprocess.run(
        _traced(os.devnull, "-c", ""), capture_output=True, text=True, check=False
    )
    if tried.returncode != 0:
        raise ToolMissingError(f"{_STRACE!r} does not trace here: {tried.stderr.strip()[-200:]}")


def _watch(trace: Path, module: str, seconds: float) -> None:
    process = subprocess.Popen(
        _traced(str(trace), "-m", module),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
        start_new_session=True,
    )
    assert process.stdout is not None
    errors = ""
    try:
        said = process.stdout.readline().split()
        if said:
            time.sleep(seconds)
            os.kill(int(said[1]), signal.SIGKILL)
        _, errors = process.communicate(timeout=10)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if not said:
        raise WrongSumError(f"the program never was idle: {errors.strip()[-200:]}")
