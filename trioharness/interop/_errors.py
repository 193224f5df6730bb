"""The errors of trio's channels and of anyio's streams, each for each."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from typing import Final

import anyio
import trio

ANYIOS: Final[Mapping[type[Exception], type[Exception]]] = {
    trio.ClosedResourceError: anyio.ClosedResourceError,
    trio.BrokenResourceError: anyio.BrokenResourceError,
    trio.EndOfChannel: anyio.EndOfStream,
    trio.WouldBlock: anyio.WouldBlock,
}
"""What anyio calls the errors of trio."""

TRIOS: Final[Mapping[type[Exception], type[Exception]]] = {
    **{theirs: ours for ours, theirs in ANYIOS.items()},
    anyio.BusyResourceError: trio.BusyResourceError,
}
"""What trio calls those of anyio."""


@contextlib.contextmanager
def anyios_errors() -> Generator[None]:
    """Raise anyio's error for each of trio's that is raised inside."""
    try:
        yield
    except tuple(ANYIOS) as error:
        raise ANYIOS[type(error)](*error.args) from error.__cause__
    except trio.BusyResourceError as error:
        raise anyio.BusyResourceError("using") from error


@contextlib.contextmanager
def trios_errors() -> Generator[None]:
    """Raise trio's error for each of anyio's that is raised inside."""
    try:
        yield
    except tuple(TRIOS) as error:
        raise TRIOS[type(error)](*error.args) from error.__cause__
