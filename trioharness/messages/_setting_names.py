"""Names of settings: how variables spell them, and which one was meant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from ._setting import Path, SettingRefused, dotted

_SHOWN = 8
"""Names that an error lists."""


def variable_name(key: str) -> str:
    """Return how a variable spells a key."""
    return key.upper()


def close_to(given: object, known: Sequence[object]) -> str | None:
    """Return the one of some names that is close to what was given, if one is."""
    if not isinstance(given, str):
        return None
    names = [name for name in known if isinstance(name, str)]
    # Case is the commonest slip, and no slip at all to the eye.
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(given.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def nearest(
    given: str, known: Sequence[str], path: Path = (), *, pattern: str = "{}"
) -> SettingRefused:
    """Return the refusal of a name that nobody knows, with what may have been meant.

    Args:
        given: The name.
        known: Those that there are.
        path: What it is inside of.
        pattern: How the whole is written of which the name is a part.

    Returns:
        The refusal.
    """
    near = close_to(given, known)
    listed = ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
    where = f" in {dotted(path)!r}" if path else ""
    if near is not None:
        cure = f"did you mean {pattern.format(near)!r}?"
    else:
        cure = f"there are {listed}" if known else "take it out"
    return SettingRefused(f"there is no setting {given!r}{where}", cure, path)


def refuse_unknown(table: Mapping[str, object], known: Sequence[str]) -> None:
    """Refuse a table with keys that nobody knows.

    Raises:
        SettingRefused: It has one; the path leads to it.
    """
    for key in table:
        if key not in known:
            refusal = nearest(key, known)
            refusal.path = (key,)
            raise refusal
