"""Texts of variables and flags: each is read as the type of its setting wants it, and no further.

Numbers, arrays and tables are written as in TOML; what is a string there is the text itself,
without quotes. A bool is true, false, 1 or 0.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Final

from ._setting import SettingRefused
from ._setting_kinds import Kind, example, kind_of, kinds_of, members_of, words
from ._types import TypeLike, is_plain

_BOOLS: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False}

_IN_TOML: Final[Sequence[Kind]] = ("int", "float", "array", "table")
"""What is read as TOML has it."""


def value_of(found: TypeLike, text: str) -> object:
    """Return what a text says, as TOML would have it.

    Where a type takes several kinds, a number is a number and a text is only what is nothing else.

    Args:
        found: The type of the setting.
        text: The text. An empty one is None where None is allowed and no string is.

    Returns:
        The value, which is still to be made one of that type.

    Raises:
        SettingRefused: It says nothing of that type.
    """
    kinds = kinds_of(found)
    if "none" in kinds and not text and not _takes_any_text(found):
        return None
    if kinds.intersection(_IN_TOML):
        value = _toml(text)
        if kind_of(value) in kinds.intersection(_IN_TOML):
            return value
    if "bool" in kinds and text in _BOOLS:
        return _BOOLS[text]
    if kinds.intersection(("text", "datetime", "date", "time")):
        return text
    reason = f"expected {words(found)}, not {text[:60]!r}"
    raise SettingRefused(reason, f"write for example {example(found, quoted=False)}")


def _takes_any_text(found: TypeLike) -> bool:
    return any(member is str or is_plain(member) for member in members_of(found))


def _toml(text: str) -> object:
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return None
    # A line break could bring a second key.
    return read["value"] if read.keys() == {"value"} else None
