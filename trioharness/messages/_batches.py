"""What is in a batch: runs of messages of one type, each under its wire name and version."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from struct import Struct
from typing import Final, TypeVar

from .._errors import DecodeError, EncodeError
from ._codec import Codec
from ._header import GREATEST_VERSION, LONGEST_NAME
from ._payloads import dump_many, load_many
from ._problems import shorten

T = TypeVar("T")

_RUN: Final = Struct("<BHII")
"""Size of the wire name, version, how many messages, size of their payloads; then both follow."""

_PATH: Final = "batch"


def dump_runs(codec: Codec[T], messages: Sequence[T]) -> bytes:
    """Return the messages as runs; neighbours of one type share one.

    Raises:
        EncodeError: There are none, or as `Codec.encode`.
    """
    if not messages:
        raise EncodeError("a batch", "it is empty; send it when it has a message")
    parts: list[bytes] = []
    for _, neighbours in itertools.groupby(messages, type):
        run = list(neighbours)
        name, version, payload = dump_many(codec, run)
        raw = wire_name(name, version)
        parts += (_RUN.pack(len(raw), version, len(run), len(payload)), raw, payload)
    return b"".join(parts)


def load_runs(codec: Codec[T], runs: bytes) -> tuple[T, ...]:
    """Return the messages of `dump_runs`.

    Raises:
        DecodeError: They are no runs, or as `Codec.decode`.
        UnknownMessageError: As `Codec.decode`.
    """
    messages: list[T] = []
    at = 0
    while at < len(runs):
        if at + _RUN.size > len(runs):
            raise _cut_short(runs[at:])
        name_size, version, count, size = _RUN.unpack_from(runs, at)
        named = at + _RUN.size
        start = named + name_size
        at = start + size
        if at > len(runs):
            raise _cut_short(runs[named:])
        name = read_name(runs[named:start])
        run = load_many(codec, name, version, runs[start:at], len(messages))
        if len(run) != count:
            reason = f"there are {len(run)} messages {name!r} where there should be {count}"
            raise DecodeError(_PATH, reason)
        messages += run
    if not messages:
        raise DecodeError(_PATH, "it is empty")
    return tuple(messages)


def wire_name(name: str, version: int) -> bytes:
    """Return a wire name as it stands in a header.

    Raises:
        EncodeError: It or the version is too long for one.
    """
    raw = name.encode()
    if len(raw) > LONGEST_NAME:
        reason = f"its wire name takes {len(raw)} bytes, and a frame has room for {LONGEST_NAME}"
        raise EncodeError(shorten(name), f"{reason}; give it a shorter one")
    if version > GREATEST_VERSION:
        reason = f"version {version} is too high for a frame, which knows {GREATEST_VERSION}"
        raise EncodeError(repr(name), f"{reason}; begin again at 1 under another wire name")
    return raw


def read_name(raw: bytes) -> str:
    """Return a wire name out of a header.

    Raises:
        DecodeError: It is no UTF-8.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("message", "its wire name is no UTF-8", shorten(raw)) from error


def _cut_short(data: bytes) -> DecodeError:
    return DecodeError(_PATH, "a run is cut short", shorten(data))
