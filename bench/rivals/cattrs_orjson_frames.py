"""cattrs with orjson, as most write it by hand: each message behind its length, sent by itself."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from cattrs.preconf.orjson import make_converter

from bench._coding import Bundle, bundles_of
from bench._purchases import Purchase, make_purchases
from bench._sample import Clock, Sample
from bench._sockets import M, over_a_socket

_LENGTH = struct.Struct(">I")


def coalesced(size: int, clock: Clock) -> Sample:
    """Send messages through a socket, each as soon as it is bytes."""
    return _one_by_one(Purchase, make_purchases(size), clock)


def socket_sized(x: int, size: int, clock: Clock) -> Sample:
    """The same with messages of so many bytes."""
    return _one_by_one(Bundle, bundles_of(x, size), clock)


def _one_by_one(form: type[M], sent: Sequence[M], clock: Clock) -> Sample:
    converter = make_converter()
    converter.register_structure_hook(UUID, lambda value, _: UUID(value))
    buffer = bytearray()

    def pieces(messages: Iterable[M]) -> Iterator[bytes]:
        for message in messages:
            data = converter.dumps(message)
            yield _LENGTH.pack(len(data)) + data

    def found(data: bytes | bytearray) -> Iterator[M]:
        nonlocal buffer
        buffer += data
        at = 0
        while len(buffer) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, at)
            end = at + _LENGTH.size + length
            if end > len(buffer):
                break
            yield converter.loads(bytes(buffer[at + _LENGTH.size : end]), form)
            at = end
        del buffer[:at]

    return over_a_socket(pieces, found, sent, clock)


batches = coalesced
