"""What a harness has to say on stderr itself, beside the log: a line, or an object of JSON."""

from __future__ import annotations

import contextlib
import sys

from ..observe import write_json_line


def say(level: str, text: str, *, event: str, harness: str | None = None, **facts: object) -> None:
    """Say something as text, or as a line of JSON where the lines of the log are that.

    Args:
        level: How grave it is, where that is shown.
        text: One line or several.
        event: What it is about, for programs.
        harness: Whose it is.
        facts: What else a program may want to know.
    """
    told = {"event": event, **({} if harness is None else {"component": harness}), **facts}
    # Whoever reads may be gone, or there was nobody: sys.stderr is None in a windowed program.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if not write_json_line(level, text, told):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
