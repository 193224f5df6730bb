"""Taking messages apart: walks that make of each object a `msgspec.Struct` of its fields.

msgspec writes those in half the time that it needs for an object with slots. On the way each value
is looked at that msgspec would write as something else, or so that nobody could read it.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from .._util import type_name
from ._formats import Format
from ._types import TypeLike, class_of, fields_of, is_attrs, strip
from ._walks import Walks

Writer: TypeAlias = Callable[[Any], bytes]
RunWriter: TypeAlias = Callable[[Sequence[Any]], bytes]

_IS_BOOL: Final = "{0} is True or {0} is False"

_FAULTS: Final[Mapping[TypeLike, str]] = {
    # To type checkers a bool is an int and a float, and a datetime a date.
    int: _IS_BOOL,
    # Not finite, or an int that is no float: an OverflowError.
    float: f"{{0}} * 0.0 != 0.0 or {_IS_BOOL}",
    datetime.date: "type({0}) is not date",
    datetime.datetime: "{0}.tzinfo is not UTC and not has_zone({0})",
    decimal.Decimal: "not {0}.is_finite()",
}
"""On which condition a scalar is not good."""

_MINUTE: Final = datetime.timedelta(minutes=1)


class Apart(Walks):
    """Makes the functions that write the messages of one codec, if they are good."""

    def __init__(self, wire_format: Format) -> None:
        """Make none yet."""
        self._format = wire_format
        self._structs: dict[TypeLike, str] = {}
        has_zone = _has_zone if wire_format.name == "msgpack" else _has_zone_of_minutes
        scalars = {"UTC": datetime.UTC, "has_zone": has_zone, "date": datetime.date}
        known = {"encode": wire_format.encode, "encode_run": wire_format.encode_run}
        super().__init__({**scalars, **known})

    def whole(self, form: TypeLike, name: str, version: int) -> Writer:
        """Return a function that writes a message, of which it is known that it is of the class."""
        head, tail = self._format.head(name, version), self._format.tail
        written = f"{self._name(head)} + encode(msg) + {self._name(tail)}"
        return self._writer([*self._fields("    ", "msg", form), f"    return {written}"])

    def payload(self, form: TypeLike) -> Writer:
        """Return a function that writes the fields of a message of just this class."""
        return self._writer([*self._object("    ", "msg", form), "    return encode(msg)"])

    def run(self, form: TypeLike) -> RunWriter:
        """Return a function that writes the fields of many messages of just this class."""
        lines = [
            "    parts = []",
            "    for msg in msgs:",
            *self._object("        ", "msg", form),
            "        parts.append(msg)",
            "    return encode_run(parts)",
        ]
        made: RunWriter = self._made(self._new("write"), "msgs", lines)
        return made

    def _writer(self, lines: list[str]) -> Writer:
        made: Writer = self._made(self._new("write"), "msg", lines)
        return made

    def _scalar(self, value: str, bare: TypeLike) -> str | None:
        fault = _FAULTS.get(bare)
        return None if fault is None else f"if {fault.format(value)}: raise Unfit"

    def _union(self, indent: str, value: str, members: tuple[TypeLike, ...]) -> list[str]:
        lines = super()._union(indent, value, members)
        others = {strip(member) for member in members}
        # Where members are told apart by their class, a bool is none of them.
        is_told = len(members) > 2 or type(None) not in others
        if is_told and bool not in others and others & {int, float}:
            return [f"{indent}if {_IS_BOOL.format(value)}: raise Unfit", *lines]
        return lines

    def _changes(self, bare: TypeLike) -> bool:
        return is_attrs(bare)

    def _copy(self, value: str, copy: str, bare: TypeLike) -> tuple[str | None, str]:
        # What is copied msgspec does not see, which would write nothing else in its place.
        return f"type({value}) is not {class_of(bare).__name__}", copy

    def _object(self, indent: str, value: str, form: TypeLike) -> list[str]:
        unfit = f"{indent}if type({value}) is not {self._name(class_of(form))}: raise Unfit"
        return [unfit, *self._fields(indent, value, form)]

    def _fields(self, indent: str, value: str, form: TypeLike) -> list[str]:
        lines: list[str] = []
        parts: list[str] = []
        for field in fields_of(form):
            part = f"{value}.{field.name}"
            if self._is_needed(field.type):
                part = self._new("part")
                lines.append(f"{indent}{part} = {value}.{field.name}")
                lines += self._value(indent, part, field.type)
            parts.append(part)
        return [*lines, f"{indent}{value} = {self._struct(form)}({', '.join(parts)})"]

    def _struct(self, form: TypeLike) -> str:
        """Return the name of the Struct of a class, of which only the names of its fields count."""
        if form not in self._structs:
            fields = [(field.name, Any) for field in fields_of(form)]
            made = msgspec.defstruct(f"parts of {type_name(form)}", fields, gc=False)
            self._structs[form] = self._name(made)
        return self._structs[form]


def _has_zone(moment: datetime.datetime) -> bool:
    return moment.utcoffset() is not None


def _has_zone_of_minutes(moment: datetime.datetime) -> bool:
    offset = moment.utcoffset()
    return offset is not None and not offset % _MINUTE
