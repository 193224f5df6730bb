"""What the fast lane refuses to write although a type checker would let it pass."""

from __future__ import annotations

import datetime
import enum
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest

from trioharness._errors import EncodeError
from trioharness.messages import message

from .lanes import BothLanes

NOW = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)


@message("numbers")
class Numbers:
    count: int = 0
    ratio: float = 0.0
    day: datetime.date = NOW.date()
    maybe: int | None = None
    mixed: int | str | None = None
    either: float | str = 0.0
    flagged: int | bool = 0
    many: tuple[int, ...] = ()
    by_number: dict[int, float] = {}  # noqa: RUF012 - never changed


@pytest.mark.parametrize("form", ["json", "msgpack"])
@pytest.mark.parametrize(
    "fields",
    [
        {"count": True},
        {"ratio": False},
        {"day": NOW},
        {"maybe": True},
        {"mixed": True},
        {"either": False},
        {"many": (1, True)},
        {"by_number": {True: 1.0}},
        {"by_number": {1: True}},
    ],
)
def test_a_subclass_is_not_written_as_what_nobody_could_read(
    fields: dict[str, Any], form: str
) -> None:
    codec = BothLanes(Numbers, format=form)
    assert "fast lane" in codec.explain()
    with pytest.raises(EncodeError, match="expected"):
        codec.encode(Numbers(**fields))


@pytest.mark.parametrize("form", ["json", "msgpack"])
def test_a_bool_is_written_where_it_is_expected(form: str) -> None:
    codec = BothLanes(Numbers, format=form)
    msg = Numbers(flagged=True, maybe=1, mixed=2, either=3.0, many=(4,), by_number={5: 6.0})
    assert repr(codec.copy(msg)) == repr(msg)


class Half(enum.IntEnum):
    ONE = 1


class Real(float):
    pass


@attrs.frozen
class Cell:
    count: int = 1
    ratio: float = 0.5
    maybe: float | None = None
    at: datetime.datetime = NOW
    amount: Decimal = Decimal("1.5")
    text: str = "a"


@attrs.frozen
class Wider(Cell):
    pass


@attrs.frozen
class Alike:
    count: int = 1
    ratio: float = 0.5
    maybe: float | None = None
    at: datetime.datetime = NOW
    amount: Decimal = Decimal("1.5")
    text: str = "a"


@message("table")
class Table:
    cells: list[Cell] = attrs.field(factory=list[Cell])
    fixed: tuple[Cell, ...] = ()


GOOD_CELLS = [
    Cell(ratio=3),
    Cell(ratio=-(2**53)),
    Cell(ratio=Real(0.25)),
    Cell(count=Half.ONE),
    Cell(maybe=1.5),
    Cell(maybe=2),
    Cell(ratio=1.7976931348623157e308, maybe=-1.7976931348623157e308),
    Cell(at=NOW.astimezone(datetime.timezone(datetime.timedelta(hours=2)))),
]
ODD: Any = (Decimal("0.5"), Fraction(1, 2), "0.5", 0.5)
BAD_CELLS: list[Any] = [
    Cell(count=True),
    Cell(ratio=False),
    Cell(ratio=math.nan),
    Cell(ratio=math.inf),
    Cell(ratio=-math.inf),
    Cell(ratio=10**400),
    Cell(ratio=ODD[0]),
    Cell(ratio=ODD[1]),
    Cell(ratio=ODD[2]),
    Cell(maybe=True),
    Cell(maybe=math.nan),
    Cell(at=NOW.replace(tzinfo=None)),
    Cell(amount=Decimal("NaN")),
    Cell(amount=ODD[3]),
    Wider(),
    Alike(),
    None,
]


def tables(cell: Any, count: int) -> list[Table]:
    """Return messages with so many cells, one of which is another, wherever it stands."""
    cells = [[*[Cell()] * at, cell, *[Cell()] * (count - 1 - at)] for at in {0, count // 2}]
    return [table for some in cells for table in (Table(cells=some), Table(fixed=tuple(some)))]


counts = pytest.mark.parametrize("count", [1, 9, 10, 40])
"""Those of which there are ten and more are taken apart in another way."""


@pytest.mark.parametrize("form", ["json", "msgpack"])
@counts
@pytest.mark.parametrize("cell", GOOD_CELLS)
def test_one_among_many_is_written_as_it_is_alone(cell: Cell, count: int, form: str) -> None:
    codec = BothLanes(Table, format=form)
    assert "fast lane" in codec.explain()
    for table in tables(cell, count):
        assert codec.copy(table) == table


@pytest.mark.parametrize("form", ["json", "msgpack"])
@counts
@pytest.mark.parametrize("cell", BAD_CELLS)
def test_one_among_many_is_refused_as_it_is_alone(cell: Any, count: int, form: str) -> None:
    codec = BothLanes(Table, format=form)
    for table in tables(cell, count):
        with pytest.raises(EncodeError):
            codec.encode(table)


@counts
def test_many_in_what_is_of_another_class_are_refused(count: int) -> None:
    codec = BothLanes(Table)
    odds: Any = (tuple([Cell()] * count), {Cell(count=at) for at in range(count)}, "a" * count)
    for odd in odds:
        with pytest.raises(EncodeError, match="expected a list"):
            codec.encode(Table(cells=odd))
