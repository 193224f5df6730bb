"""JSON's values as Python has them, and how deep they are nested."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias, TypeGuard

Kind: TypeAlias = Literal["null", "bool", "int", "float", "str", "array", "object"]
"""What a value looks like in JSON; members of a union are told apart by it."""

_NESTING: Final = frozenset((dict, list))


def is_json_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether it is a JSON object. Its keys may still be anything if no JSON reader made it."""
    return type(value) is dict


def is_json_array(value: object) -> TypeGuard[list[object]]:
    """Whether it is a JSON array."""
    return type(value) is list


def is_deeper(builtins: object, limit: int) -> bool:
    """Whether objects and arrays are nested in more than `limit` levels.

    Level by level and without recursion: what it guards against must not be able to stop it.
    """
    level = [builtins] if type(builtins) in _NESTING else []
    for _ in range(limit):
        if not level:
            return False
        level = [inner for outer in level for inner in _inside(outer) if type(inner) in _NESTING]
    return bool(level)


def _inside(outer: object) -> Iterable[object]:
    if is_json_object(outer):
        return outer.values()
    return outer if is_json_array(outer) else ()
