"""Whether what a channel carries fits what a component says it takes, as far as can be seen."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

from typing_extensions import TypeAliasType

from .._errors import ConfigurationError
from .._util import UNIONS
from ..channels import classes_of_type

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


def alternatives(form: Form) -> Sequence[Form]:
    """Return the parts of a union, however it is written; of any other form, that form alone."""
    if isinstance(form, TypeAliasType):
        return alternatives(form.__value__)
    if get_origin(form) in UNIONS:
        return [each for part in get_args(form) for each in alternatives(part)]
    return [form]


def fits(given: Form, wanted: Form) -> bool:
    """Say whether every value of one form is of another, as far as can be seen; in doubt it is."""
    try:
        parts, accepted = classes_of_type(given), classes_of_type(wanted)
        return object in parts or all(issubclass(part, accepted) for part in parts)
    except (ConfigurationError, TypeError):  # a form, or a protocol, that says nothing at run time
        return True


def is_open(form: Form) -> bool:
    """Say whether a form says nothing."""
    return form is Any or form is object  # Any is a class to Python since 3.11


def arguments_of(form: Form, count: int) -> Sequence[Form]:
    """Return the type arguments of a generic form; Any for each that is missing or open."""
    found = [Any if isinstance(arg, TypeVar) else arg for arg in get_args(form)]
    return [*found, *[Any] * count][:count]
