"""How far a run is: a live line on a terminal, a plain line for each row elsewhere."""

from __future__ import annotations

import shutil
from typing import TextIO

from bench._run import Progress


class ProgressLine:
    """Shows how far a run is; `clear` it before printing anything else on the same terminal."""

    def __init__(self, stream: TextIO) -> None:
        """Write to `stream`, usually stderr, so that the table can be piped away from it."""
        self._stream = stream
        self._live = stream.isatty()

    def show(self, progress: Progress) -> None:
        """Show where the run is."""
        where = f"{progress.group}: {progress.row.name}"
        if self._live:
            line = f"[{progress.done}/{progress.total}] {where}: {progress.rival}"
            self._rewrite(line[: shutil.get_terminal_size().columns - 1])
        elif progress.done == 0:
            print(f"measuring {where}", file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the live line away, so that something else can be printed in its place."""
        if self._live:
            self._rewrite("")

    def _rewrite(self, line: str) -> None:
        # Back to the first column, then erase what the last line left there.
        self._stream.write(f"\r\x1b[K{line}")
        self._stream.flush()
