"""Our frames: in memory one by one and in batches, and over a socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import trioharness as th
from bench._purchases import Purchase, make_purchases
from bench._sample import Clock, Sample, check_items, start
from bench._sockets import over_a_socket

BATCH = 100
PIECE = 64 * 1024
"""As much as a socket gives at a time."""

Frame: TypeAlias = th.Envelope[Purchase] | th.Batch[Purchase]

Framed: TypeAlias = Callable[[Sequence[Purchase]], Iterator[Frame]]
"""Puts messages into envelopes or batches."""

th.message("bench.purchase")(Purchase)


def encode_envelopes(size: int, clock: Clock) -> Sample:
    """Make a frame of each envelope, which is there already."""
    return _encode([*_envelopes(make_purchases(size))], size, clock)


def encode_messages(size: int, clock: Clock) -> Sample:
    """Give each message an id, a time and an envelope, and make a frame of that."""
    purchases = make_purchases(size)
    encode = th.FrameWriter(th.Codec(Purchase)).encode
    new_id, now = th.Ids(7).next, time.time_ns
    encode(th.Envelope(purchases[0], (7, 0), 0))  # what is made once for each type
    begun = start(clock)
    frames = [encode(th.Envelope(purchase, new_id(), now())) for purchase in purchases]
    nanoseconds = clock() - begun
    check_items("message", messages_of(read(frames)), purchases)
    return Sample(count=size, nanoseconds=nanoseconds)


def encode_batches(size: int, clock: Clock) -> Sample:
    """Make a frame of each batch of 100, which is there already."""
    return _encode([*batches_of(make_purchases(size))], size, clock)


def encode_payloads(size: int, clock: Clock) -> Sample:
    """Make bytes of each message alone."""
    purchases = make_purchases(size)
    codec = th.Codec(Purchase)
    dump, load = codec.dump, codec.load
    load(*dump(purchases[0]))
    begun = start(clock)
    dumped = [dump(purchase) for purchase in purchases]
    nanoseconds = clock() - begun
    check_items("message", [load(*each) for each in dumped], purchases)
    return Sample(count=size, nanoseconds=nanoseconds)


def decode_envelopes(size: int, clock: Clock) -> Sample:
    """Find the frames in what a socket gives, and the envelopes in them."""
    return _decode(_envelopes, size, clock)


def decode_batches(size: int, clock: Clock) -> Sample:
    """The same with batches of 100."""
    return _decode(batches_of, size, clock)


def decode_payloads(size: int, clock: Clock) -> Sample:
    """Make messages of the bytes of each alone."""
    purchases = make_purchases(size)
    codec = th.Codec(Purchase)
    dumped = [codec.dump(purchase) for purchase in purchases]
    load = codec.load
    load(*dumped[0])
    begun = start(clock)
    loaded = [load(name, version, payload) for name, version, payload in dumped]
    nanoseconds = clock() - begun
    check_items("message", loaded, purchases)
    return Sample(count=size, nanoseconds=nanoseconds)


def coalesced(size: int, clock: Clock) -> Sample:
    """Send a frame for each message through a socket, 100 frames at a time."""
    return _over_a_socket(_envelopes, size, clock)


def batches(size: int, clock: Clock) -> Sample:
    """Send a frame for each 100 messages through a socket."""
    return _over_a_socket(batches_of, size, clock)


def _encode(frames: Sequence[Frame], size: int, clock: Clock) -> Sample:
    encode = th.FrameWriter(th.Codec(Purchase)).encode
    encode(frames[0])
    begun = start(clock)
    encoded = [encode(frame) for frame in frames]
    nanoseconds = clock() - begun
    check_items("frame", read(encoded), frames)
    return Sample(count=size, nanoseconds=nanoseconds)


def _decode(framed: Framed, size: int, clock: Clock) -> Sample:
    purchases = make_purchases(size)
    stream = th.FrameWriter(th.Codec(Purchase)).encode_many(framed(purchases))
    pieces = [stream[at : at + PIECE] for at in range(0, len(stream), PIECE)]
    reader = th.FrameReader(th.Codec(Purchase))
    begun = start(clock)
    frames = read(pieces, reader)
    nanoseconds = clock() - begun
    check_items("message", messages_of(frames), purchases)
    return Sample(count=size, nanoseconds=nanoseconds)


def read(pieces: Sequence[bytes], reader: th.FrameReader[Purchase] | None = None) -> list[Frame]:
    """Return the frames in pieces of a stream."""
    reader = reader or th.FrameReader(th.Codec(Purchase))
    found: list[Frame] = []
    for piece in pieces:
        reader.feed(piece)
        while (frame := reader.next_frame()) is not th.NEED_DATA:
            found.append(frame)
    reader.feed_eof()
    return found


def messages_of(frames: Sequence[Frame]) -> list[Purchase]:
    """Return the messages in frames."""
    found: list[Purchase] = []
    for frame in frames:
        found += frame.messages if isinstance(frame, th.Batch) else (frame.message,)
    return found


def _over_a_socket(framed: Framed, size: int, clock: Clock) -> Sample:
    writer = th.FrameWriter(th.Codec(Purchase))
    reader = th.FrameReader(th.Codec(Purchase))

    def pieces(purchases: Sequence[Purchase]) -> Iterator[bytes]:
        for at in range(0, len(purchases), BATCH):
            yield writer.encode_many(framed(purchases[at : at + BATCH]))

    def found(data: bytes | bytearray) -> Iterator[Purchase]:
        reader.feed(data)
        while frames := reader.next_frames():
            for frame in frames:
                if isinstance(frame, th.Batch):
                    yield from frame.messages
                else:
                    yield frame.message

    return over_a_socket(pieces, found, make_purchases(size), clock)


def _envelopes(purchases: Sequence[Purchase]) -> Iterator[Frame]:
    new_id, now = th.Ids(7).next, time.time_ns
    return (th.Envelope(purchase, new_id(), now()) for purchase in purchases)


def batches_of(purchases: Sequence[Purchase]) -> Iterator[Frame]:
    """Yield batches of 100."""
    ids = th.Ids(7)
    for at in range(0, len(purchases), BATCH):
        some = tuple(purchases[at : at + BATCH])
        yield th.Batch(some, ids.block(len(some)), time.time_ns())
