"""Objects that the fast lane makes: the same as those of the cattrs lane, down to the details."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, NewType

import attrs
import pytest

from trioharness._errors import DecodeError
from trioharness.messages import message

from .lanes import BothLanes

FORMATS = ("json", "msgpack")
forms = pytest.mark.parametrize("form", FORMATS)

UserId = NewType("UserId", int)


@message("sets")
class Sets:
    """Sets of what has another name, or stricter rules, than what msgspec reads."""

    ids: frozenset[UserId] = frozenset()
    ages: set[Annotated[int, "in years"]] = attrs.field(factory=set[int])
    ratios: frozenset[float] = frozenset()
    moments: set[datetime.datetime] = attrs.field(factory=set[datetime.datetime])
    prices: frozenset[Decimal] = frozenset()


@forms
def test_a_set_comes_back_as_a_set_whatever_is_in_it(form: str) -> None:
    msg = Sets(
        ids=frozenset((UserId(1),)),
        ages={2},
        ratios=frozenset((0.5,)),
        moments={datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)},
        prices=frozenset((Decimal("1.50"),)),
    )
    codec = BothLanes(Sets, format=form)
    assert "fast lane" in codec.explain()
    assert codec.copy(msg) == msg


@message("digits")
class Digits:
    price: Decimal = Decimal(0)
    by_number: dict[int, int] = attrs.field(factory=dict[int, int])


@pytest.mark.parametrize("fields", ['{"price":"١.٥"}', '{"by_number":{"1٢":1}}'])
def test_digits_are_those_of_ascii(fields: str) -> None:
    with pytest.raises(DecodeError, match="expected"):
        BothLanes(Digits).load("digits", 1, fields.encode())
