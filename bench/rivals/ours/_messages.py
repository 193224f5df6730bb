"""The messages our workloads send."""

from __future__ import annotations

import trioharness as th


@th.message("bench.order")
class Order:
    """A small message of the usual field types."""

    id: int
    customer: str
    quantity: float
    express: bool


def make_orders(count: int) -> list[Order]:
    """Return `count` orders, each with its own id from 0."""
    return [
        Order(id=number, customer=f"customer {number % 97}", quantity=number / 4, express=False)
        for number in range(count)
    ]
