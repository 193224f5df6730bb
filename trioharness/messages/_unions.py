"""Hooks for unions: the member is told by what the value looks like, never by trying.

The survey has seen to it that no two members look the same in JSON, but for attrs classes. Of
these, if all are messages, each travels in its envelope; else cattrs tells them apart by fields
that only one of them has, and a union where it cannot is an error when the codec is built.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Sequence
from typing import Any

from cattrs import Converter
from cattrs.disambiguators import create_default_dis_func

from .._errors import ConfigurationError
from .._util import type_name
from ._entries import entries_of, open_envelope
from ._message import message_info
from ._problems import Reader, Refused, Writer, refuse
from ._types import (
    TypeLike,
    class_of,
    is_attrs,
    is_enum,
    is_literal,
    is_union,
    strip,
)
from ._wire import Wire


def union_reader(
    union: TypeLike, reader_of: Callable[[TypeLike], Reader], converter: Converter, wire: Wire
) -> Reader:
    """Make the reader of a union."""
    members = _members(union)
    classes = _classes(members, wire)
    readers: dict[type, tuple[Reader, TypeLike]] = {}
    for member in members:
        if member not in classes:
            entry = (reader_of(member), member)
            readers |= dict.fromkeys(wire.builtins_of(member), entry)
    if len(classes) == 1:
        readers[dict] = (reader_of(classes[0]), classes[0])
    elif classes:
        readers[dict] = (_classes_reader(classes, reader_of, converter), union)
    if float in readers:
        readers.setdefault(int, readers[float])
    name = type_name(union)

    def read_union(value: object, _: object = None) -> object:
        found = readers.get(type(value))
        if found is None:
            refuse(name, value)
        return found[0](value, found[1])

    return read_union


def union_writer(union: TypeLike, writer_of: Callable[[TypeLike], Writer], wire: Wire) -> Writer:
    """Make the writer of a union."""
    members = _members(union)
    classes = _classes(members, wire)
    writers: dict[type, Writer] = {}
    for member in members:
        writers |= dict.fromkeys(_python_types(member), writer_of(member))
    if _are_messages(classes):
        for entry in entries_of(classes, type_name(union)).values():
            writers[class_of(entry.form)] = _tagged(writer_of(entry.form), entry.wrap)
    if float in writers:
        writers.setdefault(int, writers[float])
    name = type_name(union)

    def write_union(value: object) -> object:
        writer = writers.get(type(value))
        if writer is None:
            # A subclass of a member: of a scalar it is written as one, of a class it is refused.
            above = (each for base, each in writers.items() if isinstance(value, base))
            writer = next(above, None)
        return refuse(name, value) if writer is None else writer(value)

    return write_union


def _classes_reader(
    classes: Sequence[TypeLike], reader_of: Callable[[TypeLike], Reader], converter: Converter
) -> Reader:
    if _are_messages(classes):
        return _tagged_reader(classes, reader_of)
    name = " | ".join(map(type_name, classes))
    forms: list[Any] = list(classes)
    try:
        class_for = create_default_dis_func(converter, *forms)
    except TypeError:
        raise ConfigurationError(
            name,
            "its classes cannot be told apart: no field without default is in just one of them",
            "decorate each with @message('name'), or give each a field of its own",
        ) from None
    readers = {form: reader_of(form) for form in classes}

    def read_classes(value: Any, _: object = None) -> object:
        try:
            form = class_for(value)
        except (ValueError, KeyError, TypeError):
            raise Refused(f"its fields are those of none of {name}", value) from None
        return readers[form](value, form)

    return read_classes


def _tagged_reader(classes: Sequence[TypeLike], reader_of: Callable[[TypeLike], Reader]) -> Reader:
    entries = entries_of(classes, " | ".join(map(type_name, classes)))
    readers = {name: reader_of(entry.form) for name, entry in entries.items()}

    def read_tagged(value: object, _: object = None) -> object:
        entry, payload = open_envelope(value, entries)
        return readers[entry.name](payload, entry.form)

    return read_tagged


def _tagged(write: Writer, wrap: Callable[[object], dict[str, object]]) -> Writer:
    return lambda value: wrap(write(value))


def _are_messages(classes: Sequence[TypeLike]) -> bool:
    return len(classes) > 1 and all(message_info(class_of(each)) is not None for each in classes)


def _classes(members: Sequence[TypeLike], wire: Wire) -> list[TypeLike]:
    return [member for member in members if is_attrs(member) and member not in wire.hooks]


def _members(union: TypeLike) -> list[TypeLike]:
    """Return the members, also of unions that hide behind a NewType or an alias."""
    members: list[TypeLike] = []
    for member in typing.get_args(union):
        members += _members(strip(member)) if is_union(strip(member)) else [strip(member)]
    return members


def _python_types(member: TypeLike) -> list[type]:
    if is_literal(member):
        return [type(value) for value in typing.get_args(member)]
    if is_enum(member):
        return [member]
    return [class_of(member)]
