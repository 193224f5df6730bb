"""Damages frames at random, for as long as wanted: ``python -m tests.messages.fuzz_frames N``.

Whatever is fed, a reader gives frames or raises one of our errors, in bounded time and memory. The
corpus is written by the writer itself, in every compression; each input is some of it, damaged.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections import Counter

from trioharness._errors import CodecError
from trioharness.messages import Batch, Envelope, FrameWriter, Ids, Properties

from .framing import CARD, CODEC, ORDER, Frame, cut, new_reader, outcomes
from .shapes import Scalars

SECONDS = 5.0
"""What one input may take, on however slow a machine."""

SOME = Properties(reply_to="answers", attempt=2, headers={"a": b"b"})
OTHERS = Properties(correlation=(1, 2), deadline=9, source="x")


def corpus() -> list[bytes]:
    ids = Ids(7)
    frames: list[Frame] = [
        Envelope(CARD, ids.next(), 5),
        Envelope(ORDER, ids.next(), 6, SOME),
        Envelope(Scalars(text="é" * 50), ids.next(), 7, OTHERS),
        Batch((CARD, ORDER, CARD), ids.block(3), 8),
        Batch((Scalars(),) * 5, ids.block(5), 9, Properties(source="shop")),
    ]
    writers = [
        FrameWriter(CODEC),
        FrameWriter(CODEC, compression="zlib", threshold=1),
        FrameWriter(CODEC, compression="zstd", threshold=1),
    ]
    return [writer.encode(frame) for writer in writers for frame in frames]


def fuzz(count: int, seed: int) -> Counter[str]:
    """Read `count` damaged streams, and count what came out.

    Raises:
        AssertionError: Something else than our errors came out, or it took too long.
    """
    rng = random.Random(seed)
    whole = corpus()
    found: Counter[str] = Counter()
    for number in range(count):
        data = damaged(rng, b"".join(rng.choices(whole, k=rng.randint(1, 4))))
        cuts = [rng.randrange(len(data) + 1) for _ in range(rng.randrange(4))]
        begun = time.monotonic()
        try:
            results = outcomes(new_reader(max_frame=4096, max_inflated=8192), cut(data, cuts))
        except Exception as error:
            raise AssertionError(f"input {number} of seed {seed}: {data!r}") from error
        assert time.monotonic() - begun < SECONDS, f"input {number} of seed {seed}: {data!r}"
        for result in results:
            found[type(result).__name__ if isinstance(result, CodecError) else "frames"] += 1
    return found


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Return `data` with one to three things wrong with it."""
    broken = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(broken) + 1)
        size = rng.choice((1, 1, 2, 4, 8, 64))
        match rng.randrange(6):
            case 0 if at < len(broken):
                broken[at] ^= 1 << rng.randrange(8)
            case 1:
                broken[at : at + size] = rng.randbytes(size)
            case 2:
                del broken[at : at + size]
            case 3:
                broken[at:at] = rng.randbytes(size)
            case 4:
                broken[at:at] = broken[at : at + 16 * size]
            case _:
                # At the size of the first frame, where it hurts most.
                broken[8:12] = rng.choice((0, 1, size, 2**31, 2**32 - 1)).to_bytes(4, "little")
    return bytes(broken)


def main(count: int) -> None:
    """Run in parts with seeds of their own, and show that memory does not grow."""
    seed = random.SystemRandom().randrange(10**6)
    done = 0
    while done < count:
        part = min(20_000, count - done)
        found = fuzz(part, seed)
        done += part
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{done} inputs, seed {seed}, {dict(found)}, peak {peak} MiB", flush=True)
        seed += 1


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
