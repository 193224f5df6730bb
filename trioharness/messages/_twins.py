"""Twins: for each attrs class of the fast lane a `msgspec.Struct` of the same fields.

msgspec reads attrs classes, but takes fields that they do not have. A twin takes none (unless such
are allowed), and is stricter where msgspec takes more than the cattrs lane does. What has been read
as a twin will do; `Together` makes the object of it.
"""

from __future__ import annotations

import datetime
import decimal
import re
import sys
import typing
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Union

import attrs
import msgspec

from .._util import type_name
from ._collections import INT_KEY
from ._eligible import needs_own_init
from ._formats import FormatName
from ._leaves import DECIMAL
from ._types import (
    TypeLike,
    class_of,
    fields_of,
    is_array,
    is_attrs,
    is_dict,
    is_enum,
    is_leaf,
    is_union,
    strip,
)

_MAX: Final = sys.float_info.max
_ZONED: Final = Annotated[datetime.datetime, msgspec.Meta(tz=True)]


def _spelled(pattern: re.Pattern[str]) -> Any:
    """Return a string of just this pattern, with its flags: a digit is one of ASCII."""
    return Annotated[str, msgspec.Meta(pattern=rf"(?a)^({pattern.pattern})\Z")]


_DECIMAL: Final = _spelled(DECIMAL)
_STRICTER: Final[Mapping[FormatName, Mapping[TypeLike, Any]]] = {
    "json": {datetime.datetime: _ZONED, decimal.Decimal: _DECIMAL},
    "msgpack": {
        datetime.datetime: _ZONED,
        decimal.Decimal: _DECIMAL,
        float: Annotated[float, msgspec.Meta(ge=-_MAX, le=_MAX)],
        uuid.UUID: str,
    },
}
"""Where msgspec takes more of a scalar than the cattrs lane, what is just as strict."""
_JSON_INT_KEY: Final = _spelled(INT_KEY)

_EMPTY: Final = (list, dict, set, frozenset, tuple)
"""Factories that give what has nothing in it."""


class Twins:
    """The twins of the classes of one codec."""

    def __init__(self, format_name: FormatName, *, extra_allowed: bool) -> None:
        self._format: FormatName = format_name
        self._extra_allowed = extra_allowed
        self._stricter = _STRICTER[format_name]
        self._twins: dict[TypeLike, type[msgspec.Struct]] = {}

    def of(self, form: TypeLike) -> type[msgspec.Struct]:
        """Return the twin of an attrs class."""
        if form not in self._twins:
            fields = fields_of(form)
            by_init = needs_own_init(form) is not None
            self._twins[form] = twin = msgspec.defstruct(
                type_name(form),
                [
                    (field.name, Any, *_default(field, unset=by_init or comes_unset(field)))
                    for field in fields
                ],
                forbid_unknown_fields=not self._extra_allowed,
                kw_only=True,
                gc=False,
            )
            # Only now, since a class may contain itself; msgspec looks when it makes a decoder.
            twin.__annotations__.update(
                {field.name: self._field(field, by_init=by_init) for field in fields}
            )
        return self._twins[form]

    def _field(self, field: attrs.Attribute[Any], *, by_init: bool) -> Any:
        found = self._type(field.type)
        if comes_unset(field) or (by_init and field.default is not attrs.NOTHING):
            return Union[found, msgspec.UnsetType]  # noqa: UP007 - of any form
        return found

    def _type(self, found: TypeLike) -> Any:
        bare = strip(found)
        args = typing.get_args(bare)
        if is_leaf(bare):
            return self._stricter.get(bare, bare)
        if is_attrs(bare):
            return self.of(bare)
        if is_union(bare):
            return Union[tuple(map(self._type, args))]  # noqa: UP007 - of a tuple made here
        if is_dict(bare):
            key = _JSON_INT_KEY if has_int_keys(bare, self._format) else self._type(args[0])
            return dict[key, self._type(args[1])]  # type: ignore[misc, valid-type]
        if is_array(bare):
            items = tuple(arg if arg is ... else self._type(arg) for arg in args)
            # What a set is of may be something else in its twin: it is made a set of later.
            is_same = class_of(bare) in (list, tuple) or _same(items, args)
            made: Any = class_of(bare) if is_same else list
            return made[items]
        return bare  # an enum or a literal


def _same(items: Sequence[TypeLike], args: Sequence[TypeLike]) -> bool:
    """Whether twins have items of the same types, be they named or described in another way."""
    return [*map(strip, items)] == [*map(strip, args)]


def has_int_keys(bare: TypeLike, format_name: FormatName) -> bool:
    """Whether it is a dict whose keys are ints, but strings on the wire and in a twin."""
    return format_name == "json" and is_dict(bare) and strip(typing.get_args(bare)[0]) is int


def comes_unset(field: attrs.Attribute[Any]) -> bool:
    """Whether a twin leaves a field that was left out to whoever makes the object.

    A default that has objects in it is no twin. Those that are the same in a twin, or empty, are
    given faster by msgspec.
    """
    default: Any = field.default
    bare = strip(field.type)
    if default is attrs.NOTHING or default is None or is_leaf(bare) or is_enum(bare):
        return False
    factory = getattr(default, "factory", None)
    return (typing.get_origin(factory) or factory) not in _EMPTY


def _default(field: attrs.Attribute[Any], *, unset: bool) -> tuple[Any, ...]:
    """Return the default of a field of a twin, if it has one."""
    default: Any = field.default
    if default is attrs.NOTHING:
        return ()
    if unset:
        return (msgspec.UNSET,)
    factory: Callable[[], object] = getattr(default, "factory", None) or (lambda: default)
    return (msgspec.field(default_factory=factory),)
