"""Messages that may go the fast lane, with everything that may be in them, and how to make them."""

from __future__ import annotations

import datetime
import enum
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

import attrs
from hypothesis import strategies as st

import trioharness.messages as thm
from trioharness.messages._builtins import is_json_array, is_json_object

ItemT = TypeVar("ItemT")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


@attrs.frozen(kw_only=True)
class Line:
    sku: str
    price: float = attrs.field(validator=attrs.validators.ge(0))
    note: str | None = None
    at: datetime.datetime | None = None


@attrs.frozen
class Box(Generic[ItemT]):
    item: ItemT
    others: list[ItemT]


@thm.message("all", version=2)
class All:
    """A field of each type that the fast lane knows."""

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
    color: Color = Color.RED
    size: Size = Size.SMALL
    unit: Literal["kg", "g", 1] = "kg"
    maybe: Decimal | None = None
    mixed: int | str | None = None
    either: float | str = 0.0
    lines: list[Line] = attrs.field(factory=list[Line])
    many: tuple[Line, ...] = ()
    pair: tuple[int, datetime.datetime] | None = None
    nested: list[list[float]] = attrs.field(factory=list[list[float]])
    tags: frozenset[str] = frozenset()
    ids: set[int] = attrs.field(factory=set[int])
    counts: dict[int, Color] = attrs.field(factory=dict[int, Color])
    by_color: dict[Color, float] = attrs.field(factory=dict[Color, float])
    by_name: dict[str, Line] = attrs.field(factory=dict[str, Line])
    box: Box[Line] | None = None


@thm.message("tree")
class Tree:
    """Contains itself, so that its depth has to be looked at."""

    value: float = 0.0
    children: list[Tree] = attrs.field(factory=list["Tree"])


@thm.message("odd")
class Odd:
    """Goes the cattrs lane in any case: msgspec reads nothing that is to be converted."""

    number: int = attrs.field(default=0, converter=abs)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
floats = st.floats(allow_nan=False, allow_infinity=False)
ints = st.integers(-(2**63), 2**63)
offsets = st.integers(-23 * 60, 23 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
moments = st.datetimes(
    min_value=datetime.datetime(2, 1, 1),  # noqa: DTZ001 - aware by `timezones`
    max_value=datetime.datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=offsets,
)
decimals = st.decimals(allow_nan=False, allow_infinity=False)
lines = st.builds(
    Line,
    sku=texts,
    price=st.floats(0, 1e300),
    note=st.none() | texts,
    at=st.none() | moments,
)
alls = st.builds(
    All,
    flag=st.booleans(),
    count=ints,
    ratio=floats,
    text=texts,
    raw=st.binary(max_size=8),
    when=moments,
    day=st.dates(),
    ident=st.uuids(),
    amount=decimals,
    color=st.sampled_from(Color),
    size=st.sampled_from(Size),
    unit=st.sampled_from(["kg", "g", 1]),
    maybe=st.none() | decimals,
    mixed=st.none() | ints | texts,
    either=floats | texts,
    lines=st.lists(lines, max_size=2),
    many=st.lists(lines, max_size=2).map(tuple),
    pair=st.none() | st.tuples(ints, moments),
    nested=st.lists(st.lists(floats, max_size=2), max_size=2),
    tags=st.frozensets(texts, max_size=2),
    ids=st.sets(ints, max_size=2),
    counts=st.dictionaries(ints, st.sampled_from(Color), max_size=2),
    by_color=st.dictionaries(st.sampled_from(Color), floats, max_size=2),
    by_name=st.dictionaries(texts, lines, max_size=2),
    box=st.none() | st.builds(Box[Line], lines, st.lists(lines, max_size=2)),
)
trees = st.recursive(
    st.builds(Tree, value=floats),
    lambda inner: st.builds(Tree, value=floats, children=st.lists(inner, max_size=3)),
    max_leaves=12,
)
messages = st.builds(Odd, number=ints) | trees | alls


def faulty(value: object) -> st.SearchStrategy[Any]:
    """Make a strategy of JSON that is `value`, or nearly."""
    others = st.sampled_from(
        [
            *(None, True, 0, 1, -1, 1.0, 2**70, "", "red", "7", "07", "1.5", "NaN"),
            *([], {}, [1], {"a": 1}, "0" * 32, "AA==", "AA="),
            *("2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00Z"),
        ]
    )
    nearly: st.SearchStrategy[Any] = st.just(value) | others
    if is_json_object(value):
        return nearly | _faulty_dict(value)
    if is_json_array(value) and value:
        return nearly | st.tuples(*map(faulty, value)).map(list[Any])
    return nearly


def _faulty_dict(value: dict[str, Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from([*value, "extra"])

    def with_one(key: str) -> st.SearchStrategy[Any]:
        return faulty(value.get(key, 1)).map(lambda inner: {**value, key: inner})

    def without_one(key: str) -> dict[str, Any]:
        return {each: inner for each, inner in value.items() if each != key}

    return keys.flatmap(with_one) | keys.map(without_one)
