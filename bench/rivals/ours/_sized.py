"""Our frames over a socket, of messages of any size: as many together as fit into a piece."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import trioharness as th
from bench._coding import Bundle, bundles_of
from bench._sample import Clock, Sample
from bench._sockets import over_a_socket

PIECE = 64 * 1024
MOST = 100
"""Messages together, however small they are."""


def socket_sized(x: int, size: int, clock: Clock) -> Sample:
    """Send messages of `x` bytes through a socket, a frame each."""
    writer = th.FrameWriter(th.Codec(Bundle))
    reader = th.FrameReader(th.Codec(Bundle), max_frame=2 * PIECE + 2 * x)
    ids = th.Ids(7)
    together = max(1, min(MOST, PIECE // x))

    def pieces(bundles: Sequence[Bundle]) -> Iterator[bytes]:
        for at in range(0, len(bundles), together):
            some = bundles[at : at + together]
            yield writer.encode_many(th.Envelope(each, ids.next(), time.time_ns()) for each in some)

    def found(data: bytes | bytearray) -> Iterator[Bundle]:
        reader.feed(data)
        while (frame := reader.next_frame()) is not th.NEED_DATA:
            yield from frame.messages if isinstance(frame, th.Batch) else (frame.message,)

    return over_a_socket(pieces, found, bundles_of(x, size), clock)
