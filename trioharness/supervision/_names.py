"""Names for children that were given none."""

from __future__ import annotations

from collections.abc import Container
from types import FunctionType

import attrs

from .._util import callable_name


@attrs.define(eq=False)
class _Series:
    """Names of one kind: ``worker``, ``worker-2``, ``worker-3``."""

    base: str
    number: int = 0


@attrs.define(eq=False)
class Names:
    """The made-up names of one supervisor; none is given twice, so that a log can be read."""

    _by_function: dict[str, _Series] = attrs.field(factory=dict[str, _Series])
    """By what a function is called in full: finding the name in that takes longer than all else."""
    _by_base: dict[str, _Series] = attrs.field(factory=dict[str, _Series])

    def make_up(self, fn: object, taken: Container[str]) -> str:
        """Make up a name for a child.

        Args:
            fn: Its component.
            taken: The names that others have.
        """
        key = fn.__qualname__ if type(fn) is FunctionType else callable_name(fn)
        series = self._by_function.get(key) or self._new_series(key, fn)
        while True:
            series.number = number = series.number + 1
            name = f"{series.base}-{number}" if number > 1 else series.base
            if name not in taken:
                return name

    def number(self, base: str, taken: Container[str]) -> str:
        """Make up a name for one of many that are alike: ``worker-1``, ``worker-2``.

        None of them is the first in any sense, so all have a number.

        Args:
            base: What they have in common.
            taken: The names that others have.
        """
        series = self._by_base.setdefault(base, _Series(base))
        while True:
            series.number += 1
            name = f"{base}-{series.number}"
            if name not in taken:
                return name

    def _new_series(self, key: str, fn: object) -> _Series:
        base = callable_name(fn).replace("/", ".")
        series = self._by_function[key] = self._by_base.setdefault(base, _Series(base))
        return series
