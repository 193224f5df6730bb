"""A TOML file: its tables, and the line on which a setting stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, cast

from .._errors import SettingError

Steps: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a setting."""

_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def read_file(path: Path) -> tuple[str, dict[str, object]]:
    """Read a TOML file.

    Args:
        path: The file.

    Returns:
        Its text and its tables.

    Raises:
        SettingError: It cannot be read, or is no TOML.
    """
    subject = f"config file {str(path)!r}"
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        cure = "write one, or name the one that there is"
        raise SettingError(subject, "there is no such file", cure) from None
    except OSError as error:
        problem = f"it cannot be read: {error.strerror or error}"
        raise SettingError(subject, problem, "name a file that can be") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = f"line {line} is no UTF-8"
        raise SettingError(subject, problem, "save it as UTF-8") from error
    try:
        return text, tomllib.loads(text)
    except RecursionError:
        problem = "its arrays or tables are nested too deeply"
        raise SettingError(subject, problem, "take some levels out") from None
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(subject, str(error), text) from error


def _syntax_error(subject: str, told: str, text: str) -> SettingError:
    at = _AT_LINE.search(told)
    line = at[1] if at and at[1] else str(len(text.splitlines()))
    reason = _AT_LINE.sub("", told)
    problem = f"it is no TOML: {reason[:1].lower()}{reason[1:]}"
    cure = "mend it there; strings have quotes, and each key stands once"
    return SettingError(f"{subject}, line {line}", problem, cure)


def line_of(text: str, steps: Steps) -> int | None:
    """Find the line on which a setting begins.

    tomllib tells none, so it is asked how much of the text it takes until the setting is there.

    Args:
        text: A text that is TOML.
        steps: The setting.

    Returns:
        The number of the line, from 1; None if the text has no such setting.
    """
    lines = text.split("\n")

    def has_it(count: int) -> bool | None:
        try:
            tables: object = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            return None  # in the middle of a value
        return _has(tables, steps)

    if not steps or not has_it(len(lines)):
        return None
    without, with_it = 0, len(lines)
    # What is there after some lines is there after more: the search may halve.
    while (middle := _between(has_it, without, with_it)) is not None:
        if has_it(middle):
            with_it = middle
        else:
            without = middle
    return without + 1


def _between(has_it: Callable[[int], bool | None], low: int, high: int) -> int | None:
    """Return a count between two after which the text is TOML, near the middle; None if none is."""
    middle = (low + high) // 2
    counts = (*range(middle, high), *range(middle - 1, low, -1))
    return next((each for each in counts if each > low and has_it(each) is not None), None)


def _has(found: object, steps: Steps) -> bool:
    for step in steps:
        if isinstance(found, dict):
            table = cast("dict[object, object]", found)
            if step not in table:
                return False
            found = table[step]
        elif isinstance(found, list) and isinstance(step, int):
            items = cast("list[object]", found)
            if step >= len(items):
                return False
            found = items[step]
        else:
            return False
    return True
