"""Whether what a channel carries fits what a component says it takes, as far as can be seen."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import (
    Annotated,
    Any,
    NewType,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from typing_extensions import TypeAliasType

from .._util import callable_name

Form: TypeAlias = object
"""A class, a union or another type form."""


def hint_of(fn: object, name: str) -> Form:
    """Return the annotation of one parameter; Any where there is none, or it cannot be resolved.

    Each is resolved by itself: one name that only type checkers know says nothing of the others.
    """
    annotation = getattr(fn, "__annotations__", {}).get(name, Any)
    namespace = getattr(fn, "__globals__", {})
    probe = types.SimpleNamespace(__annotations__={name: annotation})
    try:
        hints = get_type_hints(cast("Callable[..., object]", probe), namespace)
    except Exception:  # noqa: BLE001 - whatever an annotation raises, it then says nothing
        return Any
    return hints.get(name, Any)


def fits(given: Form, wanted: Form) -> bool:
    """Say whether every value of one form is of another, as far as can be seen; in doubt it is."""
    parts, accepted = _parts(given), _parts(wanted)
    if parts is None or accepted is None:
        return True
    return all(any(_is_one(part, other) for other in accepted) for part in parts)


def _is_one(part: type, wanted: type) -> bool:
    promoted = {float: (float, int), complex: (complex, float, int)}.get(wanted, (wanted,))
    try:
        return issubclass(part, promoted)
    except TypeError:  # a protocol that says nothing at run time
        return True


def _parts(form: Form) -> Sequence[type] | None:
    """Return the classes of a form; None if that is open."""
    if form is None:
        return (types.NoneType,)
    if is_open(form):
        return None
    if isinstance(form, NewType):
        return _parts(form.__supertype__)
    if isinstance(form, TypeAliasType):
        return _parts(form.__value__)
    origin = get_origin(form)
    if origin is Annotated:
        return _parts(get_args(form)[0])
    if origin in (Union, types.UnionType):
        found = [_parts(part) for part in get_args(form)]
        return None if None in found else [cls for part in found for cls in part or ()]
    if isinstance(origin, type):
        return (origin,)
    return (form,) if isinstance(form, type) else None


def is_open(form: Form) -> bool:
    """Say whether a form says nothing."""
    return form is Any or form is object  # Any is a class to Python since 3.11


def arguments_of(form: Form, count: int) -> Sequence[Form]:
    """Return the type arguments of a generic form; Any for each that is missing or open."""
    found = [Any if isinstance(arg, TypeVar) else arg for arg in get_args(form)]
    return [*found, *[Any] * count][:count]


def name_of_form(form: Form) -> str:
    """Return a form as it is written in a program, without module names."""
    origin, args = get_origin(form), get_args(form)
    if form is None or form is types.NoneType:
        return "None"
    if origin in (Union, types.UnionType):
        return " | ".join(map(name_of_form, args))
    if isinstance(origin, type):
        return f"{origin.__name__}[{', '.join(map(name_of_form, args))}]"
    return callable_name(form) if isinstance(form, type) else str(form).replace("typing.", "")
