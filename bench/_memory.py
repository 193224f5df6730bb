"""What components take up: the growth of the resident memory of a process of its own.

Not tracemalloc, which sees what Python asks for and not what the system has to give. A process has
to be fresh, since one that has freed memory before takes it from there, and does not grow.
"""

from __future__ import annotations

import gc
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, cast

from bench._sample import Clock, Sample, ToolMissingError, check_sum

Look: TypeAlias = Callable[[], None]
"""Is called before and after there are more components, and notes the memory of that moment."""

Hold: TypeAlias = Callable[[int, Look], None]
"""``hold_children(size, look)``: start `WARM` components, look, start `size` more, look."""

WARM = 10
"""Components that pay for what is made once, when the first of them starts."""

_STATM = Path("/proc/self/statm")


def memory_apart(module: str, size: int, clock: Clock) -> Sample:
    """Run ``hold_children`` of `module` in a process of its own; its growth is the amount.

    Raises:
        ToolMissingError: This system does not tell how much of a process is resident.
    """
    if not _STATM.exists():
        raise ToolMissingError(f"needs {_STATM}, which this system does not have")
    begun = clock()
    done = subprocess.run(
        [sys.executable, "-m", __name__, module, str(size)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    return Sample(count=size, nanoseconds=clock() - begun, amount=int(done.stdout))


def main(module: str, size: int) -> None:
    """Print by how many bytes this process grew for `size` components."""
    looks: list[int] = []

    def look() -> None:
        gc.collect()
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
        looks.append(pages * os.sysconf("SC_PAGE_SIZE"))

    cast("Hold", importlib.import_module(module).hold_children)(size, look)
    check_sum("looks taken", len(looks), 2)
    print(looks[1] - looks[0])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
