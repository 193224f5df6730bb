"""Message classes for the codec's tests, at module level so that their annotations resolve."""

from __future__ import annotations

import datetime
import enum
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NewType, TypeVar
from uuid import UUID

import attrs

import trioharness.messages as thm

ItemT = TypeVar("ItemT")


def make_message(version: int = 1, /, **fields: Any) -> type[Any]:
    """Make a message ``Made`` of fields given as types or as what `attrs.field` returns."""
    made: type[Any] = attrs.make_class(
        "Made",
        {
            name: given if isinstance(given, type(attrs.field())) else attrs.field(type=given)
            for name, given in fields.items()
        },
        frozen=True,
        kw_only=True,
        slots=True,
    )
    return thm.message("made", version=version)(made)


Sku = NewType("Sku", str)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


class Tone(str, enum.Enum):  # noqa: UP042 - the old spelling is the harder one: a str by class
    HIGH = "high"
    LOW = "low"


@attrs.frozen(kw_only=True)
class Line:
    sku: Sku
    price: float = attrs.field(validator=attrs.validators.ge(0))
    note: str | None = None


@attrs.frozen
class Box(Generic[ItemT]):
    item: ItemT
    others: list[ItemT]
    spare: ItemT | None = None


@attrs.frozen
class IntBox(Box[int]):
    extra: int = 0


@attrs.frozen(kw_only=True)
class Circle:
    radius: int


@attrs.frozen(kw_only=True)
class Square:
    side: int


@thm.message("card", version=2)
class Card:
    number: str


@thm.upgrade(Card, version=1)
def _card_1(old: dict[str, Any]) -> dict[str, Any]:
    return {"number": old["no"]}


@thm.message("cash")
class Cash:
    amount: Decimal


@thm.message("scalars")
class Scalars:
    none: None = None
    flag: bool = False
    count: int = 0
    ratio: float = 0.0
    text: str = ""
    raw: bytes = b""
    when: datetime.datetime = datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)
    day: datetime.date = datetime.date(2026, 1, 31)
    ident: UUID = UUID(int=0)
    amount: Decimal = Decimal("1.50")
    path: Path = Path("a")
    color: Color = Color.RED
    size: Size = Size.SMALL
    tone: Tone = Tone.HIGH
    unit: Literal["kg", "g", 1] = "kg"
    plain: object = None


@thm.message("order", version=3)
class Order:
    id: int
    lines: list[Line] = attrs.field(factory=list[Line])
    pay: Card | Cash | None = None
    shape: Circle | Square | None = None
    mixed: int | str | list[int] | None = None
    ratio: float | str = 1.0
    pair: tuple[int, str] = (1, "a")
    many: tuple[Line, ...] = ()
    tags: frozenset[str] = frozenset()
    ids: set[int] = attrs.field(factory=set[int])
    counts: dict[int, Color] = attrs.field(factory=dict[int, Color])
    by_color: dict[Color, int] = attrs.field(factory=dict[Color, int])
    by_name: dict[str, Line] = attrs.field(factory=dict[str, Line])
    box: Box[Line] | None = None
    ints: IntBox = IntBox(1, [2], 3)
    weight: Annotated[int, "g"] = 0
    parent: Order | None = None
    children: list[Order] = attrs.field(factory=list["Order"])
