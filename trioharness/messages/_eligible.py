"""Which messages may go the fast lane: those that are read and written there as they mean it.

An object whose `__init__` has something to do of its own (a converter, an alias, a default that
takes self) is made by it, if it is the message itself; within a message it is not, yet. And there
are types that msgspec reads in another way than the cattrs lane. It says nothing of it; hence this
list, which errs on the safe side.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Iterator
from typing import Any, Final, Generic

import attrs

from .._util import type_name
from ._types import (
    TypeLike,
    class_of,
    fields_of,
    is_array,
    is_attrs,
    is_dict,
    is_enum,
    is_leaf,
    is_plain,
    is_union,
    kinds,
    strip,
    survey,
)
from ._wire import Wire

_SCALARS: Final[frozenset[TypeLike]] = frozenset((type(None), bool, int, float, str))


def why_not_fast(form: TypeLike, wire: Wire) -> str | None:
    """Return why messages of `form` cannot go the fast lane, or None if they can.

    What there is to say against just the class itself is left to `needs_own_init`.
    """
    hooked = sorted(type_name(each) for each in survey([form], wire.sent_as) if each in wire.hooks)
    if hooked:
        return f"{hooked[0]!r} has a hook"
    inside = survey([field.type for field in fields_of(form)], {})
    reasons = sorted(reason for each in inside for reason in _objections(each))
    return reasons[0] if reasons else None


def needs_own_init(form: TypeLike) -> str | None:
    """Return why only its own `__init__` can make a message, or None if msgspec can as well."""
    return next(_class_objections(class_of(form)), None)


def _objections(bare: TypeLike) -> Iterator[str]:
    if is_plain(bare):
        yield "a field may be anything"
    elif is_leaf(bare):
        if class_of(bare).__module__.startswith("pathlib"):
            yield f"msgspec reads no {type_name(bare)}"
    elif is_union(bare):
        if not is_simple_union(bare):
            yield f"{type_name(bare)!r} is a union of more than scalars, or one class, and None"
    elif is_enum(bare):
        yield from _enum_objections(bare)
    elif is_attrs(bare):
        yield from _class_objections(class_of(bare))
    elif is_dict(bare) or is_array(bare):
        yield from _collection_objections(bare)


def is_simple_union(union: TypeLike) -> bool:
    """Whether all members are plain scalars, or all but one are None."""
    members = [strip(member) for member in typing.get_args(union)]
    others = [member for member in members if member is not type(None)]
    if len(others) == 1:
        return not is_union(others[0])
    return _SCALARS.issuperset(members)


def _collection_objections(bare: TypeLike) -> Iterator[str]:
    first = strip(typing.get_args(bare)[0]) if typing.get_args(bare) else None
    if is_dict(bare):
        is_scalar = any(first is each for each in (str, int))
        if not is_scalar and not (is_enum(first) and kinds(first, {}) == {"str"}):
            yield f"keys of {type_name(bare)!r} are not plain"
    elif class_of(bare) in (set, frozenset) and not (is_leaf(first) or is_enum(first)):
        yield f"{type_name(bare)!r} is a set of more than scalars"


def _enum_objections(cls: type[enum.Enum]) -> Iterator[str]:
    if len(kinds(cls, {})) > 1:
        yield f"{type_name(cls)!r} has both strings and ints"
    if any("_missing_" in vars(base) for base in cls.__mro__ if base is not enum.Enum):
        yield f"{type_name(cls)!r} has a _missing_ of its own"


def _attributes(cls: type) -> set[str]:
    """Return what a class and its bases define, but for `object`."""
    above = (object, type, Generic)
    return {name for base in cls.__mro__ if base not in above for name in vars(base)}


def _is_made_by_attrs(cls: type[Any]) -> bool:
    """Whether nobody but attrs has a say in how objects of a class are made."""
    if "__attrs_attrs__" not in vars(cls):  # a subclass that has only inherited it
        return False
    is_generated = _is_generated(vars(cls).get("__init__")) and "__new__" not in _attributes(cls)
    # Of frozen classes and of those with `on_setattr` it is attrs' own.
    has_own_setattr = attrs.inspect(cls).is_frozen or getattr(cls, "__attrs_own_setattr__", False)
    is_plain = has_own_setattr or "__setattr__" not in _attributes(cls)
    return is_generated and is_plain and "__call__" not in _attributes(type(cls))


def _is_generated(function: object) -> bool:
    """Whether attrs has written a function; a decorator may have put another in its place."""
    code = getattr(function, "__code__", None)
    return isinstance(code, types.CodeType) and code.co_filename.startswith("<attrs generated")


def _class_objections(cls: type[Any]) -> Iterator[str]:
    name = cls.__name__
    if not _is_made_by_attrs(cls):
        yield f"{name!r} is made in a way of its own"
        return
    if attrs.inspect(cls).hashability is attrs.ClassProps.Hashability.HASHABLE_CACHED:
        yield f"{name!r} caches its hash"
    if "__attrs_pre_init__" in _attributes(cls):
        yield f"{name!r} has an __attrs_pre_init__"
    slots = {slot for base in cls.__mro__ for slot in vars(base).get("__slots__", ())}
    others = sorted(slots - {field.name for field in attrs.fields(cls)})
    if cls.__dictoffset__ or any(not slot.startswith("_") for slot in others):
        # msgspec would write what is in it, be it a field or not.
        yield f"{name!r} has room for more than its fields"
    for field in attrs.fields(cls):
        objection = _field_objection(field)
        if objection is not None:
            yield f"the field {field.name!r} of {name!r} {objection}"


def _field_objection(field: attrs.Attribute[Any]) -> str | None:
    default: Any = field.default
    if not field.init:
        return "has init=False"
    if getattr(field, "converter", None) is not None:
        return "has a converter"
    if field.name.startswith("_"):
        return "is private"
    if field.alias != field.name:
        return "has an alias"
    if getattr(default, "takes_self", False):
        return "has a default that takes self"
    return None
