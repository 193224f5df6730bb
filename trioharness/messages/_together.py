"""Putting messages together: walks that make of each twin the object that it stands for.

An object is made in one of two ways. By its `__init__`, where that has something to do of its own.
Else as an object of a subclass that is not frozen and adds nothing, whose fields are set one by one
before it is given the class it is of: an `__init__` of a frozen class takes five times as long.
What attrs does at the end, validators and ``__attrs_post_init__``, is done in both ways.
"""

from __future__ import annotations

import decimal
import types
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeAlias

import attrs
import msgspec

from ._eligible import needs_own_init
from ._formats import Format, FormatName
from ._twins import Twins, has_int_keys
from ._types import TypeLike, class_of, fields_of, is_attrs, strip
from ._walks import Walks

Read: TypeAlias = Callable[[bytes], Any]
ReadRun: TypeAlias = Callable[[Sequence[bytes]], list[Any]]

_MADE: Final[dict[FormatName, dict[TypeLike, str]]] = {
    "json": {decimal.Decimal: "{0} = Decimal({0})"},
    "msgpack": {decimal.Decimal: "{0} = Decimal({0})", uuid.UUID: "{0} = convert({0}, UUID)"},
}
"""Scalars that their twins have as strings."""
_BENIGN: Final = (object, Generic)
"""Classes whose `__init_subclass__` does nothing that anybody would notice."""


class Together(Walks):
    """Makes the functions that read the messages of one codec."""

    def __init__(self, wire_format: Format, twins: Twins) -> None:
        """Make none yet."""
        self._format = wire_format
        self._twins = twins
        super().__init__(
            {
                "Decimal": decimal.Decimal,
                "UUID": uuid.UUID,
                "UNSET": msgspec.UNSET,
                "convert": msgspec.convert,
                "validate": attrs.validate,
                "new": object.__new__,
            }
        )

    def maker(self, form: TypeLike) -> Callable[[Any], Any]:
        """Return a function that makes a message of its twin."""
        lines = [*self._object("    ", "msg", form), "    return msg"]
        made: Callable[[Any], Any] = self._made(self._new("make"), "msg", lines)
        return made

    def payload(self, form: TypeLike) -> Read:
        """Return a function that reads the fields of a message."""
        read = self._name(self._format.decoder(self._twins.of(form)))
        lines = [f"    msg = {read}(data)", *self._object("    ", "msg", form), "    return msg"]
        made: Read = self._made(self._new("read"), "data", lines)
        return made

    def run(self, form: TypeLike) -> ReadRun:
        """Return a function that reads the fields of many messages, one after another."""
        read = self._name(self._format.decoder(self._twins.of(form)))
        lines = [
            "    msgs = []",
            "    for data in payloads:",
            f"        msg = {read}(data)",
            *self._object("        ", "msg", form),
            "        msgs.append(msg)",
            "    return msgs",
        ]
        made: ReadRun = self._made(self._new("read"), "payloads", lines)
        return made

    def _scalar(self, value: str, bare: TypeLike) -> str | None:
        made = _MADE[self._format.name].get(bare)
        return None if made is None else made.format(value)

    def _changes(self, bare: TypeLike) -> bool:
        return is_attrs(bare) or self._scalar("", bare) is not None

    def _is_needed(self, found: TypeLike) -> bool:
        return super()._is_needed(found) or has_int_keys(strip(found), self._format.name)

    def _is_copied(self, found: TypeLike) -> bool:
        return super()._is_copied(found) or has_int_keys(strip(found), self._format.name)

    def _key(self, indent: str, key: str, found: TypeLike) -> list[str]:
        if strip(found) is int and self._format.name == "json":
            return [f"{indent}{key} = int({key})"]
        return self._value(indent, key, found)

    def _copy(self, value: str, copy: str, bare: TypeLike) -> tuple[str | None, str]:
        cls = class_of(bare)
        return None, copy if cls in (list, dict) else f"{cls.__name__}({copy})"

    def _object(self, indent: str, value: str, form: TypeLike) -> list[str]:
        cls = class_of(form)
        thawed = None if needs_own_init(form) else _thawed(cls)
        if thawed is None:
            return self._called(indent, value, form)
        made = self._new("made")
        lines: list[str] = [f"{indent}{made} = new({self._name(thawed)})"]
        for field in fields_of(form):
            part = f"{value}.{field.name}"
            if self._is_needed(field.type):
                part = self._new("part")
                lines.append(f"{indent}{part} = {value}.{field.name}")
                lines += self._value(indent, part, field.type)
            lines.append(f"{indent}{made}.{field.name} = {part}")
        lines.append(f"{indent}{made}.__class__ = {self._name(cls)}")
        if any(field.validator for field in attrs.fields(cls)):
            lines.append(f"{indent}validate({made})")
        if hasattr(cls, "__attrs_post_init__"):
            lines.append(f"{indent}{made}.__attrs_post_init__()")
        return [*lines, f"{indent}{value} = {made}"]

    def _called(self, indent: str, value: str, form: TypeLike) -> list[str]:
        """Return the lines that call a class with the fields that are there."""
        given = self._new("given")
        lines = [f"{indent}{given} = {{}}"]
        for field in fields_of(form):
            part = self._new("part")
            lines += [
                f"{indent}{part} = {value}.{field.name}",
                f"{indent}if {part} is not UNSET:",
                *self._value(f"{indent}    ", part, field.type),
                f"{indent}    {given}[{(field.alias or field.name)!r}] = {part}",
            ]
        return [*lines, f"{indent}{value} = {self._name(class_of(form))}(**{given})"]


def _thawed(cls: type[Any]) -> type[Any] | None:
    """Return a subclass that is not frozen; None if there is somebody who might notice it."""
    first = next(base for base in cls.__mro__ if "__init_subclass__" in vars(base))
    if first not in _BENIGN or type(cls) is not type:
        return None

    def body(namespace: dict[str, Any]) -> None:
        namespace["__slots__"] = ()
        # Both, or Python would still look for them in the bases at each assignment.
        namespace["__setattr__"] = object.__setattr__
        namespace["__delattr__"] = object.__delattr__

    return types.new_class(cls.__name__, (cls,), exec_body=body)
