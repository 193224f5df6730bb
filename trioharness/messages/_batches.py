"""What is in a batch: runs of messages of one type, each under its wire name and version."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import Any, Final, TypeVar

import attrs

from .._errors import DecodeError, EncodeError
from ._codec import Codec
from ._header import GREATEST_VERSION, LONGEST_NAME
from ._problems import shorten
from ._runs import LAYOUTS

T = TypeVar("T")

_RUN: Final = Struct("<BHII")
"""Size of the wire name, version, how many messages, size of their payloads; then both follow."""

_PATH: Final = "batch"


@attrs.frozen
class Run:
    """Payloads of neighbours of one type, in the layout of their format."""

    name: str
    version: int
    count: int
    data: bytes


def dump_runs(codec: Codec[T], messages: Sequence[T], most: int) -> bytes:
    """Return the messages as runs; neighbours of one type share one.

    Raises:
        EncodeError: There are none, or more than `most`, or as `Codec.dump`.
    """
    if not 1 <= len(messages) <= most:
        reason = f"it has {len(messages)} messages and may have 1 to {most} (max_batch)"
        raise EncodeError("a batch", reason)
    parts: list[bytes] = []
    for run in _neighbours(messages):
        dumper = codec.dumper(type(run[0]))
        payloads = dumper.dump_run(run)
        raw = wire_name(dumper.name, dumper.version)
        parts += (_RUN.pack(len(raw), dumper.version, len(run), len(payloads)), raw, payloads)
    return b"".join(parts)


def _neighbours(messages: Sequence[T]) -> Iterable[Sequence[T]]:
    if len({*map(type, messages)}) == 1:
        return (messages,)
    return ([*run] for _, run in itertools.groupby(messages, type))


def split_runs(data: bytes, most: int) -> list[Run]:
    """Return the runs of `dump_runs`, unread.

    Raises:
        DecodeError: They are no runs, or of no messages, or of more than `most`.
    """
    runs: list[Run] = []
    at = total = 0
    while at < len(data):
        if at + _RUN.size > len(data):
            raise _cut_short(data[at:])
        name_size, version, count, size = _RUN.unpack_from(data, at)
        named = at + _RUN.size
        start = named + name_size
        at = start + size
        if at > len(data):
            raise _cut_short(data[named:])
        total += count
        if total > most:
            break
        run = Run(read_name(data[named:start]), version, count, data[start:at])
        if not count:  # nobody would ever look at its name, nor count how many of them there are
            raise DecodeError(_PATH, f"a run has no messages {shorten(run.name)}")
        runs.append(run)
    if not 1 <= total <= most:
        raise DecodeError(_PATH, f"it has {total} messages and may have 1 to {most} (max_batch)")
    return runs


def load_runs(codec: Codec[T], runs: Iterable[Run]) -> tuple[T, ...]:
    """Return the messages of runs.

    Raises:
        DecodeError: As `Codec.load`, of any of them.
        UnknownMessageError: As `Codec.load`.
    """
    loaded = (codec.loader(run.name, run.version).load_run(run.data, run.count) for run in runs)
    return tuple(itertools.chain.from_iterable(loaded))


def told_apart(codec: Codec[Any], runs: Iterable[Run]) -> list[tuple[Run, list[bytes]]]:
    """Return each run with its payloads.

    Raises:
        DecodeError: There are more or fewer than one says.
    """
    split = LAYOUTS[codec.format].split_exactly
    return [(run, split(run.data, run.count, run.name)) for run in runs]


def load_what_can_be(
    codec: Codec[T], runs: Iterable[tuple[Run, list[bytes]]]
) -> Iterator[tuple[int, tuple[T, ...] | DecodeError]]:
    """Yield the messages of runs of which not all can be read, as parts between errors.

    Each with the number of its first message; an error has it in its path.
    """
    first = number = 0
    part: list[T] = []
    for run, payloads in runs:
        load = codec.loader(run.name, run.version).load
        for payload in payloads:
            try:
                part.append(load(payload))
            except DecodeError as error:
                if part:
                    yield first, tuple(part)
                    part = []
                yield number, _numbered(error, number)
                first = number + 1
            number += 1
    if part:
        yield first, tuple(part)


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


def _numbered(error: DecodeError, number: int) -> DecodeError:
    numbered = type(error)(f"batch[{number}].{error.path}", error.reason, error.value)
    numbered.__cause__ = error.__cause__
    return numbered


def _cut_short(data: bytes) -> DecodeError:
    return DecodeError(_PATH, "a run is cut short", shorten(data))
