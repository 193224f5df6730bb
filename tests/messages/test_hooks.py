"""Custom hooks: types that a codec is told how to send."""

from __future__ import annotations

import datetime
from typing import Any

import attrs
import pytest

from trioharness._errors import ConfigurationError, DecodeError, EncodeError
from trioharness.messages import Codec, Hook, message

from .lanes import BothLanes


class Money:
    """A type that no codec knows."""

    def __init__(self, cents: int) -> None:
        if cents < 0:
            raise ValueError("money is not negative")
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents

    def __hash__(self) -> int:
        return hash(self.cents)


@attrs.frozen
class Point:
    x: int
    y: int


@message("sale")
class Sale:
    price: Money
    discount: Money | None = None
    parts: list[Money] = attrs.field(factory=list[Money])
    by_price: dict[Money, str] = attrs.field(factory=dict[Money, str])
    at: datetime.datetime | None = None
    where: Point | str = ""


def cents(money: Money) -> int:
    return money.cents


def pair(point: Point) -> list[int]:
    return [point.x, point.y]


def point(given: list[int]) -> Point:
    return Point(*given)


HOOKS: dict[type, Hook] = {
    Money: Hook(wire=int, write=cents, read=Money),
    Point: Hook(wire=list[int], write=pair, read=point),
    datetime.datetime: Hook(
        wire=float,
        write=datetime.datetime.timestamp,
        read=lambda seconds: datetime.datetime.fromtimestamp(seconds, datetime.UTC),
    ),
}
SALE = Sale(
    price=Money(150),
    parts=[Money(100), Money(50)],
    by_price={Money(7): "seven"},
    at=datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC),
    where=Point(1, 2),
)


@pytest.mark.parametrize("form", ["json", "msgpack"])
def test_a_type_is_sent_as_another(form: str) -> None:
    codec = BothLanes(Sale, hooks=HOOKS, format=form)
    assert codec.copy(SALE) == SALE
    assert codec.to_builtins(SALE)["data"] == {
        "price": 150,
        "discount": None,
        "parts": [100, 50],
        "by_price": {"7": "seven"} if form == "json" else {7: "seven"},
        "at": 1769817600.0,
        "where": [1, 2],
    }
    assert "cattrs lane ('Money' has a hook)" in codec.explain()


def test_what_is_read_is_as_strict_as_its_wire_type() -> None:
    codec = BothLanes(Sale, hooks=HOOKS)
    for data, words in (
        ({"price": "1"}, r"sale\.price: expected an int, not str"),
        ({"price": 1, "parts": [1, True]}, r"sale\.parts\[1\]: expected an int, not bool"),
        ({"price": -1}, r"sale\.price: money is not negative"),
        ({"price": 1, "where": [1]}, r"sale\.where: .*missing 1 required positional argument"),
    ):
        with pytest.raises(DecodeError, match=words):
            codec.from_builtins({"type": "sale", "version": 1, "data": data})


def test_what_is_written_is_as_strict_as_its_wire_type() -> None:
    wrong: Any = 150
    with pytest.raises(EncodeError, match=r"sale\.price: expected a Money, not int"):
        BothLanes(Sale, hooks=HOOKS).encode(Sale(price=wrong))
    lying = {**HOOKS, Money: Hook(wire=str, write=cents, read=Money)}
    with pytest.raises(EncodeError, match=r"sale\.price: expected a str, not int"):
        BothLanes(Sale, hooks=lying).encode(SALE)


def test_without_the_hook_the_type_cannot_be_sent() -> None:
    with pytest.raises(ConfigurationError, match=r"Sale\.\w+.*: a message cannot have a field of"):
        Codec(Sale)


@pytest.mark.parametrize("hooks", [{Money: str}, {"Money": HOOKS[Money]}, [Money]])
def test_hooks_are_checked(hooks: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"a hook is .*; write hooks=\{Money: Hook\(wire="):
        Codec(Sale, hooks=hooks)
