"""How many instructions a workload takes, counted by valgrind in processes of its own.

On a shared machine a time swings by 30 %, a count by 0.3 %: what is only a few per cent better or
worse can be held by a count alone. It says nothing of caches and system calls.
"""

from __future__ import annotations

import gc
import importlib
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import cast

from bench._sample import Clock, Sample, ToolMissingError, Workload, WrongSumError

PARTS = 3
"""The workload runs in full and for one of so many parts, so that what it takes to start is out."""

_FEW = 10
"""How often it is done before."""

_VALGRIND = "valgrind"
_COUNT = ("--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={os.devnull}")
_TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")


def instructions_of(module: str, function: str) -> Workload:
    """Return a workload that counts the instructions of another one.

    It raises `ToolMissingError` where there is no valgrind.

    Args:
        module: Where that one is to be found, in full: a name is all that another process can be
            given.
        function: What it is called there.
    """

    def count(size: int, clock: Clock) -> Sample:
        check_valgrind()
        begun = clock()
        few = max(1, size // PARTS)
        # Side by side, since a count is none of the other's business; a time would be.
        with ThreadPoolExecutor() as threads:
            whole, part = threads.map(partial(_count, module, function), (size, few))
        return Sample(count=size - few, nanoseconds=clock() - begun, amount=whole - part)

    return count


def check_valgrind() -> None:
    """Raise `ToolMissingError`, which says how to get it, where there is no valgrind."""
    if shutil.which(_VALGRIND) is None:
        raise ToolMissingError(
            f"needs the program {_VALGRIND!r}, which is not installed"
            " (Debian, Ubuntu: apt-get install valgrind)"
        )


def _count(module: str, function: str, size: int) -> int:
    command = [sys.executable, "-m", __name__, module, function, str(size)]
    done = subprocess.run(
        [_VALGRIND, *_COUNT, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONHASHSEED": "0"},  # or dicts and sets differ from run to run
    )
    total = _TOTAL.search(done.stderr)
    if done.returncode != 0 or total is None:
        raise WrongSumError(f"nothing was counted: {done.stderr.strip()[-200:]}")
    return int(total[1].replace(",", ""))


def main(module: str, function: str, size: int) -> None:
    """Do the work and be counted."""
    workload = cast("Workload", getattr(importlib.import_module(module), function))
    workload(_FEW, time.process_time_ns)  # so that all that it needs has been imported
    gc.collect()
    gc.freeze()  # or a collection of that falls into one count and not the other
    workload(size, time.process_time_ns)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
