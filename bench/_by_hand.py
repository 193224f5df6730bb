"""Batches of 100 messages compressed by hand: lines of JSON through a library's two functions."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from cattrs.preconf.orjson import make_converter

from bench._purchases import Purchase, make_purchases
from bench._sample import Clock, Sample, check_items

BATCH = 100

Pack = Callable[[bytes], bytes]
"""Compresses, or inflates."""


class ByHand:
    """The work, with one library."""

    def __init__(self, compress: Pack, inflate: Pack) -> None:
        self._compress, self._inflate = compress, inflate
        self._converter = make_converter()
        self._converter.register_structure_hook(UUID, lambda value, _: UUID(value))

    def encode(self, size: int, clock: Clock) -> Sample:
        """Compress each batch of 100."""
        purchases = make_purchases(size)
        self._packed(purchases[:1])  # what is made once for each type
        begun = clock()
        packed = self._packed(purchases)
        elapsed = clock() - begun
        check_items("message", self._found(packed), purchases)
        return Sample(count=size, nanoseconds=elapsed, amount=sum(map(len, packed)))

    def decode(self, size: int, clock: Clock) -> Sample:
        """Find the messages in such batches."""
        purchases = make_purchases(size)
        packed = self._packed(purchases)
        begun = clock()
        found = self._found(packed)
        elapsed = clock() - begun
        check_items("message", found, purchases)
        return Sample(count=size, nanoseconds=elapsed, amount=sum(map(len, packed)))

    def _packed(self, purchases: list[Purchase]) -> list[bytes]:
        dumps, compress = self._converter.dumps, self._compress
        return [
            compress(b"\n".join(map(dumps, purchases[at : at + BATCH])))
            for at in range(0, len(purchases), BATCH)
        ]

    def _found(self, packed: list[bytes]) -> list[Purchase]:
        loads, inflate = self._converter.loads, self._inflate
        return [loads(line, Purchase) for batch in packed for line in inflate(batch).split(b"\n")]
