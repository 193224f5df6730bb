"""Twins: for each attrs class of the fast lane a `msgspec.Struct` of the same fields.

msgspec reads attrs classes, but takes fields that they do not have. A twin takes none, and is
stricter where msgspec takes more than the cattrs lane does. So bytes are read twice, at a fraction
of the time that Python needs to read them once: as the twin, to see whether they will do, and as
the class.

A twin has a default for each field: a missing one is found when the class is read.
"""

from __future__ import annotations

import datetime
import decimal
import sys
import typing
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Final, Union

import msgspec

from .._util import type_name
from ._collections import INT_KEY
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
    kinds,
    strip,
)

_MAX: Final = sys.float_info.max
_STRICTER: Final[Mapping[FormatName, Mapping[TypeLike, Any]]] = {
    "json": {
        datetime.datetime: Annotated[datetime.datetime, msgspec.Meta(tz=True)],
        decimal.Decimal: Annotated[str, msgspec.Meta(pattern=rf"^({DECIMAL.pattern})\Z")],
    },
    "msgpack": {
        datetime.datetime: Annotated[datetime.datetime, msgspec.Meta(tz=True)],
        decimal.Decimal: Annotated[str, msgspec.Meta(pattern=rf"^({DECIMAL.pattern})\Z")],
        float: Annotated[float, msgspec.Meta(ge=-_MAX, le=_MAX)],
        uuid.UUID: str,
    },
}
"""Where msgspec takes more of a scalar than the cattrs lane, what is just as strict."""
_CHEAP: Final[Mapping[TypeLike, Any]] = {uuid.UUID: str}
"""What is faster to read, and good enough since the class is read after it."""
_SEEN_LATER: Final = (datetime.datetime, float)
"""Scalars whose values tell whether they should have been taken."""
_JSON_INT_KEY: Final = Annotated[str, msgspec.Meta(pattern=rf"^({INT_KEY.pattern})\Z")]


class Twins:
    """The twins of the classes of one codec.

    With ``partial`` they take any other field too, and have only those fields that msgspec itself
    does not read strictly enough.
    """

    def __init__(self, format_name: FormatName, *, partial: bool) -> None:
        self._partial = partial
        self._format = format_name
        self._stricter = _STRICTER[format_name]
        self._twins: dict[TypeLike, type[msgspec.Struct]] = {}

    def of(self, form: TypeLike) -> type[msgspec.Struct]:
        """Return the twin of an attrs class."""
        if form not in self._twins:
            fields = [
                each
                for each in fields_of(form)
                if not self._partial or self._is_lax(each.type, set())
            ]
            twin = msgspec.defstruct(
                type_name(form),
                [(field.name, Any, None) for field in fields],
                forbid_unknown_fields=not self._partial,
                gc=False,
            )
            self._twins[form] = twin
            # Only now, since a class may contain itself; msgspec looks when it makes a decoder.
            twin.__annotations__.update({field.name: self._type(field.type) for field in fields})
        return self._twins[form]

    def needed_for(self, form: TypeLike) -> bool:
        """Whether a class has to be read as its twin as well.

        Not if other fields are let pass, and what msgspec takes too much can be seen later.
        """
        return not self._partial or self._is_lax(form, {*_SEEN_LATER})

    def _is_lax(self, found: TypeLike, seen: set[TypeLike]) -> bool:
        """Whether msgspec takes values of this type that the cattrs lane does not."""
        bare = strip(found)
        if bare in seen:  # by those who asked for what it is in
            return False
        seen.add(bare)
        return bare in self._stricter or any(
            self._is_lax(each, seen) for each in self._inside(bare)
        )

    def _inside(self, bare: TypeLike) -> list[TypeLike]:
        if is_attrs(bare):
            return [field.type for field in fields_of(bare)]
        args = [arg for arg in typing.get_args(bare) if arg is not ...]
        if is_dict(bare) and self._key(args[0]) is _JSON_INT_KEY:
            return [decimal.Decimal, *args]
        return args if is_dict(bare) or is_array(bare) or is_union(bare) else []

    def _key(self, found: TypeLike) -> Any:
        bare = strip(found)
        return _JSON_INT_KEY if bare is int and self._format == "json" else bare

    def _type(self, found: TypeLike) -> Any:
        bare = strip(found)
        args = typing.get_args(bare)
        if is_leaf(bare):
            return self._stricter.get(bare, _CHEAP.get(bare, bare))
        if is_enum(bare):
            return str if kinds(bare, {}) == {"str"} else int
        if is_attrs(bare):
            return self.of(bare)
        if is_union(bare):
            return Union[tuple(map(self._type, args))]  # noqa: UP007 - of a tuple made here
        if is_dict(bare):
            return dict[self._key(args[0]), self._type(args[1])]  # type: ignore[misc]
        if is_array(bare):
            items = tuple(arg if arg is ... else self._type(arg) for arg in args)
            # Neither order nor doubles matter: a list is read faster than a set.
            return tuple[items] if class_of(bare) is tuple else list[items]  # type: ignore[valid-type]
        return bare  # a literal
