"""Compressed frames: when, how, and what does not get past the bound."""

from __future__ import annotations

import struct
import sys
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trioharness._errors import ConfigurationError, DecodeError
from trioharness.messages import Batch, Compression, Envelope, FrameWriter, Properties

from .framing import (
    CARD,
    CODEC,
    COMPRESSIONS,
    WRITER,
    Frame,
    batch,
    batches,
    cut,
    envelopes,
    frame,
    new_reader,
    read,
    refusal,
)
from .shapes import Card, Scalars

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FLAGS = {"zlib": 1, "zstd": 2}
BOMB = 64 * 1024 * 1024


def compressed(data: bytes, compression: str) -> bytes:
    return zlib.compress(data) if compression == "zlib" else zstd.compress(data)


compressions = pytest.mark.parametrize("compression", FLAGS)


@given(
    st.lists(envelopes | batches, max_size=4),
    st.sampled_from(COMPRESSIONS),
    st.integers(0, 200),
    st.lists(st.integers(0, 10**6), max_size=10),
)
def test_a_reader_need_not_be_told(
    frames: list[Frame], compression: Compression, threshold: int, cuts: list[int]
) -> None:
    writer = FrameWriter(CODEC, compression=compression, threshold=threshold)
    assert read(cut(writer.encode_many(frames), cuts)) == frames


@pytest.mark.parametrize("compression", ["zlib", "zstd"])
def test_only_what_is_large_enough_is_compressed(compression: Compression) -> None:
    writer = FrameWriter(CODEC, compression=compression, threshold=200)
    small = Envelope(Card(number="1" * 186), (7, 1), 5)
    large = Envelope(Card(number="1" * 187), (7, 1), 5)
    assert writer.encode(small) == WRITER.encode(small)
    assert len(writer.encode(large)) < len(WRITER.encode(large)) / 2
    assert read([writer.encode(large)]) == [large]


@pytest.mark.parametrize("compression", ["zlib", "zstd"])
def test_a_batch_is_compressed_as_one(compression: Compression) -> None:
    writer = FrameWriter(CODEC, compression=compression)
    cards = tuple(Card(number=str(number)) for number in range(100))
    whole: Frame = Batch(cards, (7, 1), 5)
    assert len(writer.encode(whole)) < len(WRITER.encode(whole)) / 3
    assert read([writer.encode(whole)]) == [whole]


@pytest.mark.parametrize("compression", ["zlib", "zstd"])
def test_what_would_grow_is_sent_as_it_is(compression: Compression) -> None:
    writer = FrameWriter(CODEC, compression=compression, threshold=0)
    one = Envelope(CARD, (7, 1), 5)
    assert writer.encode(one) == WRITER.encode(one)


def test_what_is_said_is_not_compressed() -> None:
    writer = FrameWriter(CODEC, compression="zlib", threshold=0)
    one: Frame = Envelope(Card(number="1" * 500), (7, 1), 5, Properties(reply_to="answers"))
    assert b"card" in writer.encode(one)
    assert b"answers" in writer.encode(one)
    assert read([writer.encode(one)]) == [one]


@compressions
@pytest.mark.parametrize("kind", ["card", "batch"])
def test_a_bomb_stops_at_the_bound(compression: str, kind: str) -> None:
    bomb = compressed(bytes(BOMB), compression)
    flags = FLAGS[compression]
    data = batch(bomb, flags) if kind == "batch" else frame(bomb, flags=flags)
    assert len(data) < 100_000
    tracemalloc.start()
    try:
        error = refusal(data + frame())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(error, DecodeError)
    assert error.path == kind
    assert error.reason == "it inflates to more than 1048576 bytes (max_inflated)"
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize("size", [None, 100])
def test_a_bomb_of_zstd_does_not_help_by_hiding_its_size(size: int | None) -> None:
    stream = zstd.ZstdCompressor(1)
    bomb = b"".join([stream.compress(bytes(100_000)) for _ in range(100)]) + stream.flush()
    assert zstd.get_frame_info(bomb).decompressed_size is None
    if size is not None:  # a wrong one: the header then has a field of one byte for it
        bomb = bomb[:4] + b"\x20" + bytes([size]) + bomb[6:]
        assert zstd.get_frame_info(bomb).decompressed_size == size
    error = refusal(frame(bomb, flags=2))
    assert isinstance(error, DecodeError)
    assert "inflate" in error.reason


def test_a_window_of_zstd_is_bounded() -> None:
    options = {int(zstd.CompressionParameter.window_log): 27}
    stream = zstd.ZstdCompressor(options=options)
    data = stream.compress(b'{"number":"1234"}') + stream.flush()
    error = refusal(frame(data, flags=2))
    assert isinstance(error, DecodeError)
    assert "it cannot be inflated" in error.reason
    assert "requires too much memory" in error.reason


@compressions
@pytest.mark.parametrize(
    ("before", "kept", "after", "reason"),
    [
        (b"", slice(-1), b"", "what is compressed in it is cut short"),
        (b"", slice(None), b"more", "4 bytes follow what is compressed in it"),
        (b"no such thing at all", slice(0), b"", "it cannot be inflated"),
        (b"\0", slice(1, None), b"", "it cannot be inflated"),
    ],
)
def test_what_cannot_be_inflated_costs_one_frame(
    compression: str, before: bytes, kept: slice, after: bytes, reason: str
) -> None:
    data = before + compressed(b'{"number":"1234"}' * 10, compression)[kept] + after
    reader = new_reader()
    reader.feed(frame(data, flags=FLAGS[compression]) + frame())
    with pytest.raises(DecodeError, match=reason) as caught:
        reader.next_frame()
    assert caught.value.path == "card"
    assert reader.next_frame() == Envelope(CARD, (7, 1), 5)


@compressions
def test_what_is_inflated_may_be_just_so_large(compression: str) -> None:
    payload = b'{"number":"1234"}'
    data = frame(compressed(payload.ljust(60), compression), flags=FLAGS[compression])
    assert read([data], max_inflated=60) == [Envelope(CARD, (7, 1), 5)]
    assert "more than 59 bytes" in str(refusal(data, max_inflated=59))


@compressions
def test_nothing_at_all_is_no_message(compression: str) -> None:
    error = refusal(frame(compressed(b"", compression), flags=FLAGS[compression]))
    assert isinstance(error, DecodeError)
    assert "it is no valid JSON" in error.reason
    assert isinstance(refusal(frame(b"", flags=FLAGS[compression])), DecodeError)


def without_zstd(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("backports", "backports.zstd", "compression", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)


def test_a_writer_without_zstd_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    without_zstd(monkeypatch)
    with pytest.raises(ConfigurationError, match=r"'zstd': it needs .*; pip install .*zstd"):
        FrameWriter(CODEC, compression="zstd")


def test_a_reader_without_zstd_reads_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    data = frame(compressed(b'{"number":"1234"}', "zstd"), flags=2)
    without_zstd(monkeypatch)
    reader = new_reader()
    reader.feed(data + frame())
    with pytest.raises(DecodeError, match=r"compressed by zstd: it needs .*; pip install 'trioh"):
        reader.next_frame()
    assert reader.next_frame() == Envelope(CARD, (7, 1), 5)


@pytest.mark.parametrize("compression", ["lz4", None, 1])
def test_compressions_are_known(compression: Any) -> None:
    with pytest.raises(ConfigurationError, match="choose 'none', 'zlib' or 'zstd'"):
        FrameWriter(CODEC, compression=compression)


@pytest.mark.parametrize("threshold", [-1, True, 1.5])
def test_a_threshold_is_a_size(threshold: Any) -> None:
    with pytest.raises(ConfigurationError, match="threshold is"):
        FrameWriter(CODEC, threshold=threshold)


def test_the_length_is_in_the_header_as_it_is_sent() -> None:
    writer = FrameWriter(CODEC, compression="zlib", threshold=0)
    data = writer.encode(Envelope(Scalars(text="a" * 1000), (7, 1), 5))
    (size,) = struct.unpack_from("<I", data, 8)
    assert len(data) == 32 + size
