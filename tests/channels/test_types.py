"""Which type forms a channel takes, and which values it then lets pass."""

from __future__ import annotations

import collections.abc
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    Optional,
    Protocol,
    TypedDict,
    TypeVar,
    Union,
    runtime_checkable,
)

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypeAliasType

from trioharness._errors import ConfigurationError, MessageTypeError
from trioharness.channels import open_channel
from trioharness.channels._types import MAX_KNOWN_TYPES, TypeCheck


class Sized(Protocol):
    size: int


@runtime_checkable
class Named(Protocol):
    name: str


class Person:
    def __init__(self, *, named: bool) -> None:
        if named:
            self.name = "Ada"


class Row(TypedDict):
    id: int


T = TypeVar("T")
Bound = TypeVar("Bound", bound=int)
UserId = NewType("UserId", int)
Json = TypeAliasType("Json", int | str)


def passes(form: Any, value: object) -> bool:
    send, receive = open_channel(form, 2)
    try:
        send.send_nowait(value)
        send.send_nowait(value)  # again, now that its type may be known
    except MessageTypeError:
        return False
    assert receive.receive_nowait() is value
    return True


FORMS: list[tuple[Any, list[Any], list[Any]]] = [
    (int, [1, True], ["1", 1.0, None]),
    (int | str, [1, "1"], [1.0, None]),
    (Union[int, str], [1, "1"], [1.0, None]),  # noqa: UP007 - the old spelling is the test
    (Optional[int], [1, None], ["1"]),  # noqa: UP045 - the old spelling is the test
    (None, [None], [0]),
    (float, [1.0, 1], ["1", 1j]),
    (complex, [1j, 1.0, 1], ["1"]),
    (list[int], [[1], ["not looked at"]], [(1,), 1]),
    (dict[str, int] | None, [{}, None], [[]]),
    (tuple[int, ...], [(1,)], [[1]]),
    (type[int], [int], [1]),
    (collections.abc.Sequence[int], [[1], (1,), "x"], [1, {}]),
    (collections.abc.Callable[[int], str], [str, len], [1]),
    (Annotated[int, "count"], [1], ["1"]),
    (Literal["a", 1], ["a", 1, "by class only"], [1.0]),
    (UserId, [1], ["1"]),
    (Json, [1, "1"], [1.0]),
    (T, [1, "1", None], []),
    (Bound, [1], ["1"]),
    (Row, [{"id": 1}], [[]]),
    (Any, [1, None, object()], []),
    (object, [1, None, object()], []),
    (Named, [Person(named=True)], [Person(named=False), 1]),
]


@pytest.mark.parametrize(("form", "right", "wrong"), FORMS)
def test_a_type_form_lets_pass_what_it_says(form: Any, right: list[Any], wrong: list[Any]) -> None:
    assert all(passes(form, value) for value in right)
    assert not any(passes(form, value) for value in wrong)


@pytest.mark.parametrize("form", [1, "Order", (int, str), [int]])
def test_what_is_no_type_is_refused(form: Any) -> None:
    with pytest.raises(ConfigurationError, match="is not a type; give a class or a union"):
        open_channel(form, 1)


def test_a_protocol_that_cannot_be_checked_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'Sized'; decorate the protocol"):
        open_channel(Sized, 1)


def test_a_value_is_looked_at_again_where_its_type_does_not_decide() -> None:
    send, _ = open_channel(Named, 2)
    send.send_nowait(Person(named=True))
    with pytest.raises(MessageTypeError):
        send.send_nowait(Person(named=False))


def test_a_subclass_is_known_after_its_first_message() -> None:
    check = TypeCheck(int)
    assert bool not in check.known
    check.admit(True, "channel")
    assert bool in check.known


def test_a_channel_of_anything_does_not_remember_types_without_bound() -> None:
    check = TypeCheck(object)
    for number in range(2 * MAX_KNOWN_TYPES):
        check.admit(type(f"Type{number}", (), {})(), "channel")
    assert len(check.known) == MAX_KNOWN_TYPES


@pytest.mark.parametrize(
    ("form", "label"),
    [
        (int, "int"),
        (int | None, "int | None"),
        (list[int] | str, "list[int] | str"),
        (Annotated[int, 1], "Annotated[int, 1]"),
        (Literal["a"], "Literal['a']"),
        (Any, "Any"),
        (Row, "Row"),
    ],
)
def test_the_label_is_how_people_write_the_type(form: Any, label: str) -> None:
    assert TypeCheck(form).label == label


KINDS = {int: st.integers(), str: st.text(), bytes: st.binary(), type(None): st.none()}


@given(st.sets(st.sampled_from(sorted(KINDS, key=str)), min_size=1), st.data())
def test_a_union_is_isinstance(kinds: set[type], data: st.DataObject) -> None:
    value = data.draw(st.one_of(*KINDS.values()))
    form: Any = kinds.pop()
    classes = (form, *kinds)
    for kind in kinds:
        form |= kind
    assert passes(form, value) == isinstance(value, classes)
