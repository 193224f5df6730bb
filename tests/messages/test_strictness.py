"""Nothing is coerced: each rule, in both directions, with path, reason and value."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections import OrderedDict
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

import attrs
import pytest

from trioharness._errors import DecodeError, EncodeError, UnknownMessageError
from trioharness.messages import Codec, message

from .lanes import BothLanes
from .shapes import (
    Box,
    Card,
    Cash,
    Circle,
    Color,
    IntBox,
    Line,
    Order,
    Scalars,
    Size,
    Sku,
    make_message,
)

ORDERS = BothLanes(Order)
SCALARS = BothLanes(Scalars)
WRONG: Any = None
EMPTY: Any = {}
NAIVE = datetime.datetime(2026, 1, 31)  # noqa: DTZ001 - that is what is to be refused


def read(codec: BothLanes[Any] | Codec[Any], name: str, version: int, **fields: object) -> Any:
    return codec.from_builtins({"type": name, "version": version, "data": fields})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("none", False),
        ("none", 0),
        ("flag", 1),
        ("flag", "true"),
        ("flag", None),
        ("count", "7"),
        ("count", 3.9),
        ("count", 3.0),
        ("count", True),
        ("count", None),
        ("ratio", "1.5"),
        ("ratio", True),
        ("ratio", 10**400),
        ("text", 1),
        ("text", None),
        ("text", ["a"]),
        ("raw", "not base64!"),
        ("raw", "AA="),
        ("raw", "AA\n=="),
        ("raw", [0]),
        ("when", "2026-01-31T12:00:00"),
        ("when", "2026-01-31"),
        ("when", "20260131T120000Z"),
        ("when", "2026-02-30T12:00:00Z"),
        ("when", "2026-01-31T24:00:00Z"),
        ("when", "2026-01-31T12:00:60Z"),
        ("when", "2026-01-31T12:00:00+99:99"),
        ("when", "\u0662026-01-31T12:00:00Z"),
        ("when", 0),
        ("day", "2026-01-31T00:00:00Z"),
        ("day", "2026-W05-1"),
        ("day", "2026-13-01"),
        ("ident", "0000000000000000000000000000000"),
        ("ident", "{00000000-0000-0000-0000-000000000000}"),
        ("ident", 0),
        ("amount", 1.5),
        ("amount", 1),
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", "1_000"),
        ("amount", " 1"),
        ("amount", "\u0661"),
        ("amount", "1E+999999999999999999999"),
        ("path", ["a"]),
        ("color", "RED"),
        ("color", 1),
        ("color", ["red"]),
        ("color", {}),
        ("size", True),
        ("size", 1.0),
        ("size", "1"),
        ("size", 3),
        ("tone", "HIGH"),
        ("unit", "t"),
        ("unit", True),
        ("unit", []),
        ("plain", (1,)),
        ("plain", {1: 2}),
        ("plain", [float("inf")]),
        ("plain", Path()),
    ],
)
def test_a_scalar_of_another_form_is_refused(field: str, value: object) -> None:
    with pytest.raises(DecodeError) as caught:
        read(SCALARS, "scalars", 1, **{field: value})
    assert caught.value.path == f"scalars.{field}"
    assert caught.value.__cause__ is None
    assert caught.value.value


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("lines", EMPTY, "lines"),
        ("lines", "abc", "lines"),
        ("lines", ({"sku": "a", "price": 1},), "lines"),
        ("lines", [{"sku": "a", "price": 1}, [EMPTY]], "lines[1]"),
        ("lines", [{"sku": "a"}], "lines[0].price"),
        ("lines", [{"sku": "a", "price": 1, "x": 2}], "lines[0].x"),
        ("lines", [{"sku": "a", "price": 1}] * 3 + [{"sku": "a", "price": "1"}], "lines[3].price"),
        ("lines", [{"sku": "a", "price": -1}], "lines[0].price"),
        ("pay", {"number": "1"}, "pay"),
        ("pay", {"type": "card", "version": "2", "data": {}}, "pay.version"),
        ("pay", {"type": "card", "version": True, "data": {}}, "pay.version"),
        ("pay", {"type": "card", "version": 2, "data": []}, "pay.data"),
        ("pay", {"type": "card", "version": 2, "data": {}}, "pay.number"),
        ("pay", {"type": "card", "version": 2, "data": {"number": "1"}, "x": 1}, "pay"),
        ("shape", {}, "shape"),
        ("shape", {"colour": 1}, "shape"),
        ("shape", {"radius": 1, "side": 1}, "shape."),
        ("shape", {"radius": 1.5}, "shape.radius"),
        ("mixed", 1.5, "mixed"),
        ("mixed", True, "mixed"),
        ("mixed", [1, "2"], "mixed[1]"),
        ("ratio", True, "ratio"),
        ("pair", [1], "pair"),
        ("pair", [1, "a", 2], "pair"),
        ("pair", [1, 2], "pair[1]"),
        ("tags", {"a": 1}, "tags"),
        ("tags", [1], "tags[0]"),
        ("counts", {"x": "red"}, "counts['x']"),
        ("counts", {"07": "red"}, "counts['07']"),
        ("counts", {"-0": "red"}, "counts['-0']"),
        ("counts", {" 7": "red"}, "counts[' 7']"),
        ("counts", {"7.0": "red"}, "counts['7.0']"),
        ("counts", {"9" * 5000: "red"}, "counts['"),
        ("counts", {7: "red"}, "counts[7]"),
        ("counts", {"7": "Red"}, "counts['7']"),
        ("counts", [["7", "red"]], "counts"),
        ("by_color", {"green": 1}, "by_color['green']"),
        ("by_name", {"a": {"sku": "a"}}, "by_name['a'].price"),
        ("box", {"item": {"sku": "a", "price": 1}, "others": [{"sku": 1}]}, "box.others[0].sku"),
        ("ints", {"item": "1", "others": []}, "ints.item"),
        ("ints", {"item": 1, "others": ["1"]}, "ints.others[0]"),
        ("weight", "1", "weight"),
        ("parent", {"id": 1, "parent": {"id": "1"}}, "parent.parent.id"),
        ("children", [{"id": 1}, {}], "children[1].id"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(field: str, value: object, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read(ORDERS, "order", 3, id=1, **{field: value})
    assert caught.value.path.startswith(f"order.{path}")
    assert caught.value.path == f"order.{path}" or path[-1] in ".'"
    assert len(str(caught.value)) < 400


def test_missing_and_extra_fields_are_refused() -> None:
    with pytest.raises(DecodeError) as missing:
        read(ORDERS, "order", 3)
    assert str(missing.value) == "cannot decode order.id: the field is missing"
    with pytest.raises(DecodeError) as extra:
        read(ORDERS, "order", 3, id=1, b=1, a="x")
    assert str(extra.value) == (
        "cannot decode order.a: 'Order' has no such field, nor 1 others that are given (got 'x')"
    )
    with pytest.raises(DecodeError) as endless:
        read(ORDERS, "order", 3, id=1, **{"x" * 10_000: "y" * 10_000})
    assert len(str(endless.value)) < 300


@pytest.mark.parametrize(
    ("wire", "path"),
    [
        (None, "message"),
        ([], "message"),
        ("order", "message"),
        ({}, "message"),
        ({"type": "order", "version": 3}, "message"),
        ({"type": "order", "data": {}}, "message"),
        ({"version": 3, "data": {}}, "message"),
        ({"type": "order", "version": 3, "data": {}, "more": 1}, "message"),
        ({"type": None, "version": 3, "data": {}}, "message.type"),
        ({"type": ["order"], "version": 3, "data": {}}, "message.type"),
        ({"type": "order", "version": "3", "data": {}}, "message.version"),
        ({"type": "order", "version": 3.0, "data": {}}, "message.version"),
        ({"type": "order", "version": True, "data": {}}, "message.version"),
        ({"type": "order", "version": 3, "data": None}, "message.data"),
        ({"type": "order", "version": 3, "data": [1]}, "message.data"),
    ],
)
def test_a_wrong_envelope_is_a_decode_error(wire: object, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        ORDERS.from_builtins(wire)
    assert caught.value.path == path
    assert not isinstance(caught.value, UnknownMessageError)


def test_an_unknown_wire_name_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownMessageError) as caught:
        BothLanes(Card | Cash).from_builtins({"type": "cheque", "version": 1, "data": {}})
    assert str(caught.value) == (
        "cannot decode message.type: unknown message; "
        "known: 'card' (versions 1 to 2), 'cash' (version 1) (got 'cheque')"
    )
    with pytest.raises(UnknownMessageError) as nested:
        read(ORDERS, "order", 3, id=1, pay={"type": "order", "version": 3, "data": {}})
    assert nested.value.path == "order.pay.type"
    with pytest.raises(UnknownMessageError) as newer:
        read(ORDERS, "order", 3, id=1, pay={"type": "cash", "version": 2, "data": {}})
    assert newer.value.path == "order.pay.version"


def test_an_int_is_fine_for_a_float() -> None:
    assert type(read(SCALARS, "scalars", 1, ratio=3).ratio) is float
    assert type(read(ORDERS, "order", 3, id=1, ratio=3).ratio) is float
    assert SCALARS.decode(SCALARS.encode(Scalars(ratio=3))) == Scalars(ratio=3.0)


def test_naive_datetimes_are_refused_with_the_cure() -> None:
    with pytest.raises(EncodeError, match=r"scalars\.when: .*use datetime\.now\(timezone\.utc\)"):
        SCALARS.encode(Scalars(when=NAIVE))
    with pytest.raises(DecodeError, match=r"scalars\.when: the time zone is missing; .*use date"):
        read(SCALARS, "scalars", 1, when="2026-01-31T12:00:00")


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2026-01-31 12:00:00Z", 0),
        ("2026-01-31t12:00:00z", 0),
        ("2026-01-31T13:00:00.5+01:00", 500_000),
        ("2026-01-31T12:00:00.1234567Z", 123_457),
    ],
)
def test_datetimes_may_be_spelled_as_rfc_3339_has_it(text: str, microseconds: int) -> None:
    moment = datetime.datetime(2026, 1, 31, 12, 0, 0, microseconds, tzinfo=datetime.UTC)
    assert read(SCALARS, "scalars", 1, when=text).when == moment


def test_a_uuid_may_be_without_hyphens() -> None:
    assert read(SCALARS, "scalars", 1, ident="0" * 31 + "1").ident == uuid.UUID(int=1)


def test_an_offset_of_seconds_is_refused_with_the_cure() -> None:
    zone = datetime.timezone(datetime.timedelta(seconds=561))
    with pytest.raises(EncodeError, match=r"not in whole minutes; use \.astimezone"):
        SCALARS.encode(Scalars(when=NAIVE.replace(tzinfo=zone)))


class Text(str):
    __slots__ = ()


@attrs.frozen(kw_only=True)
class LongLine(Line):
    more: str = ""


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("id", "7", "id"),
        ("id", True, "id"),
        ("id", 3.0, "id"),
        ("lines", (), "lines"),
        ("lines", [Line(sku=Sku("a"), price=1), None], "lines[1]"),
        ("lines", [Line(sku=Sku("a"), price=float("inf"))], "lines[0].price"),
        ("lines", [Line(sku=Sku("a\ud800"), price=1)], "lines[0].sku"),
        ("lines", [LongLine(sku=Sku("a"), price=1)], "lines[0]"),
        ("pay", Line(sku=Sku("a"), price=1), "pay"),
        ("pay", Cash(amount=Decimal("sNaN")), "pay.amount"),
        ("pay", Card(number=WRONG), "pay.number"),
        ("shape", Circle(radius=WRONG), "shape.radius"),
        ("mixed", 1.5, "mixed"),
        ("mixed", True, "mixed"),
        ("mixed", [1, None], "mixed[1]"),
        ("ratio", float("nan"), "ratio"),
        ("ratio", True, "ratio"),
        ("pair", (1,), "pair"),
        ("pair", [1, "a"], "pair"),
        ("pair", ("a", 1), "pair[0]"),
        ("tags", {"a"}, "tags"),
        ("tags", frozenset({1}), "tags[0]"),
        ("counts", {"1": Color.RED}, "counts['1']"),
        ("counts", {1: "red"}, "counts[1]"),
        ("counts", [], "counts"),
        ("by_color", {Size.SMALL: 1}, "by_color[<Size.SMALL: 1>]"),
        ("box", Box(1, []), "box.item"),
        ("box", IntBox(1, []), "box"),
        ("ints", IntBox(1, [WRONG]), "ints.others[0]"),
        ("parent", Order(id=1, children=[Order(id=WRONG)]), "parent.children[0].id"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(field: str, value: Any, path: str) -> None:
    fields: dict[str, Any] = {"id": 1, field: value}
    order = Order(**fields)
    with pytest.raises(EncodeError) as caught:
        ORDERS.encode(order)
    assert caught.value.message == f"order.{path}"
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("flag", 1),
        ("raw", bytearray()),
        ("when", NAIVE.date()),
        ("day", NAIVE),
        ("ident", "0"),
        ("amount", 1.5),
        ("path", "a"),
        ("path", PurePosixPath("a")),
        ("color", "red"),
        ("tone", "high"),
        ("unit", "t"),
        ("plain", (1,)),
        ("plain", {"a": {1: 2}}),
        ("plain", "\udc80"),
        ("plain", [Decimal(1)]),
        ("none", 0),
    ],
)
def test_a_scalar_of_another_type_is_not_written(field: str, value: Any) -> None:
    with pytest.raises(EncodeError) as caught:
        SCALARS.encode(Scalars(**{field: value}))
    assert caught.value.message == f"scalars.{field}"


def test_an_int_that_python_cannot_print_is_not_written() -> None:
    for number in (10**4300, -(10**4299)):
        with pytest.raises(EncodeError, match=r"order\.id: an int of more than 4299 digits; send"):
            ORDERS.encode(Order(id=number))
    for longest in (Order(id=10**4300 - 1), Order(id=1 - 10**4299)):
        assert ORDERS.decode(ORDERS.encode(longest)) == longest


def test_a_subclass_of_a_scalar_is_written_as_the_scalar() -> None:
    class Number(enum.IntEnum):
        ONE = 1

    msg = Scalars(text=Text("a"), count=Number.ONE)
    back = SCALARS.decode(SCALARS.encode(msg))
    assert back == msg
    assert (type(back.text), type(back.count)) == (str, int)
    named = Order(id=1, by_name=OrderedDict(a=Line(sku=Sku("a"), price=1)))
    assert ORDERS.decode(ORDERS.encode(named)) == named


def test_a_message_of_an_unknown_type_is_not_encoded() -> None:
    stranger: Any = Card(number="1")
    with pytest.raises(EncodeError, match="cannot encode Card: this codec knows Order; build one"):
        ORDERS.encode(stranger)
    with pytest.raises(EncodeError, match="cannot encode NoneType"):
        ORDERS.to_builtins(WRONG)

    class BigCash(Cash):
        pass

    with pytest.raises(EncodeError, match="BigCash: this codec knows Cash"):
        BothLanes(Cash).encode(BigCash(amount=Decimal(1)))


def short(instance: object, attribute: attrs.Attribute[str], value: str) -> None:
    del instance
    if len(value) > 3:
        raise LookupError(attribute.name, "is too long")


def is_even(instance: object, attribute: attrs.Attribute[int], value: int) -> None:
    del instance
    if value % 2:
        raise ValueError(f"{attribute.name} is odd")


@message("checked")
class Checked:
    kind: str = attrs.field(default="a", validator=attrs.validators.in_(["a", "b"]))
    text: str = attrs.field(default="", validator=[attrs.validators.min_len(0), short])
    number: int = attrs.field(default=1, validator=attrs.validators.instance_of(int))
    even: int = attrs.field(default=0, converter=int, validator=is_even)
    _hidden: int = attrs.field(default=0, alias="hidden")
    total: int = attrs.field(init=False, default=9)

    def __attrs_post_init__(self) -> None:
        if self.number == 13:
            raise ValueError("thirteen brings bad luck")


@pytest.mark.parametrize(
    ("fields", "path", "reason", "value"),
    [
        ({"kind": "c"}, ".kind", "'kind' must be in ['a', 'b'] (got 'c')", "'c'"),
        ({"text": "long"}, ".text", "LookupError('text', 'is too long')", "'long'"),
        ({"even": 3}, ".even", "even is odd", "3"),
        ({"number": 13}, "", "thirteen brings bad luck", "{'number': 13}"),
    ],
)
def test_validators_run_and_name_the_field(
    fields: dict[str, object], path: str, reason: str, value: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        read(BothLanes(Checked), "checked", 1, **fields)
    assert caught.value.path == f"checked{path}"
    assert caught.value.reason == reason
    assert caught.value.value == value
    assert caught.value.__cause__ is not None
    assert caught.value.__suppress_context__


def test_private_fields_travel_by_name_and_init_false_ones_do_not() -> None:
    codec = BothLanes(Checked)
    msg = Checked(hidden=5)
    assert codec.to_builtins(msg)["data"] == {
        "kind": "a",
        "text": "",
        "number": 1,
        "even": 0,
        "_hidden": 5,
    }
    assert codec.decode(codec.encode(msg)) == msg
    with pytest.raises(DecodeError, match=r"checked\.total: 'Checked' has no such field"):
        read(codec, "checked", 1, total=1)


def test_a_refusal_that_does_not_repeat_is_an_error_all_the_same() -> None:
    calls: list[int] = []

    def moody(instance: object, attribute: attrs.Attribute[int], value: int) -> None:
        del instance, attribute
        calls.append(value)
        if len(calls) == 1:
            raise ValueError("not now")

    made = make_message(x=attrs.field(type=int, validator=moody))
    with pytest.raises(DecodeError, match="cannot decode made: not now"):
        read(Codec(made, lane="cattrs"), "made", 1, x=1)
    assert calls == [1, 1]


def test_values_in_errors_are_shortened() -> None:
    for value in ("x" * 10**6, ["x" * 100] * 1000, {str(i): [[[[i]]]] for i in range(1000)}):
        with pytest.raises(DecodeError) as caught:
            read(SCALARS, "scalars", 1, count=value)
        assert len(caught.value.value) < 400
    with pytest.raises(DecodeError, match="a very long int"):
        read(SCALARS, "scalars", 1, text=10**5000)
    assert uuid.UUID(int=1) == read(SCALARS, "scalars", 1, ident=str(uuid.UUID(int=1))).ident
