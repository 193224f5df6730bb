"""cattrs with orjson, as most write it by hand: each message behind its length, sent by itself."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from uuid import UUID

from cattrs.preconf.orjson import make_converter

from bench._model import Clock, Sample
from bench._purchases import Purchase
from bench._sockets import over_a_socket

_LENGTH = struct.Struct(">I")


def coalesced(size: int, clock: Clock) -> Sample:
    """Send messages through a socket, each as soon as it is bytes."""
    converter = make_converter()
    converter.register_structure_hook(UUID, lambda value, _: UUID(value))
    buffer = bytearray()

    def pieces(purchases: Iterable[Purchase]) -> Iterator[bytes]:
        for purchase in purchases:
            data = converter.dumps(purchase)
            yield _LENGTH.pack(len(data)) + data

    def found(data: bytes | bytearray) -> Iterator[Purchase]:
        nonlocal buffer
        buffer += data
        at = 0
        while len(buffer) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, at)
            end = at + _LENGTH.size + length
            if end > len(buffer):
                break
            yield converter.loads(bytes(buffer[at + _LENGTH.size : end]), Purchase)
            at = end
        del buffer[:at]

    return over_a_socket(pieces, found, size, clock)


batches = coalesced
