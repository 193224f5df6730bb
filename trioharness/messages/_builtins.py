"""JSON's values as Python has them."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Final, Literal, TypeAlias, TypeGuard

Kind: TypeAlias = Literal["null", "bool", "int", "float", "str", "array", "object"]
"""What a value looks like in JSON; members of a union are told apart by it."""

BUILTINS: Final[Mapping[Kind, type]] = {
    "null": NoneType,
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "array": list,
    "object": dict,
}
"""The kinds in Python, once read."""


def is_json_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether it is a JSON object. Its keys may still be anything if no JSON reader made it."""
    return type(value) is dict


def is_json_array(value: object) -> TypeGuard[list[object]]:
    """Whether it is a JSON array."""
    return type(value) is list
