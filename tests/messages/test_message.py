"""`message` and `upgrade`: what they make of a class, and what they refuse."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import attrs
import pytest

from trioharness._errors import ConfigurationError
from trioharness.messages import Codec, MessageInfo, message, upgrade
from trioharness.messages._message import message_info

ItemT = TypeVar("ItemT")


@message("point", version=2)
class Point:
    x: int
    y: int = 0


@message("pair")
class Pair(Generic[ItemT]):
    left: ItemT
    right: ItemT


def test_makes_a_frozen_keyword_only_attrs_class() -> None:
    point = Point(x=1)
    assert point == Point(x=1, y=0)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        Point(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert not hasattr(point, "__dict__")  # slots, as attrs.frozen has them
    assert message_info(Point) == MessageInfo("point", 2)


def test_generic_class_keeps_its_arguments() -> None:
    codec = Codec(Pair[int])
    assert codec.decode(codec.encode(Pair(left=1, right=2))) == Pair(left=1, right=2)


def test_takes_an_attrs_class_as_it_is() -> None:
    @attrs.frozen
    class Made:
        x: int

    assert message("made")(Made) is Made
    assert message_info(Made) == MessageInfo("made", 1)
    assert Made(1).x == 1  # positional, as it was made


def test_refuses_an_attrs_class_that_is_not_frozen() -> None:
    @attrs.define
    class Loose:
        x: int

    with pytest.raises(ConfigurationError, match=r"can be changed; make it @attrs\.frozen"):
        message("loose")(Loose)


@pytest.mark.parametrize("name", ["", 3, None, b"order", Point, "\ud800"])
def test_refuses_a_wire_name(name: Any) -> None:
    with pytest.raises(ConfigurationError, match="wire name"):
        message(name)


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None])
def test_refuses_a_version(version: Any) -> None:
    with pytest.raises(ConfigurationError, match="give an int from 1"):
        message("x", version=version)
    with pytest.raises(ConfigurationError, match="give an int from 1"):
        upgrade(Point, version=version)


def test_refuses_what_is_no_class_and_what_is_a_message_already() -> None:
    not_a_class: Any = len
    with pytest.raises(ConfigurationError, match="is no class"):
        message("x")(not_a_class)
    with pytest.raises(ConfigurationError, match="is the message 'point' already"):
        message("x")(Point)


def test_a_subclass_inherits_no_wire_name() -> None:
    @attrs.frozen(kw_only=True)
    class Point3(Point):
        z: int = 0

    class Bare(Point):
        pass

    assert message_info(Point3) is None
    assert message_info(Bare) is None
    with pytest.raises(ConfigurationError, match=r"is no message; decorate the class"):
        Codec(Point3)
    with pytest.raises(ConfigurationError, match="is no message"):
        upgrade(Bare, version=1)

    named = message("bare")(Bare)
    assert message_info(named) == MessageInfo("bare", 1)
    assert message_info(Point) == MessageInfo("point", 2)


def test_upgrades_are_not_inherited_and_leave_the_function_alone() -> None:
    @message("old", version=2)
    class Old:
        x: int

    def up(old: dict[str, Any]) -> dict[str, Any]:
        return old

    assert upgrade(Old, version=1)(up) is up

    @message("young", version=3)
    class Young(Old):
        y: int

    assert "(version 3)" in Codec(Young).explain()
    assert "(versions 1 to 2)" in Codec(Old).explain()
