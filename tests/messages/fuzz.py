"""A fuzzer for `Codec.decode` and `Codec.load`: ``python -m tests.messages.fuzz 1000000 [seed]``.

It mutates a small corpus of good and odd messages, and holds both formats and both lanes to: one of
our named errors or a message that can be encoded again, in bounded time and flat memory. The tests
run it for a bounded count.
"""

from __future__ import annotations

import datetime
import random
import resource
import sys
import time
from collections import Counter
from decimal import Decimal
from typing import Any

from trioharness._errors import CodecError
from trioharness.messages import Codec

from .fast_shapes import All, Box, Color, Line, Odd, Tree
from .shapes import Card, Cash, Order, Scalars

SLOW = 2.0
"""Seconds of work that no input may take; a thousand times what most take."""
WARM_UP = 2_000
"""Inputs after which caches are filled, and memory is to stay as it is."""
GROWTH = 32 * 1024
"""Kilobytes that the largest memory may be larger at the end."""

_MESSAGES: tuple[Any, ...] = (
    All(),
    All(
        raw=b"\x00\xff",
        maybe=Decimal("-1e5"),
        mixed="\u20ac",
        lines=[Line(sku="a", price=1.5, at=datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC))],
        nested=[[1.5], []],
        counts={-7: Color.RED},
        by_name={"b": Line(sku="b", price=0)},
        box=Box(Line(sku="c", price=2), []),
    ),
    Tree(value=1.0, children=[Tree(children=[Tree()]), Tree(value=-0.0)]),
    Odd(number=-1),
    Card(number="4"),
    Order(id=2**40, pay=Cash(amount=Decimal("9.99")), parent=Order(id=1), mixed=[1, 2]),
    Scalars(plain={"a": [1, None, {"b": 1.5}]}),
)
_JSON_TOKENS = rb' " { } [ ] , : null true NaN 1e999 -0 1.0 "\ud800" \u0000 '.split()
_TOKENS = (
    *_JSON_TOKENS,
    *(b"9" * 5000, b"[" * 40, b'{"a":' * 40, b"\xff\xfe", b"\xed\xa0\x80", b"\xc1"),
    *(b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc7\x0c\xff" + b"\xff" * 12),
    *(b"\x91" * 2000, b"\xcb\x7f\xf8" + b"\x00" * 6, b"\xd8" + b"\x01" * 17, b"\x81\x90\x01"),
)


class Fuzzer:
    """Makes inputs and gives them to the codecs."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        form = All | Tree | Odd | Card | Order | Scalars
        self._codecs = [
            Codec(form, format=name, lane=lane, extra=extra)
            for name in ("json", "msgpack")
            for lane in ("auto", "cattrs")
            for extra in ("forbid", "allow")
        ]
        self._corpus = [
            (codec, codec.encode(msg), codec.dump(msg))
            for codec in self._codecs
            for msg in _MESSAGES
        ]
        self.outcomes: Counter[str] = Counter()
        self.slowest = 0.0

    def run(self, count: int) -> None:
        """Try `count` inputs."""
        for _ in range(count):
            codec, wire, (name, version, payload) = self._random.choice(self._corpus)
            begun = time.process_time()
            try:
                if self._random.random() < 0.7:
                    message = codec.decode(self._mutated(wire))
                else:
                    message = codec.load(name, version, self._mutated(payload))
                codec.encode(message)
                self.outcomes["message"] += 1
            except CodecError as error:
                assert len(str(error)) < 2_000
                self.outcomes[type(error).__name__] += 1
            self.slowest = max(self.slowest, time.process_time() - begun)

    def _mutated(self, data: bytes) -> bytes:
        mutated = bytearray(data)
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 3, 8))):
            at = self._random.randint(0, len(mutated))
            until = min(at + self._random.choice((0, 1, 1, 2, 8, 10_000)), len(mutated))
            mutated[at:until] = self._piece(data)
        return bytes(mutated)

    def _piece(self, data: bytes) -> bytes:
        match self._random.randrange(4):
            case 0:
                return self._random.randbytes(self._random.randrange(4))
            case 1:
                return self._random.choice(_TOKENS)
            case 2:
                start = self._random.randrange(len(data))
                return data[start : start + self._random.randrange(40)]
            case _:
                return b""


def fuzz(count: int, seed: int) -> Fuzzer:
    """Try `count` inputs; return the fuzzer, with what came of them.

    Raises:
        AssertionError: One took too long, or memory has grown.
    """
    fuzzer = Fuzzer(seed)
    fuzzer.run(min(count, WARM_UP))
    before = _peak()
    fuzzer.run(count - min(count, WARM_UP))
    growth = _peak() - before
    assert growth < GROWTH, f"memory has grown by {growth} kB"
    assert fuzzer.slowest < SLOW, f"one input took {fuzzer.slowest} s"
    return fuzzer


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(count: int, seed: int) -> None:
    print(f"seed {seed}")
    begun = time.perf_counter()
    fuzzer = fuzz(count, seed)
    print(f"{count} inputs in {time.perf_counter() - begun:.0f} s, slowest {fuzzer.slowest:.3f} s")
    print(*(f"{name}: {times}" for name, times in fuzzer.outcomes.most_common()), sep="\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32))
