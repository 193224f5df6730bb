"""The private cattrs converter of a codec, with hooks that coerce nothing.

cattrs finds the hooks and generates the functions of the classes; its own hooks for scalars,
collections and unions convert whatever they can (``int("7")``, ``list("abc")``), so each of them
is replaced, by one that refuses.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

import attrs
from cattrs import Converter
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import (  # their lists of `Attribute` do not say of what
    make_dict_structure_fn_from_attrs,  # pyright: ignore[reportUnknownVariableType]
    make_dict_unstructure_fn_from_attrs,  # pyright: ignore[reportUnknownVariableType]
)

from ._builtins import is_json_object
from ._choices import enum_reader, enum_writer, literal_hook
from ._collections import (
    array_reader,
    array_writer,
    dict_reader,
    dict_writer,
    fixed_reader,
    fixed_writer,
)
from ._hook import Hook
from ._leaves import plain_hook
from ._problems import Inside, Missing, Reader, Refused, Writer, refuse, shorten, step_into
from ._types import (
    TypeLike,
    alias_value,
    class_of,
    fields_of,
    is_alias,
    is_array,
    is_attrs,
    is_dict,
    is_enum,
    is_literal,
    is_plain,
    is_union,
    kinds,
)
from ._unions import union_reader, union_writer
from ._wire import Wire

_HookT = TypeVar("_HookT", Reader, Writer)

_Shape: TypeAlias = tuple[
    Callable[[TypeLike], bool], Callable[[TypeLike], Reader], Callable[[TypeLike], Writer]
]
"""A predicate on types, and the makers of the hooks for reading and writing them."""

_SHOWN: Final = 60
"""Characters of an unknown field's name that a path shows."""


class Hooks:
    """A converter and the makers of its hooks.

    With ``marked`` the hooks mark each step of the path, at about twice the time.
    """

    def __init__(self, types: frozenset[TypeLike], wire: Wire, *, marked: bool) -> None:
        self._wire = wire
        self._marked = marked
        self._class_readers: dict[TypeLike, Reader | None] = {}
        self._class_writers: dict[TypeLike, Writer | None] = {}
        self._converter = Converter(
            forbid_extra_keys=not wire.extra_allowed, detailed_validation=marked
        )
        self._register_classes(types)
        self._register_shapes()

    def reader(self, found: TypeLike) -> Reader:
        """Return the hook for reading a type."""
        return self._converter.get_structure_hook(found)

    def writer(self, found: TypeLike) -> Writer:
        """Return the hook for writing a type."""
        return self._converter.get_unstructure_hook(found)

    def _register_classes(self, types: frozenset[TypeLike]) -> None:
        # By class, as cattrs' own are; each enum by itself, or one that is a str would get str's.
        hooks: dict[TypeLike, tuple[Reader, Writer]] = {
            found: (leaf.read, leaf.write) for found, leaf in self._wire.format.leaves.items()
        }
        hooks |= {each: (enum_reader(each), enum_writer(each)) for each in types if is_enum(each)}
        hooks |= {each: self._given(each, hook) for each, hook in self._wire.hooks.items()}
        for found, (reader, writer) in hooks.items():
            self._converter.register_structure_hook(found, reader)
            self._converter.register_unstructure_hook(found, writer)

    def _given(self, found: TypeLike, hook: Hook) -> tuple[Reader, Writer]:
        """Make the hooks of a type that a user gave one for."""
        cls = class_of(found)

        # The hooks of its wire type are looked up late: that may have hooks of its own.
        def read_given(value: object, _: object = None) -> object:
            return hook.read(self.reader(hook.wire)(value, hook.wire))

        def write_given(value: object) -> object:
            if not isinstance(value, cls):
                refuse(f"a {cls.__name__}", value)
            return self.writer(hook.wire)(hook.write(value))

        return read_given, write_given

    def _register_shapes(self) -> None:
        plain = plain_hook(self._wire.format.leaves)
        shapes: tuple[_Shape, ...] = (
            (is_attrs, self._class_reader, self._class_writer),
            (is_array, self._array_reader, self._array_writer),
            (is_dict, self._dict_reader, self._dict_writer),
            (is_literal, literal_hook, literal_hook),
            (is_union, self._union_reader, self._union_writer),
            (is_plain, lambda _: plain, lambda _: plain),
            (is_alias, self._alias_reader, self._alias_writer),
        )
        for predicate, reader, writer in shapes:
            self._converter.register_structure_hook_factory(predicate, reader)
            self._converter.register_unstructure_hook_factory(predicate, writer)

    def _class_reader(self, form: TypeLike) -> Reader:
        def read_later(value: object, _: object = None) -> object:
            reader = self._class_readers[form]
            assert reader is not None  # it is there once the maker has returned
            return reader(value, form)

        return _made_once(self._class_readers, form, self._make_class_reader, read_later)

    def _class_writer(self, form: TypeLike) -> Writer:
        def write_later(value: object) -> object:
            writer = self._class_writers[form]
            assert writer is not None
            return writer(value)

        return _made_once(self._class_writers, form, self._make_class_writer, write_later)

    def _make_class_reader(self, form: TypeLike) -> Reader:
        cls = class_of(form)
        read_fields = make_dict_structure_fn_from_attrs(
            list(fields_of(form)),
            cls,
            self._converter,
            _type_variables(cls),
            _cattrs_forbid_extra_keys=not self._wire.extra_allowed,
        )

        def read_class(value: object, _: object = None) -> object:
            if not is_json_object(value):
                refuse("an object", value)
            return read_fields(value, cls)

        def read_class_marked(value: object, _: object = None) -> object:
            try:
                return read_class(value)
            except ClassValidationError as group:
                raise _first_problem(group, cls, value) from None

        return read_class_marked if self._marked else read_class

    def _make_class_writer(self, form: TypeLike) -> Writer:
        cls, fields = class_of(form), fields_of(form)
        write_fields = make_dict_unstructure_fn_from_attrs(
            list(fields), cls, self._converter, _type_variables(cls)
        )
        steps = [(field.name, self.writer(field.type)) for field in fields]

        def write_fields_marked(value: object) -> object:
            return {
                name: step_into(f".{name}", write, getattr(value, name)) for name, write in steps
            }

        write: Writer = write_fields_marked if self._marked else write_fields

        def write_class(value: object) -> object:
            # Exactly this class: the fields that a subclass adds would be lost.
            if type(value) is not cls:
                refuse(f"just {cls.__name__!r}", value)
            return write(value)

        return write_class

    def _array_reader(self, found: TypeLike) -> Reader:
        origin, args = class_of(found), typing.get_args(found)
        if origin is tuple and ... not in args:
            return fixed_reader(args, [self.reader(arg) for arg in args], marked=self._marked)
        return array_reader(origin, args[0], self.reader(args[0]), marked=self._marked)

    def _array_writer(self, found: TypeLike) -> Writer:
        origin, args = class_of(found), typing.get_args(found)
        if origin is tuple and ... not in args:
            return fixed_writer([self.writer(arg) for arg in args], marked=self._marked)
        return array_writer(origin, self.writer(args[0]), marked=self._marked)

    def _dict_reader(self, found: TypeLike) -> Reader:
        key, item = typing.get_args(found)
        reads = (self.reader(key), self.reader(item))
        as_text = self._int_as_text(key)
        return dict_reader((key, item), reads, int_as_text=as_text, marked=self._marked)

    def _dict_writer(self, found: TypeLike) -> Writer:
        key, item = typing.get_args(found)
        writes = (self.writer(key), self.writer(item))
        return dict_writer(*writes, int_as_text=self._int_as_text(key), marked=self._marked)

    def _int_as_text(self, key: TypeLike) -> bool:
        is_int = "int" in kinds(key, self._wire.sent_as)
        return is_int and not self._wire.format.int_keys

    def _union_reader(self, found: TypeLike) -> Reader:
        return union_reader(found, self.reader, self._converter, self._wire)

    def _union_writer(self, found: TypeLike) -> Writer:
        return union_writer(found, self.writer, self._wire)

    def _alias_reader(self, found: TypeLike) -> Reader:
        # Late, since an alias may be recursive. cattrs keeps what it has found.
        target = alias_value(found)

        def read_alias(value: object, _: object = None) -> object:
            return self.reader(target)(value, target)

        return read_alias

    def _alias_writer(self, found: TypeLike) -> Writer:
        target = alias_value(found)

        def write_alias(value: object) -> object:
            return self.writer(target)(value)

        return write_alias


def _made_once(
    made: dict[TypeLike, _HookT | None],
    form: TypeLike,
    make: Callable[[TypeLike], _HookT],
    later: _HookT,
) -> _HookT:
    """Make the hook of a class, or give `later` to a class that contains itself."""
    if form not in made:
        made[form] = None
        made[form] = make(form)
    return made[form] or later


def _type_variables(cls: type[Any]) -> dict[str, type]:
    # The fields come with their variables resolved. For a generic class cattrs wants to know all
    # the same, to name the function that it generates.
    return {variable.__name__: object for variable in getattr(cls, "__parameters__", ())}


def _first_problem(group: ClassValidationError, cls: type[Any], value: object) -> Exception:
    """Turn cattrs' report on a class into the marks of the other hooks."""
    given = value if is_json_object(value) else {}
    error = group.exceptions[0]
    if isinstance(error, ForbiddenExtraKeysError):
        # MessagePack's keys may be anything: shortened, since they may also be nested.
        first, *others = sorted(error.extra_fields, key=_spelled)
        more = f", nor {len(others)} others that are given" if others else ""
        reason = f"{cls.__name__!r} has no such field{more}"
        return Refused(reason, given.get(first), at=f".{_spelled(first)[:_SHOWN]}")
    if isinstance(error, RecursionError):
        return error
    noted, _ = group.group_exceptions()
    name = noted[0][1].name if noted else _validated_field(error, cls)
    if name is None:
        return error
    if isinstance(error, KeyError) and name not in given:
        error = Missing()
    return Inside(f".{name}", given.get(name), error)


def _spelled(key: object) -> str:
    return key if type(key) is str else shorten(key)


def _validated_field(error: Exception, cls: type[Any]) -> str | None:
    """Find the field whose validator raised `error`.

    attrs does not say, but each validator is called with the attribute: it is a local variable of
    the validator's own frame.
    """
    names = {field.name for field in attrs.fields(cls)}
    trace = error.__traceback__
    while trace is not None:
        for local in trace.tb_frame.f_locals.values():
            if isinstance(local, attrs.Attribute) and local.name in names:
                return str(local.name)
        trace = trace.tb_next
    return None
