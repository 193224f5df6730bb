"""`Codec.schema`: what a codec writes is what its schema says, and little else is."""

from __future__ import annotations

import datetime
import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from trioharness.messages import Codec, message

from .fast_shapes import All, Color, Tree, alls, trees
from .shapes import Box, Card, Cash, Circle, Line, Order, Scalars, Sku, Square, make_message
from .test_codec import rich_orders, scalars
from .test_hooks import HOOKS, SALE, Sale

CODEC = Codec(Order | Scalars | Card | Cash)
FAST = Codec(All | Tree)


def validator(codec: Codec[Any], name: str) -> Any:
    schema = codec.schema()[name]
    Draft202012Validator.check_schema(schema)
    assert schema == json.loads(json.dumps(schema))
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


ORDER, SCALARS = validator(CODEC, "order"), validator(CODEC, "scalars")
ALL, TREE = validator(FAST, "all"), validator(FAST, "tree")


@given(rich_orders, scalars, alls, trees)
@settings(max_examples=25)
def test_what_is_written_validates(order: Order, scalar: Scalars, all_: All, tree: Tree) -> None:
    ORDER.validate(json.loads(CODEC.encode(order)))
    SCALARS.validate(json.loads(CODEC.encode(scalar)))
    ALL.validate(json.loads(FAST.encode(all_)))
    TREE.validate(json.loads(FAST.encode(tree)))


def test_what_is_written_with_hooks_validates() -> None:
    codec = Codec(Sale, hooks=HOOKS)
    validator(codec, "sale").validate(json.loads(codec.encode(SALE)))
    assert codec.schema()["sale"]["$defs"]["Sale"]["properties"]["price"] == {"type": "integer"}


def test_a_schema_is_of_the_whole_message() -> None:
    assert Codec(Card).schema() == {
        "card": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "card",
            "type": "object",
            "properties": {
                "type": {"const": "card"},
                "version": {"const": 2},
                "data": {"$ref": "#/$defs/Card"},
            },
            "required": ["type", "version", "data"],
            "additionalProperties": False,
            "$defs": {
                "Card": {
                    "type": "object",
                    "properties": {"number": {"type": "string"}},
                    "required": ["number"],
                    "additionalProperties": False,
                }
            },
        }
    }


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"id": "1"},
        {"id": 1, "more": 1},
        {"id": 1, "lines": [{"sku": "a"}]},
        {"id": 1, "pay": {"number": "1"}},
        {"id": 1, "pay": {"type": "card", "version": 1, "data": {"number": "1"}}},
        {"id": 1, "shape": {"radius": "1"}},
        {"id": 1, "pair": [1]},
        {"id": 1, "pair": [1, "a", 2]},
        {"id": 1, "counts": {"x": "red"}},
        {"id": 1, "by_color": {"green": 1}},
        {"id": 1, "parent": {"id": "1"}},
        {"id": 1, "box": {"item": 1, "others": []}},
    ],
)
def test_what_a_codec_refuses_a_schema_refuses(fields: dict[str, Any]) -> None:
    assert not ORDER.is_valid({"type": "order", "version": 3, "data": fields})
    assert ORDER.is_valid({"type": "order", "version": 3, "data": {"id": 1}})


def test_extra_fields_validate_where_they_are_passed_over() -> None:
    wire = {"type": "card", "version": 2, "data": {"number": "1", "more": 1}}
    assert not validator(Codec(Card), "card").is_valid(wire)
    assert validator(Codec(Card, extra="allow"), "card").is_valid(wire)
    assert not validator(Codec(Card, extra="allow"), "card").is_valid({**wire, "more": 1})


def test_classes_of_one_name_are_kept_apart() -> None:
    inner = make_message(x=int)
    codec = Codec(make_message(inner=inner, box=Box[int], other=Box[str]))
    defs = codec.schema()["made"]["$defs"]
    assert set(defs) == {"Made", "Made'", "Box[int]", "Box[str]"}
    check = validator(codec, "made")
    data: dict[str, Any] = {
        "inner": {"x": 1},
        "box": {"item": 1, "others": []},
        "other": {"item": "", "others": []},
    }
    assert check.is_valid({"type": "made", "version": 1, "data": data})
    assert not check.is_valid({"type": "made", "version": 1, "data": {**data, "inner": {}}})


# MessagePack


def test_msgpack_has_bytes_ints_as_keys_and_timestamps() -> None:
    codec = Codec(All, format="msgpack")
    when = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    data: Any = codec.to_builtins(All(raw=b"\x00", counts={7: Color.RED}, when=when))["data"]
    assert (data["raw"], data["counts"]) == (b"\x00", {7: "red"})
    assert data["when"] == when
    assert data["when"].utcoffset() == datetime.timedelta(0)
    assert data["ident"] == str(UUID(int=0))


@message("shape")
class Shape:
    form: Circle | Square
    raw: bytes | int | None = None
    at: datetime.datetime | float = 0.0


def test_unions_are_told_apart_in_msgpack_as_well() -> None:
    codec = Codec(Shape, format="msgpack")
    for msg in (
        Shape(form=Circle(radius=1), raw=b"a"),
        Shape(form=Square(side=1), raw=1, at=datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC)),
    ):
        assert codec.copy(msg) == msg


def test_what_a_copy_is_made_of_is_its_own() -> None:
    lines = [Line(sku=Sku("a"), price=1)]
    order = Order(id=1, lines=lines)
    copy = Codec(Order).copy(order)
    assert copy == order
    lines.append(Line(sku=Sku("b"), price=2))
    assert copy != order
    assert copy.lines[0] is not lines[0]
