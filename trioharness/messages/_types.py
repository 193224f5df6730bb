"""What types a message may have, and what they are made of.

`survey` walks everything that a codec can meet before it meets any, so that a field that could
never be sent is an error when the codec is built, with the field's path, and not at the first
message. Refused is what could not be told apart on the wire, or would come back as something else:
a union of two types that are both strings in JSON, a `Sequence` (sent as a tuple, back as a list).
"""

from __future__ import annotations

import datetime
import decimal
import enum
import inspect
import math
import pathlib
import types
import typing
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, TypeGuard, TypeVar

import attrs

from .._errors import ConfigurationError
from .._util import UNIONS, type_name
from ._builtins import Kind

TypeLike: TypeAlias = object
"""A class, or anything else that stands in an annotation."""

Fields: TypeAlias = tuple["attrs.Attribute[Any]", ...]
"""The fields of an attrs class as attrs gives them: of any type."""

SentAs: TypeAlias = Mapping[TypeLike, TypeLike]
"""Types that a codec has hooks for, and as what they are sent."""

_LEAVES: Final[Mapping[type, Kind]] = {
    types.NoneType: "null",
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    datetime.datetime: "str",
    datetime.date: "str",
    uuid.UUID: "str",
    decimal.Decimal: "str",
    bytes: "str",
    pathlib.Path: "str",
    pathlib.PurePath: "str",
    pathlib.PurePosixPath: "str",
}
"""Every scalar type that a message may have, and what it looks like."""
_ARRAYS: Final = (list, tuple, set, frozenset)
_COLLECTIONS: Final[Sequence[TypeLike]] = (*_ARRAYS, dict, list, dict)
_LIMIT: Final = 300
"""Types in one codec: far more than anybody has, few enough for a generic class that contains
itself with ever longer arguments, whose names and hashes are computed recursively."""
_ENDLESS: Final = (
    f"it leads to more than {_LIMIT} types",
    "let a generic class contain itself with the same arguments only, or use several codecs",
)
_ANY_KIND: Final[frozenset[Kind]] = frozenset(
    ("null", "bool", "int", "float", "str", "array", "object")
)


class Unsupported(Exception):
    """A type that no message may have, with the problem and the cure."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure


def survey(roots: Sequence[TypeLike], sent_as: SentAs) -> frozenset[TypeLike]:
    """Return every type that can be met in values of `roots`, annotations' wrappings removed.

    Raises:
        ConfigurationError: One of them cannot be in a message; the subject is its path.
    """
    todo: list[tuple[TypeLike, str]] = [(root, type_name(root)) for root in roots]
    seen: set[TypeLike] = set()
    while todo:
        found, path = todo.pop()
        bare = strip(found)
        if bare in seen:
            continue
        seen.add(bare)
        try:
            todo.extend((part, path + step) for step, part in parts(bare, sent_as))
            if len(seen) > _LIMIT:
                raise Unsupported(*_ENDLESS)
        except Unsupported as refusal:
            raise ConfigurationError(path, refusal.problem, refusal.cure) from None
    return frozenset(seen)


def parts(bare: TypeLike, sent_as: SentAs) -> Iterator[tuple[str, TypeLike]]:
    """Yield the types that a value of this one consists of, each with its step of the path.

    Raises:
        Unsupported: The type itself cannot be in a message.
    """
    args = typing.get_args(bare)
    if bare in sent_as:
        yield "", sent_as[bare]
    elif is_plain(bare) or is_leaf(bare):
        return
    elif is_union(bare):
        _check_union(bare, sent_as)
        yield from (("", member) for member in args)
    elif is_attrs(bare):
        yield from ((f".{field.name}", field.type) for field in fields_of(bare))
    elif is_dict(bare):
        _check_key(args[0], sent_as)
        yield from ((".keys()", args[0]), ("[]", args[1]))
    elif is_array(bare):
        yield from (("[]", item) for item in args if item is not ...)
    else:
        kinds(bare, sent_as)  # an enum or a literal; refuses the rest


def levels(found: TypeLike, sent_as: SentAs) -> float:
    """Return how many levels of objects and arrays a value of a type has at most.

    Infinite for what may contain itself, and for what may be anything.
    """
    known: dict[TypeLike, float] = {}

    def of(found: TypeLike) -> float:
        bare = strip(found)
        if bare not in known:
            known[bare] = math.inf  # for what leads back here
            inside = max((of(part) for _, part in parts(bare, sent_as)), default=0)
            known[bare] = math.inf if is_plain(bare) else inside + _own_levels(bare, sent_as)
        return known[bare]

    return of(found)


def _own_levels(bare: TypeLike, sent_as: SentAs) -> int:
    if bare in sent_as or is_leaf(bare):
        return 0
    # A union of messages puts each of them into an envelope.
    return int(is_union(bare) or is_attrs(bare) or is_dict(bare) or is_array(bare))


def strip(found: TypeLike) -> TypeLike:
    """Take off what says nothing about the value: Annotated, Final, NewType, type aliases."""
    while True:
        origin, args = typing.get_origin(found), typing.get_args(found)
        if origin in (typing.Annotated, typing.Final):
            found = args[0]
        elif isinstance(found, typing.NewType):
            found = found.__supertype__
        elif is_alias(found):
            found = alias_value(found)
        elif found is None:
            return types.NoneType
        else:
            return found


def is_alias(found: TypeLike) -> bool:
    """Whether it is the name that a ``type X = ...`` made, with or without arguments."""
    # Two classes are called so, typing's from Python 3.12 on and that of typing_extensions.
    return type(typing.get_origin(found) or found).__name__ == "TypeAliasType"


def alias_value(alias: TypeLike) -> TypeLike:
    """Return what a type alias stands for."""
    named: Any = typing.get_origin(alias) or alias
    args = typing.get_args(alias)
    return named.__value__[args] if args else named.__value__


def is_plain(bare: TypeLike) -> bool:
    """Whether the annotation says no more than: some JSON value."""
    return bare is Any or bare is object


def is_leaf(bare: TypeLike) -> bool:
    """Whether it is one of the scalar types."""
    return isinstance(bare, type) and bare in _LEAVES


def is_union(bare: TypeLike) -> bool:
    """Whether it is a union, in either spelling."""
    return typing.get_origin(bare) in UNIONS


def is_enum(bare: TypeLike) -> TypeGuard[type[enum.Enum]]:
    """Whether it is an enum."""
    return isinstance(bare, enum.EnumMeta)


def is_array(bare: TypeLike) -> bool:
    """Whether it is a list, tuple or set that says what is in it."""
    origin = typing.get_origin(bare)
    return origin in _ARRAYS and (origin is tuple or bool(typing.get_args(bare)))


def is_dict(bare: TypeLike) -> bool:
    """Whether it is a dict that says what is in it."""
    return typing.get_origin(bare) is dict and bool(typing.get_args(bare))


def is_literal(bare: TypeLike) -> bool:
    """Whether it is a ``Literal[...]``."""
    return typing.get_origin(bare) is Literal


def class_of(bare: TypeLike) -> type[Any]:
    """Return the class itself of a class or of a generic class with arguments."""
    found = typing.get_origin(bare) or bare
    assert isinstance(found, type)  # is_attrs or the like has been asked before
    return found


def is_attrs(bare: TypeLike) -> bool:
    """Whether it is an attrs class, generic or not."""
    found = typing.get_origin(bare) or bare
    return isinstance(found, type) and attrs.has(found)


def fields_of(bare: TypeLike) -> Fields:
    """Return the fields of an attrs class that are sent, annotations and type variables resolved.

    Raises:
        Unsupported: An annotation cannot be resolved or is missing, or a type variable is open.
    """
    cls = class_of(bare)
    _resolve(cls)
    known = _type_arguments(bare)
    return tuple(_resolved(cls, field, known) for field in attrs.fields(cls) if field.init)


def kinds(found: TypeLike, sent_as: SentAs) -> frozenset[Kind]:
    """Return what values of a type look like in JSON.

    Raises:
        Unsupported: The type cannot be in a message.
    """
    bare = strip(found)
    if bare in sent_as:
        return kinds(sent_as[bare], sent_as)
    if is_plain(bare):
        return _ANY_KIND
    if is_union(bare):
        members = typing.get_args(bare)
        return frozenset(kind for member in members for kind in kinds(member, sent_as))
    if is_enum(bare):
        return _kinds_of_enum(bare)
    if is_literal(bare):
        return _kinds_of_values(typing.get_args(bare), "a Literal")
    if is_array(bare):
        return frozenset(("array",))
    if is_dict(bare) or is_attrs(bare):
        return frozenset(("object",))
    if isinstance(bare, type) and bare in _LEAVES:
        return frozenset((_LEAVES[bare],))
    raise _unsupported(bare)


def _kinds_of_enum(cls: type[enum.Enum]) -> frozenset[Kind]:
    if issubclass(cls, enum.Flag):
        raise Unsupported(f"{cls.__name__!r} is a Flag, whose values combine", "send an int")
    values = [member.value for member in cls.__members__.values()]
    return _kinds_of_values(values, f"the enum {cls.__name__!r}")


def _kinds_of_values(values: Sequence[object], owner: str) -> frozenset[Kind]:
    named: dict[type, Kind] = {int: "int", str: "str"}
    for value in values:
        if type(value) not in named:
            raise Unsupported(
                f"{owner} has the value {value!r}", "only str and int can be sent; use these"
            )
    return frozenset(named[type(value)] for value in values)


def _unsupported(bare: TypeLike) -> Unsupported:
    name = type_name(bare)
    if isinstance(bare, TypeVar):
        return Unsupported(
            f"the type variable {name} is open", "say for which types, as in Codec(Box[int])"
        )
    if any(bare is each for each in _COLLECTIONS):
        return Unsupported(f"{name!r} does not say what is in it", f"write {name}[...]")
    cure = "make it an attrs class, or use one of the types that the docstring of Codec lists"
    return Unsupported(f"a message cannot have a field of type {name!r}", cure)


def _check_union(union: TypeLike, sent_as: SentAs) -> None:
    taken: dict[Kind, TypeLike] = {}
    for member in typing.get_args(union):
        for kind in kinds(member, sent_as):
            other = taken.setdefault(kind, member)
            if other is member or all(
                is_attrs(strip(each)) and strip(each) not in sent_as for each in (other, member)
            ):
                continue
            raise Unsupported(
                f"{type_name(other)!r} and {type_name(member)!r} look the same in JSON ({kind})",
                "give each a field of its own, or wrap them in messages",
            )


def _check_key(key: TypeLike, sent_as: SentAs) -> None:
    if kinds(key, sent_as) not in (frozenset(("str",)), frozenset(("int",))):
        raise Unsupported(
            f"{type_name(key)!r} cannot be the key of a dict",
            "keys are str, int, or enums of either; use a list of pairs",
        )


def _resolve(cls: type[Any]) -> None:
    # Its own name, so that a recursive class may also be made inside a function.
    names: dict[str, object] = {cls.__name__: cls}
    try:
        attrs.resolve_types(cls, localns=names)
    except NameError as error:
        raise Unsupported(
            f"the annotation of a field cannot be resolved: {error}",
            "define or import the type at the top of the module, not in a function and not "
            "under TYPE_CHECKING",
        ) from None


def _resolved(
    cls: type[Any], field: attrs.Attribute[Any], known: dict[type, dict[object, TypeLike]]
) -> attrs.Attribute[Any]:
    if field.type is None:
        raise Unsupported(f"the field {field.name!r} has no type", "annotate it")
    owner = next((base for base in cls.__mro__ if field.name in _annotations(base)), cls)
    found = _substitute(field.type, known.get(owner, {}))
    return field.evolve(type=found)


def _annotations(cls: type) -> dict[str, object]:
    return inspect.get_annotations(cls)


def _substitute(found: TypeLike, known: dict[object, TypeLike]) -> TypeLike:
    if isinstance(found, TypeVar):
        return known.get(found, found)
    variables: tuple[object, ...] = getattr(found, "__parameters__", ())
    if not variables or isinstance(found, type):
        return found
    generic: Any = found
    return generic[tuple(known.get(variable, variable) for variable in variables)]


def _type_arguments(bare: TypeLike) -> dict[type, dict[object, TypeLike]]:
    """Return, for a class and each of its bases, what its type variables stand for."""
    cls = class_of(bare)
    variables = getattr(cls, "__parameters__", ())
    known: dict[type, dict[object, TypeLike]] = {
        cls: dict(zip(variables, typing.get_args(bare), strict=False))
    }
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        if typing.get_origin(base) not in (typing.Generic, typing.Protocol):
            known |= _type_arguments(_substitute(base, known[cls]))
    return known
