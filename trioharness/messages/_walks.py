"""Walks: functions of the fast lane that look at what msgspec itself does not look at.

A walk goes through a message and raises `Unfit` where it is not good; then, or where the walk
itself fails, the message is for the cattrs lane to judge. Walks are generated from the classes
alone, as attrs and cattrs generate their functions; a loop over the fields would take three times
as long.

A walk before writing also takes the message apart: each object becomes a `msgspec.Struct` of its
fields, which msgspec writes in half the time that it needs for an object with slots.
"""

from __future__ import annotations

import datetime
import decimal
import itertools
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from ._formats import FormatName
from ._types import (
    TypeLike,
    class_of,
    fields_of,
    is_array,
    is_attrs,
    is_dict,
    is_union,
    strip,
    type_name,
)

Finish: TypeAlias = Callable[[Any], Any]
Encode: TypeAlias = Callable[[Any], bytes]
Writer: TypeAlias = Callable[[Any], bytes]
RunWriter: TypeAlias = Callable[[Sequence[Any]], bytes]

Faults: TypeAlias = Mapping[TypeLike, str]
"""Scalars that have to be looked at, and on which condition on ``{0}`` one is not good."""

_NO_ZONE: Final = "{0}.tzinfo is None"
READ_FAULTS: Final[Mapping[FormatName, Faults]] = {
    "json": {datetime.datetime: _NO_ZONE},
    "msgpack": {datetime.datetime: _NO_ZONE, float: "{0} * 0.0 != 0.0"},
}
"""What msgspec reads though the cattrs lane would not, and that the value itself tells."""

WRITE_FAULTS: Final[Faults] = {
    # Not finite, or an int that is no float: an OverflowError.
    float: "{0} * 0.0 != 0.0",
    datetime.datetime: "{0}.tzinfo is not UTC and not has_zone({0})",
    decimal.Decimal: "not {0}.is_finite()",
}
"""What msgspec would write as something else, or so that nobody could read it."""

_MINUTE: Final = datetime.timedelta(minutes=1)


class Unfit(Exception):
    """What a walk raises: the cattrs lane has the word."""


class Walks:
    """Makes the walks of one codec, for one direction.

    The lines that are generated for a value leave in its variable what is to become of it.
    """

    def __init__(self, format_name: FormatName, faults: Faults, *, apart: bool) -> None:
        """Make none yet.

        Args:
            format_name: The format of the codec.
            faults: What to look for.
            apart: Whether messages are taken apart, for which each object has to be of just the
                class that is declared.
        """
        self._faults = faults
        self._apart = apart
        self._counter = itertools.count()
        self._walks: dict[TypeLike, str] = {}
        self._structs: dict[TypeLike, str] = {}
        self._needed: dict[TypeLike, bool] = {}
        self._known: dict[str, Any] = {
            "UTC": datetime.UTC,
            "Unfit": Unfit,
            "has_zone": _has_zone if format_name == "msgpack" else _has_zone_of_minutes,
        }

    def passer(self, form: TypeLike) -> Finish | None:
        """Return a function that gives back a message if it is good; None if all of them are."""
        if not self._is_needed(form):
            return None
        lines = [*self._object("    ", "msg", form), "    return msg"]
        made: Finish = self._made(self._new("pass"), lines)
        return made

    def writer(self, form: TypeLike, head: bytes, encode: Encode, tail: bytes) -> Writer:
        """Return a function that writes a message of just this class, if it is good."""
        before, after = self._name(head), self._name(tail)
        whole = f"{before} + encode(msg) + {after}" if head else "encode(msg)"
        lines = [*self._object("    ", "msg", form), f"    return {whole}"]
        self._known["encode"] = encode
        made: Writer = self._made(self._new("write"), lines)
        return made

    def run_writer(self, form: TypeLike, encode: Callable[[list[Any]], bytes]) -> RunWriter:
        """Return a function that writes many messages of just this class, if all are good."""
        lines = [
            "    parts = []",
            "    for msg in msgs:",
            *self._object("        ", "msg", form),
            "        parts.append(msg)",
            "    return encode_run(parts)",
        ]
        self._known["encode_run"] = encode
        made: RunWriter = self._made(self._new("write"), lines, "msgs")
        return made

    def _is_needed(self, found: TypeLike) -> bool:
        bare = strip(found)
        if bare not in self._needed:
            self._needed[bare] = bare in self._faults or (self._apart and is_attrs(bare))
            self._needed[bare] |= any(map(self._is_needed, _inside(bare)))
        return self._needed[bare]

    def _walk(self, form: TypeLike) -> str:
        if form not in self._walks:
            self._walks[form] = name = self._new("walk")
            self._made(name, [*self._object("    ", "msg", form), "    return msg"])
        return self._walks[form]

    def _made(self, name: str, lines: list[str], parameter: str = "msg") -> Any:
        source = "\n".join([f"def {name}({parameter}):", *lines])
        exec(source, self._known)  # noqa: S102 - made of class definitions, as attrs does
        return self._known[name]

    def _object(self, indent: str, value: str, form: TypeLike) -> list[str]:
        lines: list[str] = []
        if self._apart:
            lines = [_unless(indent, f"type({value}) is {self._name(class_of(form))}")]
        parts: list[str] = []
        for field in fields_of(form):
            part = f"{value}.{field.name}"
            if self._is_needed(field.type):
                part = self._new("part")
                lines.append(f"{indent}{part} = {value}.{field.name}")
                lines += self._value(indent, part, field.type)
            parts.append(part)
        if self._apart:
            lines.append(f"{indent}{value} = {self._struct(form)}({', '.join(parts)})")
        return lines

    def _value(self, indent: str, value: str, found: TypeLike) -> list[str]:
        """Return the lines for the value in a variable."""
        bare = strip(found)
        if not self._is_needed(bare):
            return []
        if bare in self._faults:
            return [f"{indent}if {self._faults[bare].format(value)}: raise Unfit"]
        if is_attrs(bare):
            if not any(map(_has_objects, _inside(bare))):
                return self._object(indent, value, bare)
            return [f"{indent}{value} = {self._walk(bare)}({value})"]
        if is_union(bare):
            return self._union(indent, value, typing.get_args(bare))
        return self._collection(indent, value, bare)

    def _union(self, indent: str, value: str, members: tuple[TypeLike, ...]) -> list[str]:
        lines: list[str] = []
        for member in filter(self._is_needed, members):
            is_one = f"type({value}) is {self._name(class_of(strip(member)))}"
            if len(members) == 2 and type(None) in members:
                is_one = f"{value} is not None"
            lines += [f"{indent}if {is_one}:", *self._value(f"{indent}    ", value, member)]
        return lines

    def _collection(self, indent: str, value: str, bare: TypeLike) -> list[str]:
        args = typing.get_args(bare)
        if class_of(bare) is tuple and ... not in args:
            return self._fixed_tuple(indent, value, args)
        item, copy = self._new("item"), self._new("copy")
        if is_dict(bare):
            key = self._new("key")
            loop, empty, add = f"for {key}, {item} in {value}.items():", "{}", f"[{key}] = {item}"
            inner = [(key, args[0]), (item, args[1])]
        else:
            loop, empty, add = f"for {item} in {value}:", "[]", f".append({item})"
            inner = [(item, args[0])]
        lines = [line for each in inner for line in self._value(f"{indent}    ", *each)]
        if not self._is_copied(args):
            return [f"{indent}{loop}", *lines]
        return [
            # What is copied msgspec does not see, which writes nothing else in its place.
            _unless(indent, f"type({value}) is {class_of(bare).__name__}"),
            f"{indent}{copy} = {empty}",
            f"{indent}{loop}",
            *lines,
            f"{indent}    {copy}{add}",
            f"{indent}{value} = {copy}",
        ]

    def _fixed_tuple(self, indent: str, value: str, args: tuple[TypeLike, ...]) -> list[str]:
        parts = [(self._new("part"), arg) for arg in args]
        names = "".join(f"{name}, " for name, _ in parts)
        lines = [line for each in parts for line in self._value(indent, *each)]
        unpacked = f"{indent}{names} = {value}"
        if not self._is_copied(args):
            return [unpacked, *lines]
        first = _unless(indent, f"type({value}) is tuple")
        return [first, unpacked, *lines, f"{indent}{value} = ({names})"]

    def _is_copied(self, inside: tuple[TypeLike, ...]) -> bool:
        """Whether a collection of such values has to be copied for those that are taken apart."""
        return self._apart and any(map(_has_objects, inside))

    def _struct(self, form: TypeLike) -> str:
        """Return the name of the Struct of a class, of which only the names of its fields count."""
        if form not in self._structs:
            fields = [(field.name, Any) for field in fields_of(form)]
            made = msgspec.defstruct(f"parts of {type_name(form)}", fields, gc=False)
            self._structs[form] = self._name(made)
        return self._structs[form]

    def _new(self, what: str) -> str:
        return f"{what}_{next(self._counter)}"

    def _name(self, known: object) -> str:
        """Return the name that an object has in the generated functions."""
        for name, value in self._known.items():
            if value is known:
                return name
        name = self._new("known")
        self._known[name] = known
        return name


def _unless(indent: str, condition: str) -> str:
    return f"{indent}if not {condition}: raise Unfit"


def _has_objects(found: TypeLike) -> bool:
    """Whether a value of a type is an object of an attrs class, or has such in it."""
    bare = strip(found)
    return is_attrs(bare) or any(map(_has_objects, _inside(bare)))


def _inside(bare: TypeLike) -> list[TypeLike]:
    if is_attrs(bare):
        return [field.type for field in fields_of(bare)]
    if is_dict(bare) or is_array(bare) or is_union(bare):
        return [arg for arg in typing.get_args(bare) if arg is not ...]
    return []


def _has_zone(moment: datetime.datetime) -> bool:
    return moment.utcoffset() is not None


def _has_zone_of_minutes(moment: datetime.datetime) -> bool:
    offset = moment.utcoffset()
    return offset is not None and not offset % _MINUTE
