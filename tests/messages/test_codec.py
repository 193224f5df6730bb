"""`Codec`: round trips, envelopes, bounds, and what is refused when one is built."""

from __future__ import annotations

import datetime
import enum
import math
import operator
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NewType, TypeVar

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import TypeAliasType

from trioharness._errors import (
    CodecError,
    ConfigurationError,
    DecodeError,
    DuplicateNameError,
    EncodeError,
    UnknownMessageError,
)
from trioharness.messages import message, upgrade
from trioharness.testing.strategies import messages

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
    Square,
    Tone,
    make_message,
)

ORDERS = BothLanes(Order)
SCALARS = BothLanes(Scalars)
ALL = BothLanes(Order | Scalars | Card)

texts = st.text(st.characters(exclude_categories=["Cs"]))
floats = st.floats(allow_nan=False, allow_infinity=False)
ints = st.integers() | st.integers(-(10**400), 10**400)
offsets = st.integers(-23 * 60, 23 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
plain = st.recursive(
    st.none() | st.booleans() | ints | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
lines = st.builds(Line, sku=texts.map(Sku), price=st.floats(0, 1e300), note=st.none() | texts)
scalars = st.builds(
    Scalars,
    flag=st.booleans(),
    count=ints,
    ratio=floats,
    text=texts,
    raw=st.binary(),
    when=st.datetimes(timezones=offsets),
    day=st.dates(),
    ident=st.uuids(),
    amount=st.decimals(allow_nan=False, allow_infinity=False),
    path=texts.map(Path),
    color=st.sampled_from(Color),
    size=st.sampled_from(Size),
    tone=st.sampled_from(Tone),
    unit=st.sampled_from(["kg", "g", 1]),
    plain=plain,
)


def orders(inner: st.SearchStrategy[Order]) -> st.SearchStrategy[Order]:
    return st.builds(
        Order,
        id=ints,
        lines=st.lists(lines, max_size=3),
        pay=st.none()
        | st.builds(Card, number=texts)
        | st.builds(Cash, amount=st.decimals(allow_nan=False, allow_infinity=False)),
        shape=st.none() | st.builds(Circle, radius=ints) | st.builds(Square, side=ints),
        mixed=st.none() | ints | texts | st.lists(ints, max_size=3),
        ratio=floats | texts,
        pair=st.tuples(ints, texts),
        many=st.lists(lines, max_size=2).map(tuple),
        tags=st.frozensets(texts, max_size=3),
        ids=st.sets(ints, max_size=3),
        counts=st.dictionaries(ints, st.sampled_from(Color), max_size=3),
        by_color=st.dictionaries(st.sampled_from(Color), ints, max_size=2),
        by_name=st.dictionaries(texts, lines, max_size=2),
        box=st.none() | st.builds(Box[Line], lines, st.lists(lines, max_size=2), lines),
        ints=st.builds(IntBox, ints, st.lists(ints, max_size=2), st.none() | ints, extra=ints),
        parent=st.none() | inner,
        children=st.lists(inner, max_size=2),
    )


rich_orders = st.recursive(st.builds(Order, id=ints), orders, max_leaves=4)


@given(scalars)
def test_scalars_come_back_as_they_went(msg: Scalars) -> None:
    back = SCALARS.decode(SCALARS.encode(msg))
    assert back == msg
    values_of = operator.attrgetter(*Scalars.__annotations__)
    assert list(map(type, values_of(back))) == list(map(type, values_of(msg)))
    assert str(back.amount) == str(msg.amount)  # 1.50 == 1.5, but is another Decimal


@given(rich_orders)
def test_rich_messages_come_back_as_they_went(msg: Order) -> None:
    assert ORDERS.decode(ORDERS.encode(msg)) == msg
    assert ORDERS.from_builtins(ORDERS.to_builtins(msg)) == msg


IntOrNone = TypeAliasType("IntOrNone", int | None)

FIELD_TYPES: list[Any] = [
    int,
    bool,
    float,
    str | None,
    bytes,
    Color,
    list[int],
    tuple[int, ...],
    tuple[str, bool],
    dict[int, list[str]],
    frozenset[Size],
    int | str | bool,
    Color | Size | None,
    Literal["a", 1] | list[str],
    float | bytes | bool,
    IntOrNone | str,
    Line,
    Card | Cash,
    Box[int],
]


@given(st.data(), st.lists(st.sampled_from(FIELD_TYPES), max_size=6))
@settings(max_examples=40)
def test_generated_classes_come_back_as_they_went(data: st.DataObject, types: list[Any]) -> None:
    """Whatever the fields: names that cattrs uses itself, private ones, defaults, converters."""
    names = ["cl", "converter", "_private", "o", "res", "self_"]
    made = make_message(
        **{
            name: attrs.field(type=field_type, default=data.draw(messages(field_type)))
            for name, field_type in zip(names, types, strict=False)
        }
    )
    codec = BothLanes(made)
    msg = data.draw(messages(made))
    assert codec.decode(codec.encode(msg)) == msg
    assert codec.decode(b'{"type":"made","version":1,"data":{}}') == made()


def test_wire_form_is_as_documented() -> None:
    assert BothLanes(Cash).encode(Cash(amount=Decimal("1.50"))) == (
        b'{"type":"cash","version":1,"data":{"amount":"1.50"}}'
    )
    when = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
    payload = SCALARS.to_builtins(Scalars(when=when, raw=b"\x00", plain=[1]))["data"]
    assert payload == {
        "none": None,
        "flag": False,
        "count": 0,
        "ratio": 0.0,
        "text": "",
        "raw": "AA==",
        "when": "2026-01-31T12:00:00Z",
        "day": "2026-01-31",
        "ident": "00000000-0000-0000-0000-000000000000",
        "amount": "1.50",
        "path": "a",
        "color": "red",
        "size": 1,
        "tone": "high",
        "unit": "kg",
        "plain": [1],
    }
    order = Order(id=1, pay=Card(number="4"), shape=Square(side=2), counts={7: Color.BLUE})
    data: Any = ORDERS.to_builtins(order)["data"]
    assert data["pay"] == {"type": "card", "version": 2, "data": {"number": "4"}}
    assert data["shape"] == {"side": 2}
    assert data["counts"] == {"7": "blue"}


def test_a_union_codec_tells_its_messages_apart() -> None:
    for msg in (Order(id=1), Scalars(), Card(number="1")):
        assert ALL.decode(ALL.encode(msg)) == msg


def test_from_builtins_does_not_change_what_it_is_given() -> None:
    @message("moved", version=2)
    class Moved:
        x: int

    @upgrade(Moved, version=1)
    def _moved_1(old: dict[str, Any]) -> dict[str, Any]:
        return {"x": old.pop("y")}

    given_ = {"type": "moved", "version": 1, "data": {"y": 1}}
    assert BothLanes(Moved).from_builtins(given_) == Moved(x=1)
    assert given_ == {"type": "moved", "version": 1, "data": {"y": 1}}


def test_explain_names_types_versions_bounds_and_lane() -> None:
    text = BothLanes(Card | Cash, max_size=99, max_depth=7).explain()
    assert text == (
        "Codec(Card | Cash): format json, lane auto, extra fields refused, at most 99 bytes, "
        "7 levels and 100000 items of a collection\n"
        "  'card' (versions 1 to 2): Card, fast lane\n"
        "    number: str\n"
        "  'cash' (version 1): Cash, fast lane\n"
        "    amount: Decimal"
    )
    assert repr(ALL) == "Codec(Order | Scalars | Card)"


def test_importing_messages_imports_neither_cattrs_nor_msgspec() -> None:
    program = (
        "import sys, trioharness.messages as m\n"
        "loaded = {'cattrs', 'msgspec'} & sys.modules.keys()\n"
        "assert not loaded, loaded\n"
        "@m.message('x')\n"
        "class X:\n"
        "    a: int\n"
        "assert 'cattrs' not in sys.modules\n"
        "assert m.Codec(X).encode(X(a=1)).endswith(b'{\"a\":1}}')\n"
        "assert 'cattrs' in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr


# What is refused when a codec is built


def test_a_class_that_is_no_message_is_refused() -> None:
    for form in (Line, int, None, Card | int, list[Card], Card | None, "Card"):
        unchecked: Any = form
        with pytest.raises(ConfigurationError, match=r"is no message; decorate the class with @m"):
            BothLanes(unchecked)


def test_a_wire_name_twice_is_refused() -> None:
    @message("card")
    class OtherCard:
        x: int

    with pytest.raises(DuplicateNameError, match=r"both have the wire name 'card'; rename"):
        BothLanes(Card | OtherCard)

    @message("pair")
    class Holder:
        inner: int

    BothLanes(Card | Holder)  # and no registry remembers the other one


def test_a_nested_wire_name_twice_is_refused() -> None:
    @message("card")
    class OtherCard:
        x: int

    made = make_message(f=Card | OtherCard)
    with pytest.raises(DuplicateNameError, match="'card'"):
        BothLanes(made)


VariableT = TypeVar("VariableT")


class Opaque:
    pass


class Permission(enum.Flag):
    READ = 1
    WRITE = 2


class Odd(enum.Enum):
    ODD = 1.5


@pytest.mark.parametrize(
    ("field_type", "words"),
    [
        (Opaque, r"made\.f: a message cannot have a field of type 'Opaque'; make it an attrs"),
        (list[dict[str, Opaque]], r"Made\.f\[\]\[\]: a message cannot"),
        (Sequence[int], "Sequence"),
        (complex, "complex"),
        (bytearray, "bytearray"),
        (list, r"'list' does not say what is in it; write list\[...\]"),
        (dict, "does not say"),
        (str | datetime.datetime, r"'str' and 'datetime' look the same in JSON \(str\)"),
        (list[int] | tuple[int, ...], r"look the same in JSON \(array\)"),
        (Line | dict[str, int], r"look the same in JSON \(object\)"),
        (int | Size, r"look the same in JSON \(int\)"),
        (dict[float, int], "'float' cannot be the key of a dict"),
        (dict[str | int, int], "cannot be the key"),
        (VariableT, r"the type variable ~VariableT is open"),
        (Box, r"the type variable ~ItemT is open; say for which types"),
        (None.__class__ | object, "look the same"),
        (Permission, "'Permission' is a Flag, whose values combine; send an int"),
        (Odd, "the enum 'Odd' has the value 1.5; only str and int can be sent"),
        (Literal["a", True], "a Literal has the value True"),
        (Literal["a"] | Color, "look the same"),
    ],
)
def test_a_field_that_could_never_be_sent_is_refused(field_type: Any, words: str) -> None:
    made = make_message(f=field_type)
    with pytest.raises(ConfigurationError, match=f"(?i){words}"):
        BothLanes(made)


def test_a_field_without_type_is_refused() -> None:
    made = make_message(f=attrs.field())
    with pytest.raises(ConfigurationError, match="the field 'f' has no type; annotate it"):
        BothLanes(made)


def test_classes_that_cannot_be_told_apart_are_refused() -> None:
    alike = attrs.make_class("Alike", {"radius": attrs.field(type=int)}, frozen=True)
    union: Any = Circle | alike
    made = make_message(f=union)
    with pytest.raises(ConfigurationError, match=r"cannot be told apart.*; decorate each with @m"):
        BothLanes(made)


def test_an_annotation_that_does_not_resolve_is_refused() -> None:
    made = make_message(f="Nowhere")
    with pytest.raises(ConfigurationError, match="'Nowhere' is not defined; define or import"):
        BothLanes(made)


def test_a_recursive_class_in_a_function_resolves_itself() -> None:
    @message("node")
    class Node:
        next: Node | None = None

    codec = BothLanes(Node)
    assert codec.decode(codec.encode(Node(next=Node()))) == Node(next=Node())


def test_endless_generics_are_refused() -> None:
    made = make_message(f=Grow[int])
    with pytest.raises(ConfigurationError, match="leads to more than 300 types"):
        BothLanes(made)


@attrs.frozen
class Grow(Box[VariableT]):
    deeper: Grow[list[VariableT]] | None = None


Tree = TypeAliasType("Tree", dict[str, list[int | None]])
Name = NewType("Name", str)
Key = TypeAliasType("Key", Name)


@message("aliased")
class Aliased:
    tree: Tree
    names: dict[Key, Name | None]
    where: PurePosixPath


def test_aliases_and_new_types_are_seen_through() -> None:
    codec = BothLanes(Aliased)
    msg = Aliased(tree={"a": [1, None]}, names={Name("x"): None}, where=PurePosixPath("/"))
    assert codec.decode(codec.encode(msg)) == msg
    data: Any = codec.to_builtins(msg)
    data["data"]["tree"]["a"].append(1.5)
    with pytest.raises(DecodeError, match=r"aliased\.tree\['a'\]\[2\]: expected int . None, not"):
        codec.from_builtins(data)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before, no alias could be recursive")
def test_a_recursive_alias_is_followed() -> None:
    names: dict[str, Any] = {}
    exec("type Json = dict[str, Json] | list[Json] | str | int | None", names)  # noqa: S102
    codec = BothLanes(made := make_message(f=names["Json"]))
    msg = made(f={"a": [1, {"b": None}]})
    assert codec.decode(codec.encode(msg)) == msg
    with pytest.raises(DecodeError, match=r"made\.f\['a'\]\[0\]: expected .*, not float"):
        codec.from_builtins({"type": "made", "version": 1, "data": {"f": {"a": [1.5]}}})


# Upgrades


@message("trip", version=3)
class Trip:
    metres: int
    name: str


@upgrade(Trip, version=2)
def _trip_2(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "name": "unnamed"}


@upgrade(Trip, version=1)
def _trip_1(old: dict[str, Any]) -> dict[str, Any]:
    return {"metres": old.pop("km") * 1000, **old}


def test_old_payloads_are_chained_up() -> None:
    codec = BothLanes(Trip)
    wire = '{{"type":"trip","version":{},"data":{}}}'
    trip = Trip(metres=3000, name="unnamed")
    assert codec.decode(wire.format(1, '{"km":3}').encode()) == trip
    assert codec.decode(wire.format(2, '{"metres":3000}').encode()) == trip
    assert codec.decode(codec.encode(trip)) == trip
    with pytest.raises(DecodeError, match=r"trip\.km: 'Trip' has no such field"):
        codec.decode(wire.format(2, '{"metres":3000,"km":3}').encode())


def test_nested_messages_of_a_union_are_upgraded() -> None:
    data: Any = ORDERS.to_builtins(Order(id=1, pay=Card(number="4")))
    data["data"]["pay"] = {"type": "card", "version": 1, "data": {"no": "9"}}
    assert ORDERS.from_builtins(data) == Order(id=1, pay=Card(number="9"))


@pytest.mark.parametrize("version", [0, -1, 4, 10**30])
def test_an_unknown_version_is_named_with_the_known_ones(version: int) -> None:
    wire: dict[str, object] = {"type": "trip", "version": version, "data": {}}
    with pytest.raises(
        UnknownMessageError, match=r"message\.version.*known: 'trip' \(versions 1 to 3\)"
    ):
        BothLanes(Trip).from_builtins(wire)


def test_without_upgrades_just_the_present_version_is_known() -> None:
    with pytest.raises(UnknownMessageError, match=r"older ones need @upgrade\(Order, version="):
        ORDERS.from_builtins({"type": "order", "version": 2, "data": {}})
    with pytest.raises(UnknownMessageError, match="a newer program: update this one"):
        ORDERS.from_builtins({"type": "order", "version": 4, "data": {}})


def with_upgrades(version: int, *steps: int) -> type[Any]:
    made = make_message(version)
    for step in steps:
        upgrade(made, version=step)(dict[str, Any])
    return made


def test_upgrades_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no upgrade leads from version 2 to 3"):
        BothLanes(with_upgrades(3, 1))
    with pytest.raises(ConfigurationError, match="there are 2 upgrades from version 1; keep one"):
        BothLanes(with_upgrades(2, 1, 1))
    with pytest.raises(ConfigurationError, match="from version 2, but the class is at version 2"):
        BothLanes(with_upgrades(2, 1, 2))
    BothLanes(with_upgrades(3, 2))  # from 2 on: 1 is forgotten, which is no gap


@pytest.mark.parametrize("result", [KeyError("km"), None, [], RecursionError()])
def test_a_failing_upgrade_is_a_decode_error(result: Any) -> None:
    made = make_message(2)

    @upgrade(made, version=1)
    def _made_1(old: dict[str, Any]) -> dict[str, Any]:
        if isinstance(result, Exception):
            raise result
        upgraded: dict[str, Any] = result
        return upgraded

    with pytest.raises(DecodeError, match="the upgrade from version 1") as caught:
        BothLanes(made).from_builtins({"type": "made", "version": 1, "data": {}})
    assert caught.value.path == "message.data"
    assert caught.value.__cause__ is (result if isinstance(result, Exception) else None)


# Fields alone, for a frame that has a place of its own for name and version


def test_fields_alone_travel_with_name_and_version_beside_them() -> None:
    assert ALL.dump(Card(number="4")) == ("card", 2, b'{"number":"4"}')
    assert ALL.load("card", 2, b'{"number":"4"}') == Card(number="4")
    assert ALL.load("card", 1, b'{"no":"4"}') == Card(number="4")


def test_fields_alone_are_held_to_the_same_rules() -> None:
    codec = BothLanes(Card | Order, max_size=16, max_depth=2)
    with pytest.raises(EncodeError, match=r"'card': it has 17 bytes and may have 16"):
        codec.dump(Card(number="1234"))
    with pytest.raises(DecodeError, match=r"it has 18 bytes and may have 16 \(max_size\)"):
        codec.load("card", 2, b'{"number":"1234"} ')
    with pytest.raises(DecodeError, match=r"more than 2 levels \(max_depth\)"):
        codec.load("order", 3, b'{"lines":[]}')
    with pytest.raises(UnknownMessageError, match=r"message\.type: unknown message; known: 'card'"):
        codec.load("cash", 1, b"{}")
    with pytest.raises(UnknownMessageError, match=r"message\.version: .* update this one"):
        codec.load("card", 3, b"{}")
    with pytest.raises(DecodeError, match=r"card\.number: expected a str, not int"):
        codec.load("card", 2, b'{"number":4}')
    with pytest.raises(DecodeError, match=r"message\.data: expected an object of fields"):
        codec.load("card", 2, b"[]")
    with pytest.raises(DecodeError, match=r"card: it is no valid JSON"):
        codec.load("card", 2, b"{")


# Bounds


def test_size_is_bounded_both_ways() -> None:
    codec = BothLanes(Card, max_size=62)
    fits = codec.encode(Card(number="x" * 14))
    assert len(fits) == 62
    assert codec.decode(fits) == Card(number="x" * 14)
    with pytest.raises(
        EncodeError, match=r"'card': it has 63 bytes and may have 62 \(max_size\); s"
    ):
        codec.encode(Card(number="x" * 15))
    with pytest.raises(DecodeError, match=r"it has 63 bytes and may have 62 \(max_size\)"):
        codec.decode(fits + b" ")


def nested(levels: int) -> Any:
    return [] if levels == 1 else [nested(levels - 1)]


def test_depth_is_bounded_both_ways() -> None:
    codec = BothLanes(Scalars, max_depth=6)
    fits = Scalars(plain=nested(4))  # the envelope and the fields are two levels
    wire = codec.encode(fits)
    assert codec.decode(wire) == fits
    with pytest.raises(EncodeError, match="'scalars': it is nested in more than 6 levels"):
        codec.encode(Scalars(plain=nested(5)))
    with pytest.raises(DecodeError, match=r"more than 6 levels \(max_depth\)"):
        codec.decode(SCALARS.encode(Scalars(plain=nested(5))))


@pytest.mark.parametrize("text", [b"[", b'{"a":', b'{"type":"order","version":3,"data":{"a":[['])
def test_deep_json_is_a_decode_error(text: bytes) -> None:
    for times in (33, 500, 1_000_000):
        deep = (text * times)[: 1024 * 1024]
        for codec in (ORDERS, BothLanes(Order, max_depth=10**9)):
            with pytest.raises(DecodeError):
                codec.decode(deep)
    closed = b"[" * 400_000 + b"]" * 400_000
    with pytest.raises(DecodeError, match="deep"):
        ORDERS.decode(closed)


@message("link")
class Link:
    value: int = 0
    next: Link | None = None


def test_where_the_stack_ends_it_is_an_error_like_any_other() -> None:
    """Also where only the second pass, which finds the path, needs more than there is."""
    codec = BothLanes(Link, max_depth=10**6)
    reasons: list[str] = []
    for depth in range(1, 400, 3):
        data: object = {"value": "x"}
        for _ in range(depth):
            data = {"value": 1, "next": data}
        with pytest.raises(DecodeError) as caught:
            codec.from_builtins({"type": "link", "version": 1, "data": data})
        reasons.append(caught.value.reason.partition(",")[0])
        if caught.value.path == f"link{'.next' * depth}.value":
            assert reasons[-1] == "expected an int"
        else:
            assert caught.value.path == "link"
    right = reasons.index("it is nested too deeply")
    assert set(reasons[:right]) == {"expected an int"}
    assert set(reasons[right:]) == {"it is nested too deeply"}


def test_a_message_that_contains_itself_is_an_encode_error() -> None:
    children: list[Order] = []
    order = Order(id=1, children=children)
    children.append(order)
    with pytest.raises(EncodeError, match="order: it is nested too deeply, or contains itself"):
        ORDERS.encode(order)


@pytest.mark.parametrize("bound", [0, -1, True, 1.5, None])
def test_bounds_are_positive_ints(bound: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Codec\(Card\): max_size is .*; give an int"):
        BothLanes(Card, max_size=bound)
    with pytest.raises(ConfigurationError, match="max_depth is"):
        BothLanes(Card, max_depth=bound)


# Bytes from a peer that is old, broken or hostile


@given(rich_orders | scalars, st.data())
@settings(max_examples=300)
def test_mutated_bytes_only_raise_codec_errors(msg: Order | Scalars, data: st.DataObject) -> None:
    wire = bytearray(ALL.encode(msg))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(wire)))
        until = data.draw(st.integers(at, min(at + 8, len(wire))))
        wire[at:until] = data.draw(
            st.sampled_from([b"", b"null", b"1", b'"', b"[", b"NaN", b"1e999", b'"\\ud800"', b"-0"])
            | st.binary(max_size=4)
        )
    try:
        back = ALL.decode(bytes(wire))
    except CodecError:
        return
    assert ALL.decode(ALL.encode(back)) == back


@given(st.binary())
def test_any_bytes_only_raise_decode_errors(wire: bytes) -> None:
    with pytest.raises(DecodeError):
        ALL.decode(wire)


@given(plain)
def test_any_json_only_raises_decode_errors(value: object) -> None:
    with pytest.raises(DecodeError):
        ALL.from_builtins(value)
    for name, version in (("order", 3), ("scalars", 1)):
        try:
            ALL.from_builtins({"type": name, "version": version, "data": value})
        except DecodeError:
            pass
        else:
            assert (name, value) == ("scalars", {})


def test_duplicate_keys_the_last_one_wins() -> None:
    wire = b'{"type":"nope","type":"card","version":2,"data":{"number":"1","number":"2"}}'
    assert ALL.decode(wire) == Card(number="2")


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_not_a_number_in_json_is_refused(literal: str) -> None:
    wire = f'{{"type":"scalars","version":1,"data":{{"ratio":{literal}}}}}'
    words = "Number out of range" if literal == "1e999" else "make the field optional"
    with pytest.raises(DecodeError, match=words):
        SCALARS.decode(wire.encode())


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_a_number_is_refused_with_the_cure(value: float) -> None:
    wire = {"type": "scalars", "version": 1, "data": {"ratio": value}}
    with pytest.raises(DecodeError, match=r"scalars\.ratio: JSON has no NaN and no infinity; make"):
        SCALARS.from_builtins(wire)
    with pytest.raises(EncodeError, match=r"scalars\.ratio: JSON has no NaN and no infinity; make"):
        SCALARS.encode(Scalars(ratio=value))
