"""The hooks that make one type of setting each, strictly: ``"7"`` is no 7, and true is no 1."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, cast

from ._builtins import is_json_object
from ._setting import SettingRefused
from ._setting_kinds import (
    SCALARS,
    choices_of,
    example,
    kind_of,
    kinds_of,
    one_of,
    words,
)
from ._setting_names import close_to
from ._setting_texts import value_of
from ._types import TypeLike, class_of, is_enum

Hook: TypeAlias = Callable[[object, Any], object]
"""Makes a value of a type, both given: a cattrs structure hook."""


def inside(step: str | int, hook: Hook, value: object, found: object) -> object:
    """Call a hook on what is inside of something, and add to a refusal where that is."""
    try:
        return hook(value, found)
    except SettingRefused as refusal:
        refusal.path = (step, *refusal.path)
        raise


def refuse(found: TypeLike, value: object) -> SettingRefused:
    """Return the refusal of a value where another type is expected."""
    expected = words(found)
    cure = f"write {expected}" if expected == "a table" else f"write for example {example(found)}"
    if isinstance(value, str):
        with contextlib.suppress(SettingRefused):
            if not isinstance(value_of(found, value), str):
                cure = "write it without quotes"
    return SettingRefused(f"expected {expected}, not {shown(value)}", cure)


def scalar_hook(found: TypeLike) -> Hook:
    """Make the hook of a type without parts."""
    cls = class_of(found)
    scalar = SCALARS[cls]

    def read_scalar(value: object, _: object = None) -> object:
        if kind_of(value) is None and isinstance(value, cls):
            return value  # a flag may be a path already, say
        if kind_of(value) not in scalar.kinds:
            raise refuse(found, value)
        try:
            return scalar.make(value)
        except (ValueError, ArithmeticError):
            raise refuse(found, value) from None

    return read_scalar


def choice_hook(found: TypeLike) -> Hook:
    """Make the hook of an enum or a literal: one of a few values, each of exactly its type."""
    choices = {(type(value), value): chosen for value, chosen in choices_of(found).items()}
    values = [value for _, value in choices]

    def read_choice(value: object, _: object = None) -> object:
        if is_enum(found) and isinstance(value, found):
            return value
        try:
            return choices[type(value), value]
        except (KeyError, TypeError):
            near = close_to(value, values)
            cure = "write one of these" if near is None else f"did you mean {near!r}?"
            raise SettingRefused(f"expected {one_of(values)}, not {shown(value)}", cure) from None

    return read_choice


def array_hook(make: Callable[[list[object]], object], item: TypeLike, hook: Hook) -> Hook:
    """Make the hook of a list, a set or a tuple of any length."""

    def read_array(value: object, found: object = None) -> object:
        items = _items(found, value)
        return make([inside(index, hook, each, item) for index, each in enumerate(items)])

    return read_array


def fixed_hook(types: Sequence[TypeLike], hooks: Sequence[Hook]) -> Hook:
    """Make the hook of a tuple of just these items."""

    def read_tuple(value: object, found: object = None) -> object:
        items = _items(found, value)
        if len(items) != len(hooks):
            cure = f"write for example {example(found)}"
            raise SettingRefused(f"expected {len(hooks)} items, not {len(items)}", cure)
        steps = enumerate(zip(hooks, items, types, strict=True))
        return tuple([inside(index, hook, each, of) for index, (hook, each, of) in steps])

    return read_tuple


def table_hook(key_type: TypeLike, key_hook: Hook, item: TypeLike, hook: Hook) -> Hook:
    """Make the hook of a dict; keys are texts in TOML, and read like those of variables."""

    def read_key(key: object, _: object) -> object:
        return key_hook(value_of(key_type, str(key)), key_type)

    def read_table(value: object, found: object = None) -> object:
        if not is_json_object(value):
            raise refuse(found, value)
        return {
            inside(key, read_key, key, key_type): inside(key, hook, each, item)
            for key, each in value.items()
        }

    return read_table


def union_hook(union: TypeLike, hooks: Iterable[tuple[TypeLike, Hook]]) -> Hook:
    """Make the hook of a union: the member is told by what the value is in TOML.

    Of several that look the same the first that takes it, in the order they are written.
    """
    members = [(member, hook, kinds_of(member)) for member, hook in hooks]

    def read_union(value: object, _: object = None) -> object:
        kind = kind_of(value)
        # An int is one where the union has that, and a float only where it has not.
        exact = [each for each in members if kind in each[2] and not _is_float(each[0], value)]
        refusals: list[SettingRefused] = []
        for member, hook, kinds in (*exact, *members):
            if kind is None or kind in kinds:
                try:
                    return hook(value, member)
                except SettingRefused as refusal:
                    refusals.append(refusal)
        if len(set(map(str, refusals))) != 1:
            raise refuse(union, value)
        if kind in ("array", "table"):
            raise refusals[0]  # it could be only that one, which says what is wrong inside of it
        raise SettingRefused(str(refuse(union, value)), refusals[0].cure)

    return read_union


def _is_float(member: TypeLike, value: object) -> bool:
    return member is float and type(value) is int


def _items(found: object, value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise refuse(found, value)
    return list(cast("Iterable[object]", value))


def shown(value: object) -> str:
    """Say in words what was given."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "an array"
    text = f"{value!r}" if isinstance(value, str | int | float) else f"{value}"
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return f"the string {shown}" if isinstance(value, str) else shown
