"""Putting messages together: walks that make of each twin the object that it stands for.

An object is made by its `__init__`, where that has something to do of its own. Else its fields are
set here, one by one, by their slots, which takes two thirds of the time that an `__init__` of a
frozen class takes. Where nobody can notice it, it is until then an object of a subclass that is not
frozen and adds nothing, and is only then given the class it is of: another third of that.
What attrs does at the end, validators and ``__attrs_post_init__``, is done in all ways.
"""

from __future__ import annotations

import decimal
import types
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Generic, TypeAlias

import attrs
import msgspec

from ._eligible import needs_own_init
from ._formats import Format, FormatName
from ._twins import Twins, comes_unset, has_int_keys
from ._types import TypeLike, class_of, fields_of, is_attrs, strip
from ._walks import Walks

Read: TypeAlias = Callable[[bytes], Any]
MakeMany: TypeAlias = Callable[[Iterable[Any]], list[Any]]

_MADE: Final[dict[FormatName, dict[TypeLike, str]]] = {
    "json": {decimal.Decimal: "{0} = Decimal({0})"},
    "msgpack": {decimal.Decimal: "{0} = Decimal({0})", uuid.UUID: "{0} = convert({0}, UUID)"},
}
"""Scalars that their twins have as strings."""
_BENIGN: Final = (object, Generic)
"""Bases of which nobody looks for the subclasses."""


class Together(Walks):
    """Makes the functions that read the messages of one codec."""

    def __init__(self, wire_format: Format, twins: Twins) -> None:
        """Make none yet."""
        self._format = wire_format
        self._twins = twins
        self._thawed: dict[type, type[Any] | None] = {}
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

    def many(self, form: TypeLike) -> MakeMany:
        """Return a function that makes messages of their twins, one after another."""
        lines = [
            "    msgs = []",
            "    for msg in twins:",
            *self._object("        ", "msg", form),
            "        msgs.append(msg)",
            "    return msgs",
        ]
        made: MakeMany = self._made(self._new("make"), "twins", lines)
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
        if needs_own_init(form) is not None:
            return self._called(indent, value, form)
        cls = class_of(form)
        thawed = self._thawed_of(cls)
        made = self._new("made")
        empty = f"new({self._name(cls)})" if thawed is None else f"{self._name(thawed)}()"
        lines = [f"{indent}{made} = {empty}"]
        for field in fields_of(form):
            part = f"{value}.{field.name}"
            if self._is_needed(field.type) or comes_unset(field):
                part = self._new("part")
                lines.append(f"{indent}{part} = {value}.{field.name}")
                lines += self._field(indent, part, field)
            if thawed is not None:
                lines.append(f"{indent}{made}.{field.name} = {part}")
            else:
                put = self._name(getattr(cls, field.name).__set__)
                lines.append(f"{indent}{put}({made}, {part})")
        return [*lines, *self._finished(indent, made, cls, thawed), f"{indent}{value} = {made}"]

    def _field(self, indent: str, part: str, field: attrs.Attribute[Any]) -> list[str]:
        """Return the lines for a field, which may have been left out."""
        if not comes_unset(field):
            return self._value(indent, part, field.type)
        default: Any = field.default
        factory = getattr(default, "factory", None)
        given = self._name(default) if factory is None else f"{self._name(factory)}()"
        lines = self._value(f"{indent}    ", part, field.type)
        # As it is: what a class gives by default is no twin, and may be told by its identity.
        return [
            f"{indent}if {part} is UNSET:",
            f"{indent}    {part} = {given}",
            *([f"{indent}else:", *lines] if lines else []),
        ]

    def _finished(
        self, indent: str, made: str, cls: type[Any], thawed: type[Any] | None
    ) -> Iterator[str]:
        """Yield the lines for what comes after the fields."""
        if thawed is not None:
            yield f"{indent}{made}.__class__ = {self._name(cls)}"
        if any(field.validator for field in attrs.fields(cls)):
            yield f"{indent}validate({made})"
        if hasattr(cls, "__attrs_post_init__"):
            yield f"{indent}{made}.__attrs_post_init__()"

    def _thawed_of(self, cls: type[Any]) -> type[Any] | None:
        if cls not in self._thawed:
            self._thawed[cls] = _thawed(cls)
        return self._thawed[cls]

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
    """Return a subclass that is not frozen; None if there is somebody who might notice it.

    It is among the ``__subclasses__()`` of the class while the codec lives. So it gets a name that
    nobody takes for the class itself, and a class with bases gets none: whoever looks for all
    classes below a base would find it. Nor does one that wants to be told of its subclasses.
    """
    has_bases = any(base not in _BENIGN for base in cls.__mro__[1:])
    if has_bases or type(cls) is not type or "__init_subclass__" in vars(cls):
        return None

    def body(namespace: dict[str, Any]) -> None:
        namespace["__module__"] = __name__
        # Calling it then takes half the time of `object.__new__`, and does no more.
        namespace["__init__"] = object.__init__
        namespace["__slots__"] = ()
        # Both, or Python would still look for them in the bases at each assignment.
        namespace["__setattr__"] = object.__setattr__
        namespace["__delattr__"] = object.__delattr__

    return types.new_class(f"{cls.__name__} in the making", (cls,), exec_body=body)
