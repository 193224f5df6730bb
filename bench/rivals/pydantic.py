"""pydantic's models: they check what they are made of, in Rust; extra fields are passed over."""

from __future__ import annotations

import datetime
import uuid

from pydantic import BaseModel, ConfigDict

from bench._coding import LARGE, SMALL, Coder, Priority, decoding, encoding, remade


class Line(BaseModel):
    """A line of an order."""

    model_config = ConfigDict(frozen=True)

    sku: str
    title: str
    quantity: int
    price: float
    note: str | None = None


class Order(BaseModel):
    """A message with a field of each usual type."""

    model_config = ConfigDict(frozen=True)

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
    def encode(order: Order) -> bytes:
        return order.model_dump_json().encode()

    return encode, Order.model_validate_json


_small, _large = remade(SMALL, Order, Line), remade(LARGE, Order, Line)

encode_small, encode_large = encoding(_small, _coder), encoding(_large, _coder)
decode_small = decode_small_with_extra_allowed = decoding(_small, _coder)
decode_large = decode_large_with_extra_allowed = decoding(_large, _coder)
