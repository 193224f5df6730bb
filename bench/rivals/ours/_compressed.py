"""Our frames of batches of 100, compressed and not; the amount is the bytes of all of them."""

from __future__ import annotations

import trioharness as th
from bench._purchases import Purchase, make_purchases
from bench._sample import Clock, Sample, ToolMissingError, Workload, check_items, start
from bench.rivals.ours._frames import batches_of, messages_of, read


def _writer(compression: th.Compression) -> th.FrameWriter[Purchase]:
    try:
        return th.FrameWriter(th.Codec(Purchase), compression=compression)
    except th.ConfigurationError as error:
        raise ToolMissingError(str(error)) from error


def encoding_with(compression: th.Compression) -> Workload:
    """Return the workload that makes a frame of each batch of 100."""

    def workload(size: int, clock: Clock) -> Sample:
        writer = _writer(compression)
        purchases = make_purchases(size)
        batches = [*batches_of(purchases)]
        writer.encode(batches[0])  # what is made once for each type
        begun = start(clock)
        frames = [writer.encode(batch) for batch in batches]
        elapsed = clock() - begun
        check_items("message", messages_of(read(frames)), purchases)
        return Sample(count=size, nanoseconds=elapsed, amount=sum(map(len, frames)))

    return workload


def decoding_with(compression: th.Compression) -> Workload:
    """Return the workload that finds the batches in such frames."""

    def workload(size: int, clock: Clock) -> Sample:
        purchases = make_purchases(size)
        frames = [*map(_writer(compression).encode, batches_of(purchases))]
        reader = th.FrameReader(th.Codec(Purchase))
        begun = start(clock)
        found = read(frames, reader)
        elapsed = clock() - begun
        check_items("message", messages_of(found), purchases)
        return Sample(count=size, nanoseconds=elapsed, amount=sum(map(len, frames)))

    return workload


encode_plain, decode_plain = encoding_with("none"), decoding_with("none")
encode_zlib, decode_zlib = encoding_with("zlib"), decoding_with("zlib")
encode_zstd, decode_zstd = encoding_with("zstd"), decoding_with("zstd")
