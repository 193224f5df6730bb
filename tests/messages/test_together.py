"""Objects that the fast lane makes: the same as those of the cattrs lane, down to the details."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any, NewType

import attrs
import pytest

from trioharness._errors import DecodeError
from trioharness.messages import Codec, message

from .lanes import BothLanes
from .shapes import make_message

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


@pytest.mark.parametrize("fields", ['{"price":"\u0661.5"}', '{"by_number":{"1\u0662":1}}'])
def test_digits_are_those_of_ascii(fields: str) -> None:
    with pytest.raises(DecodeError, match="expected"):
        BothLanes(Digits).load("digits", 1, fields.encode())


@attrs.frozen
class Line:
    sku: str
    price: Decimal = Decimal(0)


@attrs.frozen
class Discounted(Line):
    percent: int = 10


NO_LINE = Line("nothing")


@message("defaults")
class Defaults:
    """Defaults with objects in them, which have no twin."""

    line: Line = NO_LINE
    cheap: Line = Discounted("cheap")
    lines: tuple[Line, ...] = (NO_LINE,)
    by_number: dict[int, Line] = attrs.field(factory=lambda: {1: NO_LINE})
    maybe: Decimal | None = Decimal("1.50")


@forms
def test_a_default_is_the_object_that_the_class_gives(form: str) -> None:
    codec = BothLanes(Defaults, format=form)
    assert "fast lane" in codec.explain()
    payload = b"{}" if form == "json" else b"\x80"
    read = codec.load("defaults", 1, payload)
    assert read == Defaults()
    assert read.line is read.lines[0] is read.by_number[1] is NO_LINE
    msg = Defaults(line=Line("x", Decimal(1)), cheap=Line("y"), maybe=None)
    assert codec.copy(msg) == msg


@attrs.define
class Shouting:
    f: str = ""

    def __setattr__(self, name: str, value: str) -> None:
        object.__setattr__(self, name, value.upper())


class Undecorated(Line):
    __slots__ = ()

    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku}!")


def wrapped() -> type[Any]:
    """Make a class as a decorator leaves it that has to do with each object."""

    @attrs.frozen
    class Wrapped:
        sku: str

    made: Any = Wrapped
    generated = made.__init__

    def __init__(self: Any, sku: str) -> None:  # noqa: N807 - it takes the place of that
        generated(self, f"{sku}!")

    made.__init__ = __init__
    return Wrapped


class Calls(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs)


@attrs.frozen
class Called(metaclass=Calls):
    sku: str


@pytest.mark.parametrize("made", [Shouting, Undecorated, wrapped(), Called])
def test_a_class_that_has_a_say_in_how_it_is_made_has_it(made: type[Any]) -> None:
    shape = make_message(f=made)
    codec = BothLanes(shape)
    assert f"{made.__name__!r} is made in a way of its own" in codec.explain()
    key = "f" if made is Shouting else "sku"
    read = codec.load("made", 1, f'{{"f":{{"{key}":"a"}}}}'.encode())
    assert read == shape(f=made("a"))


@attrs.frozen
class Event:
    """A base below which somebody may look for all classes there are."""

    at: datetime.datetime


@message("sold")
@attrs.frozen(kw_only=True)
class Sold(Event):
    line: Line
    count: int = attrs.field(default=1, validator=attrs.validators.ge(1))


def test_no_class_of_the_codec_is_found_below_a_base() -> None:
    codec = BothLanes(Sold)
    assert codec.explain().splitlines()[1] == "  'sold' (version 1): Sold, fast lane"
    msg = Sold(at=datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC), line=Line("a"), count=2)
    read = codec.copy(msg)
    assert read == msg
    assert type(read) is Sold
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        read.count = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(DecodeError, match=r"sold\.count"):
        codec.decode(codec.encode(msg).replace(b'"count":2', b'"count":0'))
    assert Sold.__subclasses__() == []
    assert Event.__subclasses__()[-1:] == [Sold]


def test_a_class_in_the_making_has_a_name_of_its_own() -> None:
    codec = Codec(Digits)
    assert codec.load("digits", 1, b"{}") == Digits()
    names = {each.__name__ for each in Digits.__subclasses__()}
    assert names == {"Digits in the making"}
