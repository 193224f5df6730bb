"""The message of the rows about bytes: some 300 bytes of JSON, of the field types that are usual.

A plain attrs class, so that every rival is given the same objects.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import attrs


class Payment(enum.Enum):
    """How it was paid."""

    CARD = "card"
    CASH = "cash"


@attrs.frozen(kw_only=True)
class Item:
    """One thing that was bought."""

    sku: str
    pieces: int
    price: float


@attrs.frozen(kw_only=True)
class Purchase:
    """What somebody bought."""

    id: uuid.UUID
    number: int
    customer: str
    total: float
    at: dt.datetime
    payment: Payment
    note: str | None
    items: list[Item]
    labels: dict[str, str]


_BEGAN = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


def make_purchases(count: int) -> list[Purchase]:
    """Return `count` purchases, no two of which are equal."""
    return [
        Purchase(
            id=uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128),
            number=number,
            customer=f"customer {number % 97}",
            total=number / 4,
            at=_BEGAN + dt.timedelta(seconds=number),
            payment=Payment.CARD if number % 3 else Payment.CASH,
            note="leave it at the door" if number % 5 == 0 else None,
            items=[
                Item(sku=f"sku-{number % 89}", pieces=1, price=2.5),
                Item(sku=f"sku-{number % 83}", pieces=2, price=0.75),
            ],
            labels={"shop": "north", "campaign": f"c{number % 7}"},
        )
        for number in range(count)
    ]
