"""Frames by hand, and what comes out of a reader, for the tests of frames."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from hypothesis import strategies as st

from trioharness._errors import CodecError, DecodeError, FrameError
from trioharness.messages import (
    NEED_DATA,
    Batch,
    Codec,
    Envelope,
    FrameReader,
    FrameWriter,
    Properties,
)

from .shapes import Card, Line, Order, Scalars, Sku

CODEC = Codec(Order | Scalars | Card)
WRITER = FrameWriter(CODEC)

Message: TypeAlias = Order | Scalars | Card
Frame: TypeAlias = Envelope[Message] | Batch[Message]

ORDER = Order(id=1, lines=[Line(sku=Sku("a"), price=2.5)])
CARD = Card(number="1234")

SIZE = 32
"""Bytes of a header."""

COMPRESSIONS = ("none", "zlib", "zstd")


def frame(
    payload: bytes = b'{"number":"1234"}',
    *,
    start: bytes = b"\xf5TH\x01",
    flags: int = 0,
    name: bytes = b"card",
    name_size: int | None = None,
    version: int = 2,
    size: int | None = None,
) -> bytes:
    """Return a frame as it stands in the documentation, or one that is wrong as it is said."""
    named = len(name) if name_size is None else name_size
    rest = name + payload
    whole = len(rest) if size is None else size
    return struct.pack("<4sBBHIIQq", start, flags, named, version, whole, 7, 1, 5) + rest


def extended(extension: bytes, size: int | None = None) -> bytes:
    """Return a frame with just this extension."""
    whole = len(extension) if size is None else size
    return frame(struct.pack("<H", whole) + extension + b'{"number":"1"}', flags=8)


def run(payload: bytes, count: int, *, name: bytes = b"card", size: int | None = None) -> bytes:
    """Return a run of a batch."""
    whole = len(payload) if size is None else size
    return struct.pack("<BHII", len(name), 2, count, whole) + name + payload


def batch(runs: bytes, flags: int = 0) -> bytes:
    """Return a batch of such runs."""
    return frame(runs, flags=4 | flags, name=b"", version=0)


def new_reader(**options: int) -> FrameReader[Message]:
    return FrameReader(CODEC, **options)


def frames_of(reader: FrameReader[Any]) -> Iterator[Envelope[Any] | Batch[Any]]:
    """Yield the frames that are there."""
    while (found := reader.next_frame()) is not NEED_DATA:
        yield found


def read(pieces: Iterable[bytes], **options: int) -> list[Frame]:
    """Return all frames of a whole stream."""
    reader = new_reader(**options)
    found: list[Frame] = []
    for piece in pieces:
        reader.feed(piece)
        found += frames_of(reader)
    reader.feed_eof()
    return found


def outcomes(reader: FrameReader[Any], pieces: Iterable[bytes]) -> list[object]:
    """Return the frames of a stream and the errors in between, up to its end."""
    found: list[object] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            found += _until_more_is_needed(reader)
        reader.feed_eof()
    except FrameError as error:
        found.append(error)
    return found


def _until_more_is_needed(reader: FrameReader[Any]) -> Iterator[object]:
    while True:
        try:
            found: object = reader.next_frame()
        except DecodeError as error:
            found = error
        if found is NEED_DATA:
            return
        yield found


def refusal(data: bytes, **options: int) -> CodecError:
    """Return the error that the first frame of `data` raises."""
    reader = new_reader(**options)
    reader.feed(data)
    try:
        found = reader.next_frame()
    except CodecError as error:
        return error
    raise AssertionError(f"it was read: {found!r}")


def cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Cut `data` at these places."""
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in cuts)})
    return [data[begin:end] for begin, end in itertools.pairwise(places)]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ids = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
times = st.integers(-(2**63), 2**63 - 1)
messages = st.one_of(
    st.builds(Order, id=st.integers(0, 2**63), weight=st.integers(0, 9)),
    st.builds(Card, number=texts),
    st.builds(Scalars, text=texts, raw=st.binary(max_size=20)),
)
properties = st.builds(
    Properties,
    correlation=st.none() | ids,
    reply_to=st.none() | texts,
    deadline=st.none() | times,
    attempt=st.just(1) | st.integers(1, 65535),
    source=st.none() | texts,
    headers=st.dictionaries(texts, texts | st.binary(max_size=9), max_size=4),
)
runs = st.lists(messages, min_size=1, max_size=8).map(tuple)

plain = st.builds(Envelope[Message], messages, ids, times)
envelopes = plain | st.builds(Envelope[Message], messages, ids, times, properties)
batches = st.builds(Batch[Message], runs, ids, times) | st.builds(
    Batch[Message], runs, ids, times, properties
)
