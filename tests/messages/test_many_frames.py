"""Many frames at once: `encode_many` and `next_frames` do what as many single calls do."""

from __future__ import annotations

import itertools
import random
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trioharness._errors import CodecError, DecodeError, EncodeError, FrameError
from trioharness.messages import (
    Batch,
    Codec,
    Compression,
    Envelope,
    FrameReader,
    FrameWriter,
    Properties,
)

from .framing import (
    CARD,
    CODEC,
    COMPRESSIONS,
    ORDER,
    WRITER,
    Frame,
    Message,
    batch,
    batches,
    cut,
    envelopes,
    frame,
    new_reader,
    plain,
    run,
)
from .fuzz_frames import corpus, damaged
from .shapes import Card, Order, Scalars

FIRST = Envelope(CARD, (7, 1), 5)
SAID = Envelope(ORDER, (7, 2), 6, Properties(reply_to="answers"))
MANY: Batch[Message] = Batch((CARD, ORDER, ORDER), (7, 3), 7)
GOOD = WRITER.encode(FIRST)
BAD = frame(b"{}")

T = TypeVar("T")

CODECS: tuple[Codec[Message], ...] = (
    CODEC,
    Codec(Order | Scalars | Card, format="msgpack"),
    Codec(Order | Scalars | Card, lane="cattrs"),
)
CORPUS = corpus()

Outcome: TypeAlias = tuple[object, int]
"""A frame or an error, and where the reader is then."""


def written(write: Callable[[T], bytes], frames: T) -> object:
    """Return what is written, or why it is not."""
    try:
        return write(frames)
    except EncodeError as error:
        return str(error)


def each(writer: FrameWriter[Message]) -> Callable[[Sequence[Frame]], bytes]:
    return lambda frames: b"".join(map(writer.encode, frames))


@given(
    st.lists(plain | envelopes | batches, max_size=12),
    st.sampled_from(CODECS),
    st.sampled_from(COMPRESSIONS),
    st.integers(32, 300),
)
def test_many_frames_are_written_as_each_of_them(
    frames: list[Frame], codec: Codec[Message], compression: Compression, bound: int
) -> None:
    writer = FrameWriter(
        codec, compression=compression, threshold=40, max_frame=bound, max_inflated=bound
    )
    assert written(writer.encode_many, frames) == written(each(writer), frames)


@pytest.mark.parametrize("codec", CODECS)
def test_more_frames_are_written_than_are_made_in_one_go(codec: Codec[Message]) -> None:
    writer = FrameWriter(codec)
    turns: list[Frame] = [MANY, SAID]
    frames: list[Frame] = [*[FIRST] * 350, SAID, MANY, FIRST, *turns * 80]
    assert writer.encode_many(frames) == each(writer)(frames)
    assert writer.encode_many(iter(frames)) == each(writer)(frames)
    assert writer.encode_many(()) == b""


SHORT: Any = (7,)
UNFIT: list[Any] = [
    Envelope(CARD, (7, 2**64), 5),
    Envelope(CARD, SHORT, 5),
    Envelope(CARD, (7, 1), 2**63),
    Envelope(Card(number="1" * 70_000), (7, 1), 5),
    Envelope("text", (7, 1), 5),
    Envelope(Order(id=True), (7, 1), 5),
    Envelope(CARD, (7, 1), 5, Properties(attempt=0)),
    Batch((), (7, 1), 5),
    Batch(("text",), (7, 1), 5),
]


@given(st.lists(st.just(FIRST) | st.sampled_from(UNFIT), max_size=8))
def test_of_many_frames_the_first_that_is_wrong_is_refused(frames: list[Frame]) -> None:
    writer = FrameWriter(CODEC, max_frame=65_536)
    assert written(writer.encode_many, frames) == written(each(writer), frames)


@pytest.mark.parametrize("wrong", UNFIT)
def test_what_is_wrong_is_refused_among_others(wrong: Frame) -> None:
    writer = FrameWriter(CODEC, max_frame=65_536)
    with pytest.raises(EncodeError) as caught:
        writer.encode_many([FIRST, FIRST, wrong, FIRST])
    assert str(caught.value) == written(writer.encode, wrong)


def said(error: CodecError) -> object:
    return type(error), str(error), getattr(error, "__notes__", [])


def read(
    pieces: Sequence[bytes], takes: Iterator[bool], **options: int
) -> tuple[list[Outcome], object]:
    """Return what a reader gives, by which of its two functions being up to `takes`."""
    reader = new_reader(**options)
    found: list[Outcome] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            while some := _taken(reader, many=next(takes)):
                found += some
        reader.feed_eof()
    except FrameError as error:
        return found, said(error)
    return found, None


def _taken(reader: FrameReader[Message], *, many: bool) -> list[Outcome]:
    """Take what is there, with how much of the stream is taken by then, for the last of them."""
    try:
        frames = reader.next_frames() if many else [*_next(reader)]
    except FrameError:
        raise
    except DecodeError as error:
        return [(said(error), reader.offset)]
    return [*((one, -1) for one in frames[:-1]), *((one, reader.offset) for one in frames[-1:])]


def _next(reader: FrameReader[Message]) -> Iterator[Frame]:
    found = reader.next_frame()
    if isinstance(found, Envelope | Batch):
        yield found


def assert_same(pieces: Sequence[bytes], takes: Iterator[bool], **options: int) -> None:
    """Hold one way to take frames to taking each by itself."""
    found, ended = read(pieces, takes, **options)
    expected, expected_end = read(pieces, itertools.repeat(False), **options)
    places = [place for _, place in found]
    assert [one for one, _ in found] == [one for one, _ in expected]
    assert ended == expected_end
    assert places == [
        place if taken == -1 else at
        for place, taken, (_, at) in zip(places, places, expected, strict=True)
    ]


@given(
    st.lists(plain | envelopes | batches, max_size=8),
    st.lists(st.integers(0, 10**6), max_size=8),
    st.sampled_from(COMPRESSIONS),
    st.randoms(use_true_random=False),
)
def test_frames_are_taken_together_as_one_by_one(
    frames: list[Frame], cuts: list[int], compression: Compression, rng: random.Random
) -> None:
    stream = FrameWriter(CODEC, compression=compression, threshold=30).encode_many(frames)
    for takes in (itertools.repeat(True), iter(lambda: rng.random() < 0.5, None)):
        assert_same(cut(stream, cuts), takes)


@given(
    st.lists(st.sampled_from([*CORPUS, GOOD, BAD]), min_size=1, max_size=8),
    st.lists(st.integers(0, 10**6), max_size=4),
    st.integers(0, 2**32),
)
def test_of_damaged_frames_the_same_is_taken_together(
    frames: list[bytes], cuts: list[int], seed: int
) -> None:
    rng = random.Random(seed)
    pieces = cut(damaged(rng, b"".join(frames)), cuts)
    for takes in (itertools.repeat(True), iter(lambda: rng.random() < 0.5, None)):
        assert_same(pieces, takes, max_frame=4096, max_inflated=8192)


def test_all_frames_that_are_there_are_taken() -> None:
    reader = new_reader()
    stream = WRITER.encode_many([FIRST, FIRST, SAID, MANY, FIRST])
    assert reader.next_frames() == []
    reader.feed(stream + GOOD[:-1])
    assert reader.next_frames() == [FIRST, FIRST, SAID, MANY, FIRST]
    assert reader.offset == len(stream)
    assert reader.next_frames() == []
    reader.feed(GOOD[-1:] + GOOD)
    assert reader.next_frame() == FIRST
    assert reader.next_frames() == [FIRST]
    reader.feed_eof()


@pytest.mark.parametrize(
    "bad",
    [
        BAD,
        frame(name=b"cart"),
        frame(flags=32),
        frame(b"", name=b"", name_size=4),
        batch(run(b"{}", 1)),
        batch(run(b'{}\n{"number":"1234"}', 2)),
    ],
    ids=["message", "name", "flags", "name beyond the end", "batch", "part"],
)
def test_frames_before_a_bad_one_are_taken(bad: bytes) -> None:
    reader = new_reader()
    reader.feed(GOOD * 3 + bad)
    assert reader.next_frames() == [FIRST] * 3
    assert reader.offset == 3 * len(GOOD)
    with pytest.raises(DecodeError) as caught:
        reader.next_frames()
    assert caught.value.__notes__ == [f"in the frame at byte {3 * len(GOOD)} of the stream"]
    assert reader.offset == len(GOOD * 3 + bad)


def test_parts_of_a_batch_before_a_bad_message_are_taken() -> None:
    number = b'{"number":"1234"}'
    reader = new_reader()
    reader.feed(GOOD + batch(run(number + b"\n{}\n{}\n" + number, 4)) + GOOD)
    assert reader.next_frames() == [FIRST, Batch((CARD,), (7, 1), 5)]
    for _ in range(2):
        with pytest.raises(DecodeError) as caught:
            reader.next_frames()
        assert len(caught.value.__notes__) == 1
    assert reader.next_frames() == [Batch((CARD,), (7, 4), 5), FIRST]
    reader.feed_eof()


def test_frames_before_the_end_of_a_stream_of_frames_are_taken() -> None:
    reader = new_reader()
    reader.feed(GOOD * 2 + b"GET / HTTP/1.1" + b" " * 50)
    assert reader.next_frames() == [FIRST, FIRST]
    for take in (reader.next_frames, reader.next_frame, reader.feed_eof):
        with pytest.raises(FrameError, match=f"at byte {2 * len(GOOD)}: no frame begins here"):
            take()


def test_what_is_inflated_for_one_list_is_bounded() -> None:
    writer = FrameWriter(Codec(Scalars), compression="zlib")
    bomb = writer.encode(Envelope(Scalars(text="a" * 1_000_000), (7, 1), 5))
    reader = FrameReader(Codec(Scalars))
    reader.feed(bomb * 40)  # 40 kB
    found = 0
    tracemalloc.start()
    try:
        while frames := reader.next_frames():
            found += len(frames)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == 40
    assert peak < 8_000_000


def test_a_message_that_is_none_between_others_is_not_read_with_them() -> None:
    """Two payloads of which only both together are JSON are two bad messages."""
    for halves in ((b'{"number":"1"},{"number":', b'"2"}'), (b'{"number":"1"}{"number":', b'"2"}')):
        reader = new_reader()
        reader.feed(GOOD + b"".join(map(frame, halves)) + GOOD)
        assert reader.next_frames() == [FIRST]
        for _ in halves:
            with pytest.raises(DecodeError):
                reader.next_frames()
        assert reader.next_frames() == [FIRST]
