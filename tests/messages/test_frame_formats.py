"""Frames of every format that a codec writes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trioharness._errors import DecodeError
from trioharness.messages import Batch, Codec, Compression, Envelope, FrameReader, FrameWriter
from trioharness.messages._header import FORMATS as FLAGS
from trioharness.messages._runs import LAYOUTS

from .framing import CARD, COMPRESSIONS, ORDER, SIZE, batch, batches, envelopes, frames_of, run
from .shapes import Card, Order, Scalars

CODECS: dict[str, Codec[Any]] = {
    "json": Codec(Order | Scalars | Card),
    "msgpack": Codec(Order | Scalars | Card, format="msgpack"),
}
FORMATS = tuple(CODECS)


@given(
    st.lists(envelopes | batches, max_size=4),
    st.sampled_from(FORMATS),
    st.sampled_from(COMPRESSIONS),
)
def test_frames_arrive_in_every_format(
    frames: list[Any], format_: str, compression: Compression
) -> None:
    writer = FrameWriter(CODECS[format_], compression=compression, threshold=50)
    reader = FrameReader(CODECS[format_])
    reader.feed(writer.encode_many(frames))
    assert list(frames_of(reader)) == frames
    reader.feed_eof()


@pytest.mark.parametrize("written", FORMATS)
@pytest.mark.parametrize(
    "frame", [Envelope(CARD, (7, 1), 5), Batch((CARD, ORDER), (7, 1), 5)], ids=["one", "many"]
)
def test_a_header_says_the_format(written: str, frame: Any) -> None:
    data = FrameWriter(CODECS[written]).encode(frame)
    assert data[4] & 16 == FLAGS[written]
    other = data[:4] + bytes([data[4] ^ 16]) + data[5:]
    reader = FrameReader(CODECS[written])
    reader.feed(other + data)
    with pytest.raises(DecodeError, match=r"it is written as .*, and the codec reads .*"):
        reader.next_frame()
    assert reader.next_frame() == frame


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", [b"card", b"nobody knows"])
def test_a_run_of_no_messages_is_refused(form: str, name: bytes) -> None:
    writer, reader = FrameWriter(CODECS[form]), FrameReader(CODECS[form])
    good = writer.encode(Batch((CARD,), (7, 1), 5))[SIZE:]
    for runs in (run(b"", 0, name=name) + good, good + run(b"", 0, name=name)):
        reader.feed(batch(runs, FLAGS[form]))
        with pytest.raises(DecodeError, match=f"a run has no messages '{name.decode()}'"):
            reader.next_frame()
    reader.feed_eof()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@given(st.lists(st.binary().map(lambda data: data.replace(b"\n", b"")), min_size=1))
def test_payloads_can_be_told_apart(layout: Any, payloads: list[bytes]) -> None:
    joined = layout.join(payloads)
    assert layout.split(joined, len(payloads)) == payloads
    assert len(layout.split(joined + joined, 1)) <= 2


@pytest.mark.parametrize("cut", [1, 3, 4, 6])
def test_sized_payloads_may_be_cut_short(cut: int) -> None:
    layout = LAYOUTS["msgpack"]
    with pytest.raises(DecodeError, match="cannot decode batch: a payload is cut short"):
        layout.split(layout.join([b"abc"])[:cut], 1)
