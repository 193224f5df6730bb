"""Errors of messages and their bytes."""

from __future__ import annotations

import attrs

from ._root import TrioharnessError


class CodecError(TrioharnessError, ValueError):
    """A message and its bytes could not be turned into each other."""


@attrs.define(eq=False, repr=False, slots=False)
class EncodeError(CodecError):
    """A message that cannot become bytes."""

    message: str
    """Wire name (or type) of the message."""
    reason: str
    """What is wrong, and what to do about it."""

    def __str__(self) -> str:
        return f"cannot encode {self.message}: {self.reason}"


@attrs.define(eq=False, repr=False, slots=False)
class DecodeError(CodecError):
    """Bytes that cannot become a message."""

    path: str
    """Where in the message: ``order.lines[3].price``."""
    reason: str
    """What is wrong there."""
    value: str = ""
    """The offending value, shortened; empty where there is none."""

    def __str__(self) -> str:
        got = f" (got {self.value})" if self.value else ""
        return f"cannot decode {self.path}: {self.reason}{got}"


class UnknownMessageError(DecodeError):
    """A wire name or a version that the codec was not built for."""


@attrs.define(eq=False, repr=False, slots=False)
class FrameError(CodecError):
    """A stream of bytes in which no more frames can be found; it is refused from there on."""

    offset: int
    """Where in the stream: bytes before what is wrong."""
    reason: str
    """What is wrong there."""

    def __str__(self) -> str:
        return f"the stream is refused at byte {self.offset}: {self.reason}"
