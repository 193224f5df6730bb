"""What exit codes say, and the sentence that goes with one."""

from __future__ import annotations

import enum
from typing import NoReturn

import click


class ExitCode(enum.IntEnum):
    """What the process tells its parent."""

    DONE = 0
    GAVE_UP = 1
    REFUSED = 2
    NOT_STARTED = 3
    GRACE_EXCEEDED = 4


def fail(sentence: str, code: ExitCode) -> NoReturn:
    """End the process with a sentence on stderr."""
    click.echo(f"Error: {sentence}", err=True)
    raise SystemExit(code)
