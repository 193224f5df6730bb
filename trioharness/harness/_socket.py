"""The Unix socket that a running application is asked and steered through; POSIX only."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Generator
from pathlib import Path
from typing import Final, cast

import trio

from .._errors import ConfigurationError

LONGEST_PATH: Final = 100
"""Bytes of a path that each system takes for a socket, a suffix of ours included."""


def check_control(subject: str, path: object) -> Path | None:
    """Refuse what cannot be the path of a control socket.

    Raises:
        ConfigurationError: It is no path, or too long, or there are no such sockets here.
    """
    if path is None:
        return None
    if not isinstance(path, str | os.PathLike):
        raise ConfigurationError(subject, f"control={path!r} is no path", "give the path of a file")
    text = os.fspath(cast("str | os.PathLike[str]", path))
    if not isinstance(text, str) or not text:
        raise ConfigurationError(subject, f"control={path!r} is no path", "give it as text")
    if not hasattr(socket, "AF_UNIX"):
        raise ConfigurationError(subject, "this system has no Unix sockets", "leave control= out")
    if len(os.fsencode(text)) > LONGEST_PATH - len(_suffix()):
        raise ConfigurationError(
            subject,
            f"control={text!r} is longer than a system takes for a socket",
            f"give a path of at most {LONGEST_PATH - len(_suffix())} bytes",
        )
    return Path(text)


def _suffix() -> str:
    return f".{os.getpid()}"


@contextlib.contextmanager
def listening_at(subject: str, path: Path) -> Generator[trio.SocketListener]:
    """Listen at a path, for this user alone, as long as the block goes on.

    A socket that nobody listens at is replaced. The new one takes its place in one step, and only
    once it is ready and closed to others: nobody can reach one that is half made.

    Raises:
        ConfigurationError: Somebody listens there, or something else is there, or the folder is
            not there or may not be written.
    """
    _check_free(subject, path)
    made = Path(f"{path}{_suffix()}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            made.unlink(missing_ok=True)
            # Linux gives what bind makes the mode of the socket; elsewhere it comes a step later.
            with contextlib.suppress(OSError):
                os.fchmod(listener.fileno(), stat.S_IRUSR | stat.S_IWUSR)
            listener.bind(str(made))
            made.chmod(stat.S_IRUSR | stat.S_IWUSR)
            listener.listen()
            identity = _identity(made)
            made.replace(path)
        except OSError as error:
            made.unlink(missing_ok=True)
            raise ConfigurationError(
                subject,
                f"its control socket cannot be made at {str(path)!r}: {error.strerror or error}",
                "give control= a path in a folder that is there and may be written",
            ) from error
        try:
            yield trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        finally:
            with contextlib.suppress(OSError):
                if _identity(path) == identity:  # another may have taken its place
                    path.unlink()


def _identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino


def _check_free(subject: str, path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # nothing is there, or the bind will say what is wrong
    if not stat.S_ISSOCK(mode):
        raise ConfigurationError(
            subject,
            f"control={str(path)!r} is there, and is no socket",
            "give another path, or take away what is there",
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.setblocking(False)  # a full queue means that somebody has one
        refused = asked.connect_ex(str(path))
    if refused in (errno.ECONNREFUSED, errno.ENOENT):
        return  # its process is gone
    raise ConfigurationError(
        subject,
        f"an application that runs listens at {str(path)!r}",
        "give this one a path of its own, or end the other",
    )
