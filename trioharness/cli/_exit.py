"""What exit codes say, and the sentence that goes with one."""

from __future__ import annotations

import enum
import os
import sys
from typing import NoReturn

import click

from .._errors import ConfigurationError, RestartLimitExceeded
from ..observe import error_text, write_json_line


class ExitCode(enum.IntEnum):
    """What the process tells its parent."""

    DONE = 0
    GAVE_UP = 1
    REFUSED = 2
    NOT_STARTED = 3
    GRACE_EXCEEDED = 4


def say(text: str) -> None:
    """Say something on stderr, if it can be written there; the exit code does not depend on it."""
    try:
        click.echo(text, err=True)
    except OSError:
        # What is left in its buffer is tried again at the exit, whose code would become 120.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stderr.fileno())
        os.close(null)


def fail(
    sentence: str, code: ExitCode, error: BaseException | None = None, *, raw: bool = False
) -> NoReturn:
    """End the process with a sentence on stderr, or a line of JSON where the log is JSON.

    Args:
        sentence: What is wrong, and what to do.
        code: What the parent of the process is told.
        error: What it came of, if it is an error.
        raw: Whether all frames and groups of the error are shown.
    """
    facts: dict[str, object] = {"exit_code": int(code)}
    text = ""
    if error is not None:
        facts["event"] = type(error).__name__
        # These tell in their sentence all that there is to tell.
        if raw or not isinstance(error, ConfigurationError | RestartLimitExceeded):
            facts["traceback"] = text = error_text(error, raw=raw)
    if not write_json_line("critical", sentence, facts):
        if raw and text:
            say(text)
        say(f"Error: {sentence}")
    raise SystemExit(code)
