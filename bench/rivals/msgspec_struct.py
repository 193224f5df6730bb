"""msgspec's own Structs, as MessagePack: no attrs classes, and extra fields are passed over."""

from __future__ import annotations

import datetime
import uuid

import msgspec

from bench._coding import LARGE, SMALL, Coder, Priority, decoding, encoding, remade


class Line(msgspec.Struct, gc=False, frozen=True):
    """A line of an order."""

    sku: str
    title: str
    quantity: int
    price: float
    note: str | None = None


class Order(msgspec.Struct, frozen=True):
    """A message with a field of each usual type."""

    id: uuid.UUID
    customer: str
    number: int
    total: float
    at: datetime.datetime
    priority: Priority
    note: str | None
    lines: list[Line]
    tags: dict[str, str]


def _coder() -> Coder:
    return msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Order).decode


_small, _large = remade(SMALL, Order, Line), remade(LARGE, Order, Line)

encode_small, encode_large = encoding(_small, _coder), encoding(_large, _coder)
decode_small = decode_small_with_extra_allowed = decoding(_small, _coder)
decode_large = decode_large_with_extra_allowed = decoding(_large, _coder)
