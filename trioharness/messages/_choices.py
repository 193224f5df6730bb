"""Hooks for enums and literals: one of a few values, each of exactly its type."""

from __future__ import annotations

import enum
import typing
from collections.abc import Mapping
from typing import Any, Final

from ._problems import Reader, Refused, Writer, refuse, shorten
from ._types import TypeLike

_SHOWN: Final = 8
"""Choices that an error lists."""


def enum_reader(cls: type[enum.Enum]) -> Reader:
    """Make the reader of an enum, by value."""
    return _choice({member.value: member for member in cls.__members__.values()})


def enum_writer(cls: type[enum.Enum]) -> Writer:
    """Make the writer of an enum, by value."""

    def write_enum(value: object) -> object:
        if not isinstance(value, cls):
            refuse(f"a member of {cls.__name__!r}", value)
        return value.value

    return write_enum


def literal_hook(found: TypeLike) -> Any:
    """Make the hook of a ``Literal[...]``, which is the same in both directions.

    Hence the `Any`: it is a `Reader` and a `Writer`.
    """
    return _choice({value: value for value in typing.get_args(found)})


def _choice(choices: Mapping[object, object]) -> Reader:
    # By type first: 1 == 1.0 == True, and lists cannot be looked up at all.
    by_type: dict[type, dict[object, object]] = {str: {}, int: {}}
    for choice, chosen in choices.items():
        by_type[type(choice)][choice] = chosen
    names = ", ".join(map(shorten, list(choices)[:_SHOWN]))
    more = f" or {len(choices) - _SHOWN} more" if len(choices) > _SHOWN else ""

    def choose(value: object, _: object = None) -> object:
        try:
            return by_type[type(value)][value]
        except KeyError:
            raise Refused(f"expected one of {names}{more}", value) from None

    return choose
