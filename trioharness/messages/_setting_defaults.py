"""Defaults that are objects: what is given of a nested class changes that one, not another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ._builtins import is_json_object
from ._types import is_attrs

_FACTORY: Any = attrs.Factory
"""A class, which its stubs call a function."""


@attrs.frozen
class Kept:
    """The value of a field that nobody has set: it is what the default has."""

    value: object


@attrs.frozen
class Over:
    """What is given of a nested class, and the default that it changes."""

    table: object
    base: object


def base_of(field: attrs.Attribute[Any]) -> object:
    """Return the default of a field, made anew where a factory makes it; None if there is none."""
    default: Any = field.default
    if not isinstance(default, _FACTORY):
        return None if default is attrs.NOTHING else default
    return None if default.takes_self else default.factory()


def laid_over(
    table: Mapping[str, object], base: object, keys: Mapping[str, attrs.Attribute[Any]]
) -> dict[str, object]:
    """Return a table with all keys of a class: what is given, else what an instance of it has."""
    filled: dict[str, object] = dict(table)
    for key, field in keys.items():
        value: object = getattr(base, field.name)
        if key not in table:
            filled[key] = Kept(value)
        elif is_json_object(table[key]) and is_attrs(type(value)):
            filled[key] = Over(table[key], value)
    return filled
