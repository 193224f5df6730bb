"""`Hook`: how one codec sends a type that it does not know, or knows in another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import attrs

from .._errors import ConfigurationError
from ._types import TypeLike


@attrs.frozen(kw_only=True)
class Hook:
    """How a codec sends a type: as another type, by two functions.

    What is written is checked and what is read has been checked against that other type, as
    strictly as every field. A class with such a field goes the cattrs lane.

    Example::

        codec = Codec(Order, hooks={Money: Hook(wire=str, write=Money.text, read=Money.parse)})
    """

    wire: Any
    """The type it is sent as: ``str``, ``list[int]``, an attrs class."""
    write: Callable[[Any], object]
    """Turns a value into one of the type `wire`."""
    read: Callable[[Any], object]
    """Turns a value of the type `wire` back; what it raises becomes a `DecodeError`."""


HooksByType: TypeAlias = Mapping[TypeLike, Hook]


def checked_hooks(owner: str, hooks: object) -> HooksByType:
    """Return the hooks that a user gave.

    Raises:
        ConfigurationError: They are no dict of classes to hooks.
    """
    given = cast("Mapping[object, object]", hooks if isinstance(hooks, Mapping) else {None: hooks})
    checked: dict[TypeLike, Hook] = {}
    for found, hook in given.items():
        if not isinstance(found, type) or not isinstance(hook, Hook):
            raise ConfigurationError(
                owner,
                f"a hook is {found!r}: {hook!r}",
                "write hooks={Money: Hook(wire=str, write=..., read=...)}, by class",
            )
        checked[found] = hook
    return checked
