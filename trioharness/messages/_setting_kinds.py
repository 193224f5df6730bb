"""What types a setting may have, and how each looks in TOML: its kinds, its words, an example."""

from __future__ import annotations

import datetime
import decimal
import pathlib
import typing
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import NoneType
from typing import Any, Final, Literal, TypeAlias

import attrs

from .._util import type_name
from ._types import (
    TypeLike,
    Unsupported,
    class_of,
    is_array,
    is_attrs,
    is_dict,
    is_enum,
    is_literal,
    is_plain,
    is_union,
    strip,
)

Kind: TypeAlias = Literal[
    "none", "bool", "int", "float", "text", "datetime", "date", "time", "array", "table"
]
"""What a value is in TOML; ``none`` is there for what only a variable can say."""

_ALL: Final[frozenset[Kind]] = frozenset(
    ("none", "bool", "int", "float", "text", "datetime", "date", "time", "array", "table")
)
_KINDS: Final[Mapping[type, Kind]] = {
    NoneType: "none",
    bool: "bool",
    int: "int",
    float: "float",
    str: "text",
    datetime.datetime: "datetime",
    datetime.date: "date",
    datetime.time: "time",
    list: "array",
    tuple: "array",  # TOML has none, but flags may
    dict: "table",
}
_COLLECTIONS: Final[Sequence[object]] = (list, dict, tuple, set, frozenset)
_SHOWN: Final = 8
"""Choices that an error lists."""


@attrs.frozen
class Scalar:
    """A type without parts: what it is in TOML, and how it is made of that."""

    words: str
    """With its article, as in: expected an int."""
    example: str
    """As a text; in TOML some are quoted."""
    kinds: frozenset[Kind]
    make: Callable[[Any], object]
    """Makes the value; raises `ValueError` or `ArithmeticError`."""


def _same(value: object) -> object:
    return value


def _finite(text: str) -> decimal.Decimal:
    made = decimal.Decimal(text)
    if not made.is_finite():
        raise ValueError
    return made


def _moment(parse: Callable[[str], object]) -> Callable[[Any], object]:
    return lambda value: parse(value) if isinstance(value, str) else value


SCALARS: Final[Mapping[type, Scalar]] = {
    NoneType: Scalar("nothing", "", frozenset(("none",)), _same),
    bool: Scalar("a bool", "true", frozenset(("bool",)), _same),
    int: Scalar("an int", "8080", frozenset(("int",)), _same),
    float: Scalar("a number", "1.5", frozenset(("int", "float")), float),
    str: Scalar("a string", "text", frozenset(("text",)), _same),
    pathlib.Path: Scalar("a path", "/var/lib/app", frozenset(("text",)), pathlib.Path),
    pathlib.PurePath: Scalar("a path", "/var/lib/app", frozenset(("text",)), pathlib.PurePath),
    uuid.UUID: Scalar(
        "a UUID", "12345678-1234-5678-1234-567812345678", frozenset(("text",)), uuid.UUID
    ),
    decimal.Decimal: Scalar("a decimal number as a string", "1.50", frozenset(("text",)), _finite),
    datetime.datetime: Scalar(
        "a date and time",
        "2026-01-31T12:00:00Z",
        frozenset(("datetime", "text")),
        _moment(datetime.datetime.fromisoformat),
    ),
    datetime.date: Scalar(
        "a date", "2026-01-31", frozenset(("date", "text")), _moment(datetime.date.fromisoformat)
    ),
    datetime.time: Scalar(
        "a time of day",
        "12:00:00",
        frozenset(("time", "text")),
        _moment(datetime.time.fromisoformat),
    ),
}
"""Every type without parts that a setting may have."""


def is_scalar(bare: TypeLike) -> bool:
    """Whether it is one of `SCALARS`."""
    return isinstance(bare, type) and bare in SCALARS


def kind_of(value: object) -> Kind | None:
    """Return what a value is in TOML; None for what TOML has not."""
    return _KINDS.get(type(value))


def members_of(found: TypeLike) -> list[TypeLike]:
    """Return the members of a union, those of unions inside of it among them; else the type."""
    bare = strip(found)
    if not is_union(bare):
        return [bare]
    return [inner for member in typing.get_args(bare) for inner in members_of(member)]


def choices_of(bare: TypeLike) -> dict[object, object]:
    """Return the values of an enum or of a literal, each with what it stands for.

    Raises:
        Unsupported: TOML has no such values, or they combine.
    """
    choices: dict[object, object] = {value: value for value in typing.get_args(bare)}
    if is_enum(bare):
        choices = {member.value: member for member in bare.__members__.values()}
    for value in choices:
        if type(value) not in (str, int, bool):
            problem = f"{type_name(bare)!r} has the value {value!r}, which no setting can be"
            raise Unsupported(problem, "only str, int and bool can; use these")
    return choices


def kinds_of(found: TypeLike) -> frozenset[Kind]:
    """Return what values of a type may be in TOML.

    Raises:
        Unsupported: The type cannot be that of a setting.
    """
    bare = strip(found)
    if is_union(bare):
        return frozenset(kind for member in members_of(bare) for kind in kinds_of(member))
    if is_plain(bare):
        return _ALL
    if isinstance(bare, type) and bare in SCALARS:
        return SCALARS[bare].kinds
    if is_enum(bare) or is_literal(bare):
        return frozenset(_KINDS[type(value)] for value in choices_of(bare))
    if is_attrs(bare) or is_dict(bare):
        return frozenset(("table",))
    if is_array(bare):
        return frozenset(("array",))
    if bare in _COLLECTIONS:
        raise Unsupported(
            f"{type_name(bare)!r} does not say what is in it", "write list[...] or so"
        )
    raise Unsupported(
        f"a setting cannot be of type {type_name(bare)!r}",
        "make it an attrs class, or use one of the types that the docstring of read_config lists",
    )


def inner_class(found: TypeLike) -> TypeLike | None:
    """Return the one attrs class that values of a type may be of; None if there is not just one."""
    classes = [member for member in members_of(found) if is_attrs(member)]
    return classes[0] if len(classes) == 1 else None


def words(found: TypeLike) -> str:
    """Say in words what is expected for a type, with an article."""
    members = members_of(found)
    if len(members) > 1:
        return " or ".join(dict.fromkeys(words(each) for each in members if each is not NoneType))
    (bare,) = members
    if isinstance(bare, type) and bare in SCALARS:
        return SCALARS[bare].words
    if is_enum(bare) or is_literal(bare):
        return one_of(list(choices_of(bare)))
    return "an array" if is_array(bare) else "a table"


def one_of(choices: Sequence[object]) -> str:
    """Say in words that one of these is expected."""
    listed = ", ".join(map(_in_toml, choices[:_SHOWN]))
    left_out = len(choices) - _SHOWN
    more = f" or {left_out} more" if left_out > 0 else ""
    return f"{listed}{more}" if len(choices) == 1 else f"one of {listed}{more}"


def example(found: TypeLike, *, quoted: bool = True) -> str:
    """Return a value of a type as it is written in TOML, or without quotes as a bare text."""
    bare = next((each for each in members_of(found) if each is not NoneType), NoneType)
    if isinstance(bare, type) and bare in SCALARS:
        scalar = SCALARS[bare]
        return f'"{scalar.example}"' if quoted and scalar.kinds == {"text"} else scalar.example
    if is_enum(bare) or is_literal(bare):
        first = next(iter(choices_of(bare)), "")
        return _in_toml(first) if quoted else str(first)
    args = typing.get_args(bare)
    if is_array(bare) and class_of(bare) is tuple and ... not in args:
        return f"[{', '.join(map(example, args))}]"
    if is_array(bare):
        return f"[{example(args[0])}]"
    return f"{{name = {example(args[1])}}}" if is_dict(bare) else "{ ... }"


def _in_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int) else f'"{value}"'
