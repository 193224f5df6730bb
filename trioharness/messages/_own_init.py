"""Messages that msgspec cannot make itself, since their own `__init__` has something to do.

A class with converters, aliases, private or ``init=False`` fields goes the fast lane all the same,
as long as only the message itself is so, and not what it contains: msgspec reads its fields into a
`msgspec.Struct` of them, and they are handed to the class. They are written as all others are.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, Union

import attrs
import msgspec

from ._types import TypeLike, class_of, fields_of, type_name


class OwnInit:
    """How a message of one such class is made."""

    def __init__(self, form: TypeLike) -> None:
        # Those without default first, as a Struct wants them.
        fields = sorted(fields_of(form), key=lambda field: field.default is not attrs.NOTHING)
        self._class = class_of(form)
        self._aliases = tuple((field.alias or field.name, field.name) for field in fields)
        self.parts: type[Any] = msgspec.defstruct(
            f"parts of {type_name(form)}",
            [_field(field) for field in fields],
        )

    def made(self, parts: object) -> object:
        """Return the message of these fields."""
        given = {alias: getattr(parts, name) for alias, name in self._aliases}
        make = typing.cast("Callable[..., object]", self._class)
        return make(**{alias: each for alias, each in given.items() if each is not msgspec.UNSET})


def _field(field: attrs.Attribute[Any]) -> tuple[str, Any] | tuple[str, Any, Any]:
    declared: Any = field.type
    if field.default is attrs.NOTHING:
        return field.name, declared
    return field.name, Union[declared, msgspec.UnsetType], msgspec.UNSET  # noqa: UP007 - of any form
