"""How large, how deep and how long what is on the wire may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import attrs

from .._errors import ConfigurationError
from ._builtins import is_json_array, is_json_object


@attrs.frozen(kw_only=True)
class Bounds:
    """The bounds of one codec, the same in both directions."""

    max_size: int
    """Bytes of one encoded message."""
    max_depth: int
    """Levels of objects and arrays, the envelope included."""
    max_items: int
    """Items of one object or array."""
    is_flat: bool = False
    """Whether none of the types can go over the depth; then nobody needs to look."""

    @classmethod
    def checked(cls, owner: str, **bounds: object) -> Bounds:
        """Make bounds of what a user gave.

        Raises:
            ConfigurationError: One of them is no positive int.
        """
        positive = {option: _positive(owner, option, value) for option, value in bounds.items()}
        return cls(
            max_size=positive["max_size"],
            max_depth=positive["max_depth"],
            max_items=positive["max_items"],
        )

    @property
    def look_from(self) -> int:
        """Return up to how many bytes nothing can be out of bounds.

        What has so many levels or items has at least as many bytes. In fields that are passed over
        (``extra="allow"``) of flat types depth does not count: nothing is made of them.
        """
        most = min(self.max_size, self.max_items)
        return most if self.is_flat else min(most, self.max_depth)

    def broken_by(self, builtins: object) -> str | None:
        """Say which bound objects and arrays go over, or None.

        Level by level and without recursion: what it guards against must not be able to stop it.
        """
        level = _nesting([builtins])
        for _ in range(self.max_depth):
            if not level:
                return None
            for outer in level:
                if len(outer) > self.max_items:
                    return self.too_long(len(outer))
            level = _nesting(inner for outer in level for inner in _inside(outer))
        return self.too_deep if level else None

    @property
    def too_deep(self) -> str:
        """The reason why something nested too deeply is refused."""
        return f"it is nested in more than {self.max_depth} levels (max_depth)"

    def too_long(self, items: int) -> str:
        """Return the reason why a collection is refused."""
        return f"it has a collection of {items} items, which may have {self.max_items} (max_items)"

    def too_large(self, size: int) -> str:
        """Return the reason why a message is refused for its bytes."""
        return f"it has {size} bytes and may have {self.max_size} (max_size)"

    def __str__(self) -> str:
        return (
            f"at most {self.max_size} bytes, {self.max_depth} levels "
            f"and {self.max_items} items of a collection"
        )


_Outer: TypeAlias = dict[str, object] | list[object]


def _nesting(values: Iterable[object]) -> list[_Outer]:
    return [value for value in values if is_json_object(value) or is_json_array(value)]


def _inside(outer: _Outer) -> Iterable[object]:
    return outer.values() if isinstance(outer, dict) else outer


def _positive(owner: str, option: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(owner, f"{option} is {value!r}", "give an int from 1")
    return value
