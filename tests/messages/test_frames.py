"""`FrameWriter` and `FrameReader`: however a stream is cut up, and whatever is wrong with it."""

from __future__ import annotations

import re
import time
import tracemalloc
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trioharness._errors import (
    CodecError,
    ConfigurationError,
    DecodeError,
    EncodeError,
    FrameError,
    UnknownMessageError,
)
from trioharness.messages import (
    NEED_DATA,
    Batch,
    Codec,
    Envelope,
    FrameReader,
    FrameWriter,
    Properties,
    message,
)

from .framing import (
    CARD,
    CODEC,
    ORDER,
    SIZE,
    WRITER,
    Frame,
    Message,
    batch,
    batches,
    cut,
    envelopes,
    frame,
    frames_of,
    new_reader,
    outcomes,
    read,
    refusal,
    run,
)
from .fuzz_frames import fuzz
from .shapes import Card, make_message

FIRST = Envelope(CARD, (7, 1), 5)
SAID = Envelope(ORDER, (7, 2), 6, Properties(reply_to="answers", headers={"a": "b", "c": b"d"}))
MANY: Batch[Message] = Batch((CARD, ORDER, ORDER), (7, 3), 7, Properties(source="shop"))
ALL: list[Frame] = [FIRST, SAID, MANY]
STREAM = WRITER.encode_many(ALL)


@given(st.lists(envelopes | batches, max_size=5), st.lists(st.integers(0, 10**6), max_size=30))
def test_a_stream_may_be_cut_anywhere(frames: list[Frame], cuts: list[int]) -> None:
    assert read(cut(WRITER.encode_many(frames), cuts)) == frames


@pytest.mark.parametrize("size", [1, 2, 31, 32, 33, 100])
def test_a_stream_may_be_cut_into_pieces_of_one_size(size: int) -> None:
    assert read(cut(STREAM, range(0, len(STREAM), size))) == ALL


def test_frames_need_not_be_taken_between_two_pieces() -> None:
    reader = new_reader()
    reader.feed(STREAM[:40])
    reader.feed(bytearray(STREAM[40:90]))
    assert reader.next_frame() == FIRST
    reader.feed(memoryview(STREAM)[90:])
    assert list(frames_of(reader)) == [SAID, MANY]
    reader.feed_eof()


def test_a_small_frame_behind_a_large_one_does_not_wait_for_as_many_bytes() -> None:
    large = Envelope(Card(number="1" * 5_000), (7, 1), 5)
    small = Envelope(CARD, (7, 2), 5)
    stream = WRITER.encode_many([large, small, small])
    reader = new_reader()
    reader.feed(stream[:100])
    assert list(frames_of(reader)) == []
    reader.feed(stream[100:-10])
    assert list(frames_of(reader)) == [large, small]
    reader.feed(stream[-10:])
    assert list(frames_of(reader)) == [small]
    reader.feed_eof()


def test_a_reader_knows_where_it_is() -> None:
    reader = new_reader()
    assert repr(reader) == "<FrameReader(Codec(Order | Scalars | Card)) at byte 0>"
    assert repr(WRITER) == "FrameWriter(Codec(Order | Scalars | Card))"
    reader.feed(STREAM[:100])
    reader.next_frame()
    assert reader.offset == len(WRITER.encode(FIRST))
    assert reader.next_frame() is NEED_DATA
    assert repr(NEED_DATA) == "NEED_DATA"
    reader.feed(STREAM[100:])
    assert len(list(frames_of(reader))) == 2
    assert reader.offset == len(STREAM)


@pytest.mark.parametrize("one", ALL, ids=["envelope", "extended", "batch"])
def test_a_stream_that_is_cut_off_says_where(one: Frame) -> None:
    data = WRITER.encode(one)
    for end in range(1, len(data)):
        reader = new_reader()
        reader.feed(STREAM)
        assert list(frames_of(reader)) == ALL
        reader.feed(data[:end])
        assert reader.next_frame() is NEED_DATA
        ended = f"the stream is refused at byte {len(STREAM)}: the stream ended in the middle of a"
        with pytest.raises(FrameError, match=ended) as caught:
            reader.feed_eof()
        assert (caught.value.offset, f"it had {end} bytes" in str(caught.value)) == (
            len(STREAM),
            True,
        )


@pytest.mark.parametrize("one", ALL, ids=["envelope", "extended", "batch"])
def test_every_bit_that_flips_is_found_or_makes_another_message(one: Frame) -> None:
    data = WRITER.encode(one)
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        found = outcomes(new_reader(), [bytes(flipped), WRITER.encode(FIRST)])
        assert 1 <= len(found) <= 4  # a batch comes in parts where one of its messages is bad
        assert all(isinstance(each, Envelope | Batch | CodecError) for each in found)
        # What does not change the boundaries costs no other frame.
        if bit // 8 >= SIZE:
            assert found[-1] == FIRST


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", "it is no valid JSON"),
        (b"[]", "expected an object of fields"),
        (b'{"number":1}', "expected"),
        (b"\xff", "it is no valid JSON"),
    ],
)
def test_after_a_bad_message_the_next_is_read(payload: bytes, reason: str) -> None:
    good = WRITER.encode(FIRST)
    reader = new_reader()
    reader.feed(good + frame(payload) + good)
    assert reader.next_frame() == FIRST
    with pytest.raises(DecodeError, match=reason) as caught:
        reader.next_frame()
    assert caught.value.path.startswith(("card", "message"))
    assert caught.value.__notes__ == [f"in the frame at byte {len(good)} of the stream"]
    assert reader.next_frame() == FIRST
    assert reader.next_frame() is NEED_DATA
    reader.feed_eof()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"name": b"cart"}, "unknown message; known: 'order'"),
        ({"name": b""}, "unknown message"),
        ({"version": 3}, "unknown version; known: 'card'"),
        ({"version": 0}, "unknown version"),
    ],
)
def test_an_unknown_message_is_passed_over(wrong: dict[str, Any], reason: str) -> None:
    reader = new_reader()
    reader.feed(frame(**wrong) + frame())
    with pytest.raises(UnknownMessageError, match=reason):
        reader.next_frame()
    assert reader.next_frame() == FIRST


def test_a_name_beyond_the_end_is_no_name() -> None:
    reader = new_reader()
    reader.feed(frame() + frame(b"", name=b"car", name_size=4) + b"d" + frame())
    assert reader.next_frame() == FIRST
    with pytest.raises(DecodeError):
        reader.next_frame()
    with pytest.raises(FrameError, match="no frame begins here, but b'd"):
        reader.next_frame()


def test_an_old_message_is_upgraded() -> None:
    assert read([frame(b'{"no":"1234"}', version=1)]) == [FIRST]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"flags": 32}, "it has the flags 0x20: it was written by a newer program"),
        ({"flags": 3}, "it has the flags 0x03"),
        ({"flags": 16}, "it is written as msgpack"),
        ({"flags": 4}, "a batch has no wire name of its own"),
        ({"name_size": 22}, "its wire name has 22 bytes, and it has 21 in all"),
        ({"name": b"\xff\xff"}, "its wire name is no UTF-8"),
        ({"flags": 8, "payload": b"x"}, "its extension is cut short"),
    ],
)
def test_a_header_that_makes_no_sense_costs_one_frame(wrong: dict[str, Any], reason: str) -> None:
    reader = new_reader()
    reader.feed(frame(**wrong) + frame())
    with pytest.raises(DecodeError, match=reason):
        reader.next_frame()
    assert reader.next_frame() == FIRST


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\n", r"no frame begins here, but b'GET '"),
        (b"\xf5", ""),
        (b"\xf5TG", "no frame begins here"),
        (b"\xf5TH\x02", "a frame with a header of version 2 begins here, and known is 1: it was w"),
        (frame(start=b"\xf5TH\x02"), "a frame with a header of version 2"),
        (frame(start=b"\0\0\0\0"), "no frame begins here"),
        (frame(size=2**32 - 1), r"a frame of 4294967327 bytes begins here, and it may have 1048"),
    ],
)
def test_a_stream_without_frames_is_refused_for_good(data: bytes, reason: str) -> None:
    reader = new_reader()
    reader.feed(STREAM)
    assert list(frames_of(reader)) == ALL
    reader.feed(data)
    if not reason:
        assert reader.next_frame() is NEED_DATA
        return
    for _ in range(2):
        with pytest.raises(FrameError, match=rf"at byte {len(STREAM)}: {reason}"):
            reader.next_frame()
        reader.feed(STREAM)
    with pytest.raises(FrameError, match=f"at byte {len(STREAM)}"):
        reader.feed_eof()
    assert reader.offset == len(STREAM)


def test_a_frame_may_be_just_so_large() -> None:
    data = WRITER.encode(FIRST)
    assert FrameWriter(CODEC, max_frame=len(data)).encode(FIRST) == data
    assert read([data], max_frame=len(data)) == [FIRST]
    error = refusal(data, max_frame=len(data) - 1)
    assert isinstance(error, FrameError)
    assert f"a frame of {len(data)} bytes begins here" in error.reason
    with pytest.raises(EncodeError, match=r"'card': its frame has 53 bytes and may have 52 \(max_"):
        FrameWriter(CODEC, max_frame=len(data) - 1).encode(FIRST)


def test_a_frame_like_one_before_may_be_just_as_large() -> None:
    large = WRITER.encode(Envelope(Card(number="12345"), (7, 1), 5))
    reader = new_reader(max_frame=len(large) - 1)
    reader.feed(WRITER.encode(FIRST) + large)
    assert reader.next_frame() == FIRST
    with pytest.raises(FrameError, match=f"a frame of {len(large)} bytes begins here"):
        reader.next_frame()


def test_small_pieces_of_a_large_frame_are_not_copied_again_and_again() -> None:
    large: Frame = Envelope(Card(number="1" * 1_000_000), (7, 1), 5)
    data = WRITER.encode(large)
    begun = time.monotonic()
    assert read(data[at : at + 16] for at in range(0, len(data), 16)) == [large]
    assert time.monotonic() - begun < 5  # a tenth of a second, or half a minute with copies


def test_a_batch_may_be_just_so_large() -> None:
    payload = len(WRITER.encode(Batch((CARD,), (7, 1), 5))) - SIZE
    one = Batch((CARD,), (7, 1), 5)
    assert FrameWriter(CODEC, max_inflated=payload).encode(one) == WRITER.encode(one)
    with pytest.raises(EncodeError, match=r"a batch: there are 50 bytes in it .* \(max_inflated\)"):
        FrameWriter(CODEC, max_inflated=32).encode(Batch((CARD, CARD), (7, 1), 5))


def test_what_is_announced_takes_no_memory() -> None:
    reader = FrameReader(CODEC, max_frame=2**32 - 1)
    tracemalloc.start()
    try:
        reader.feed(frame(size=2**32 - 64))
        assert reader.next_frame() is NEED_DATA
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


def test_what_was_read_and_refused_takes_no_memory() -> None:
    data = WRITER.encode(FIRST) * 100
    reader = new_reader()
    tracemalloc.start()
    try:
        for _ in range(20):
            reader.feed(data)
            assert len(list(frames_of(reader))) == 100
        reader.feed(b"nothing")
        with pytest.raises(FrameError):
            reader.next_frame()
        for _ in range(20):
            reader.feed(data)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 4 * len(data)


def test_neighbours_of_one_type_share_a_run() -> None:
    cards = WRITER.encode(Batch((CARD, CARD), (7, 1), 5))
    assert cards == batch(run(b'{"number":"1234"}\n{"number":"1234"}', 2))
    turns: Frame = Batch((CARD, ORDER, CARD), (7, 1), 5)
    assert read([WRITER.encode(turns)]) == [turns]


def test_a_batch_of_none_or_too_many_is_not_sent() -> None:
    with pytest.raises(EncodeError, match=r"a batch: it has 0 messages and may have 1 to 10000"):
        WRITER.encode(Batch((), (7, 1), 5))
    two = Batch((CARD, CARD), (7, 1), 5)
    assert FrameWriter(CODEC, max_batch=2).encode(two) == WRITER.encode(two)
    with pytest.raises(EncodeError, match=r"it has 2 messages and may have 1 to 1 \(max_batch\)"):
        FrameWriter(CODEC, max_batch=1).encode(two)
    assert WRITER.encode_many([]) == b""


NUMBER = b'{"number":"1"}'
WRONG = b'{"number":1}'


@pytest.mark.parametrize(
    ("runs", "path", "reason"),
    [
        (b"", "batch", "it has 0 messages and may have 1 to 3 (max_batch)"),
        (b"\0" * 10, "batch", "a run is cut short"),
        (run(b"{}", 1, size=3), "batch", "a run is cut short"),
        (run(NUMBER, 2), "batch", "there are not just 2 messages 'card', as it says"),
        (run(NUMBER * 2 + b"\n" + NUMBER, 1), "batch", "there are not just 1 messages 'card'"),
        (run(NUMBER, 2**32 - 1), "batch", "it has 4294967295 messages and may have 1 to 3"),
        (run(b"\n\n\n", 4), "batch", "it has 4 messages and may have 1 to 3 (max_batch)"),
        (run(NUMBER, 1) * 4, "batch", "it has 4 messages and may have 1 to 3 (max_batch)"),
        (run(b"{}", 1, name=b"\xff"), "message", "its wire name is no UTF-8"),
    ],
)
def test_a_batch_that_is_none_costs_one_frame(runs: bytes, path: str, reason: str) -> None:
    reader = new_reader(max_batch=3)
    reader.feed(batch(runs) + frame())
    with pytest.raises(DecodeError, match=re.escape(reason)) as caught:
        reader.next_frame()
    assert caught.value.path == path
    assert reader.next_frame() == FIRST


def card(*numbers: int) -> Batch[Message]:
    """What comes of a batch of cards that are all the same, but for their ids."""
    return Batch((Card(number="1"),) * len(numbers), (7, 1 + numbers[0]), 5)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (run(NUMBER + b"\n" + WRONG, 2), [card(0), "batch[1].card.number"]),
        (run(WRONG + b"\n" + NUMBER, 2), ["batch[0].card.number", card(1)]),
        (run(WRONG, 1), ["batch[0].card.number"]),
        (run(WRONG + b"\n", 2), ["batch[0].card.number", "batch[1].card"]),
        (
            run(NUMBER + b"\n" + NUMBER, 2) + run(b"{}", 1, name=b"cart") + run(NUMBER, 1),
            [card(0, 1), "batch[2].message.type", card(3)],
        ),
        (
            run(NUMBER, 1) + run(NUMBER + b"\n" + WRONG + b"\n" + NUMBER, 3) + run(NUMBER, 1),
            [card(0, 1), "batch[2].card.number", card(3, 4)],
        ),
    ],
)
def test_in_a_batch_a_bad_message_costs_nothing_but_itself(
    runs: bytes, expected: list[object]
) -> None:
    found = outcomes(new_reader(), [batch(runs), frame()])
    assert [each.path if isinstance(each, DecodeError) else each for each in found] == [
        *expected,
        FIRST,
    ]
    notes = [each.__notes__ for each in found if isinstance(each, DecodeError)]
    assert set(map(tuple, notes)) == {("in the frame at byte 0 of the stream",)}


def test_names_and_versions_have_to_fit() -> None:
    made: type[Any] = attrs.make_class("Long", {}, frozen=True, kw_only=True)
    long = message("n" * 256)(made)
    with pytest.raises(EncodeError, match="its wire name takes 256 bytes, and a frame has room"):
        write_alone(long)
    with pytest.raises(EncodeError, match="'made': version 65536 is too high for a frame"):
        write_alone(make_message(65536))


def write_alone(cls: type[Any]) -> bytes:
    codec: Codec[Any] = Codec(cls)
    return FrameWriter(codec).encode(Envelope(cls(), (7, 1), 5))


def test_what_is_no_message_is_not_sent() -> None:
    wrong: Any = Envelope("text", (7, 1), 5)
    with pytest.raises(EncodeError, match="this codec knows Order, Scalars, Card"):
        WRITER.encode(wrong)
    mixed: Any = Batch((CARD, "text"), (7, 1), 5)
    with pytest.raises(EncodeError, match="this codec knows Order, Scalars, Card"):
        WRITER.encode(mixed)


@pytest.mark.parametrize("option", ["max_frame", "max_inflated", "max_batch"])
@pytest.mark.parametrize("value", [0, 2**32, True, "1"])
def test_bounds_are_bounded(option: str, value: Any) -> None:
    wrong: dict[str, Any] = {option: value}
    for kind in (FrameWriter, FrameReader):
        with pytest.raises(ConfigurationError, match=f"{option} is {value!r}; give an int"):
            kind(Codec(Card), **wrong)


def test_random_damage_raises_named_errors_only() -> None:
    found = fuzz(3_000, seed=1)
    assert found["frames"] > 1_000
    assert found["DecodeError"] > 100
    assert found["FrameError"] > 1_000
