"""Shows how far a run has come: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

import trio

from .tally import Tally

LIVE = 0.1
"""Seconds between two states of the live line."""


async def show_progress(tally: Tally, *, every: float, stream: TextIO | None = None) -> None:
    """Show `tally` until cancelled.

    Args:
        tally: What to show.
        every: Seconds between two plain lines.
        stream: Where to; None is stderr, so that stdout holds the report alone.
    """
    out: TextIO = stream or sys.stderr
    live = out.isatty()
    began = trio.current_time()
    while True:
        await trio.sleep(LIVE if live else every)
        line = progress_line(tally, trio.current_time() - began)
        # Clear, write, and go back to the left: a log line then begins where it should.
        out.write(f"\x1b[2K{line[: _width()]}\r" if live else f"{line}\n")
        out.flush()


def clear_progress() -> None:
    """Remove the live line from stderr, if there is one."""
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[2K")
        sys.stderr.flush()


def progress_line(tally: Tally, seconds: float) -> str:
    """Return the state of `tally` in one line, `seconds` after its start."""
    if tally.listing is None:
        return "codeindex: listing"
    stored = len(tally.stored)
    speed = stored / seconds if seconds else 0.0
    return (
        f"codeindex: {stored:,} of {tally.listed:,} files stored, "
        f"{tally.restarts:,} restarts, {speed:,.0f} files/s"
    )


def _width() -> int:
    # A line that fills its row wraps, and only its last row would be cleared.
    return shutil.get_terminal_size().columns - 1
