"""Names that are imported with their first use, so that a package costs only what is taken of it.

Who uses it writes its names twice: as imports under ``TYPE_CHECKING``, for checkers, and here for
Python. A test holds the two together. It belongs into the ``else`` of that ``if``: a checker that
saw a ``__getattr__`` would take every name for right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazy(
    package: str, names: Mapping[str, str]
) -> tuple[list[str], Callable[[str], object], Callable[[], list[str]]]:
    """Return what a package is to call ``__all__``, ``__getattr__`` and ``__dir__`` (PEP 562).

    Args:
        package: Its ``__name__``.
        names: Its public names, in words, by the module inside of it that each comes from.
    """
    homes = {name: home for home, words in names.items() for name in words.split()}
    public = sorted(homes)

    def get(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(f".{home}", package), name)
        setattr(sys.modules[package], name, value)  # next time Python finds it there
        return value

    return public, get, lambda: public
