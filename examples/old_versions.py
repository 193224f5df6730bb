"""Old versions: a message written by version 1 of a program is read by its version 3.

The class has only its present form. What a payload of an old version has to become is said by one
`upgrade` a version; they are chained, so that version 1 is never thought of again.
"""

from __future__ import annotations

import trioharness as th


@th.message("order", version=3)
class Order:
    id: int
    quantity: float
    currency: str


@th.upgrade(Order, version=1)  # version 2 called it quantity, and allowed halves
def amount_becomes_quantity(old: dict[str, int]) -> dict[str, float]:
    return {"id": old["id"], "quantity": float(old["amount"])}


@th.upgrade(Order, version=2)  # version 3 added the currency
def currency_was_euro(old: dict[str, object]) -> dict[str, object]:
    return {**old, "currency": "EUR"}


def main() -> None:
    codec = th.Codec(Order)
    old = b'{"type":"order","version":1,"data":{"id":7,"amount":2}}'
    print(codec.decode(old))
    for wrong in (
        b'{"type":"order","version":4,"data":{}}',
        b'{"type":"order","version":3,"data":{"id":"7","quantity":2,"currency":"EUR"}}',
    ):
        try:
            codec.decode(wrong)
        except th.CodecError as error:
            print(error)
    print(codec.explain())


if __name__ == "__main__":
    main()
