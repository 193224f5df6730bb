"""Asking a running application through its control socket."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from .._errors import CodecError
from ..harness.control import Answer, Question, Refused, asking
from ._exit import ExitCode, fail

F = TypeVar("F", bound=Callable[..., Any])

PATIENCE = 10.0
"""Seconds to wait for an application that should answer at once."""


def names_a_socket(command: F) -> F:
    """Give a command the parameter ``path``."""
    return click.option(
        "--control",
        "path",
        type=click.Path(path_type=Path),
        metavar="FILE",
        required=True,
        help="The control socket of the application, as in Harness(control=FILE).",
    )(command)


def ask(path: Path, question: Question, *, patience: float | None = PATIENCE) -> Iterator[Answer]:
    """Ask an application, and yield its answers; where there are none, the process ends.

    Args:
        path: Its control socket.
        question: What to ask.
        patience: Seconds to wait for each answer; None to wait for as long as it takes.
    """
    side = asking()
    with _connected(path, patience) as connection:
        try:
            connection.sendall(side.write(question))
            while received := connection.recv(64 * 1024):
                for answer in side.read(received):
                    if isinstance(answer, Refused):
                        fail(answer.text, ExitCode.GAVE_UP)
                    yield answer
        except TimeoutError:
            fail(f"the application at {str(path)!r} does not answer", ExitCode.GAVE_UP)
        except OSError as error:
            fail(f"the application at {str(path)!r} is gone: {error.strerror}", ExitCode.GAVE_UP)
        except CodecError as error:
            fail(
                f"what listens at {str(path)!r} is no application of this version: {error}",
                ExitCode.GAVE_UP,
            )


def ask_once(path: Path, question: Question, *, patience: float | None = PATIENCE) -> Answer:
    """Ask an application, and return its one answer; where there is none, the process ends."""
    answer = next(ask(path, question, patience=patience), None)
    if answer is None:
        fail(f"the application at {str(path)!r} ended without an answer", ExitCode.GAVE_UP)
    return answer


def _connected(path: Path, patience: float | None) -> socket.socket:
    if not hasattr(socket, "AF_UNIX"):
        fail("this system has no Unix sockets", ExitCode.REFUSED)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(patience)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        why = error.strerror or str(error)
        fail(
            f"no application listens at {str(path)!r} ({why}); run one with control= or --control",
            ExitCode.GAVE_UP,
        )
    return connection
