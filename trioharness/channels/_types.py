"""What a channel carries: a type form turned into a check by class.

A channel checks every message, so the check has to cost next to nothing: the type of the message is
looked up in a set of types known to be right. A type that is not in it takes the slow way once,
through `isinstance`, and is in the set from then on. Arguments of generics are not looked at
(``list[int]`` is checked as ``list``): that is the type checker's work.
"""

from __future__ import annotations

import types
from abc import ABCMeta
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    TypeVar,
    get_args,
    get_origin,
    is_typeddict,
)

from typing_extensions import TypeAliasType, is_protocol

from .._errors import ConfigurationError, MessageTypeError
from .._util import UNIONS, callable_name, type_name

MAX_KNOWN_TYPES = 256
"""No more types are remembered, so that a channel of `object` keeps no crowd of classes alive."""

# An int is a valid float to every type checker (PEP 484), so it is one here.
_PROMOTIONS: dict[type, tuple[type, ...]] = {float: (float, int), complex: (complex, float, int)}

_PLAIN_CHECKS = (type.__instancecheck__, ABCMeta.__instancecheck__)


class TypeCheck:
    """The check of one channel."""

    __slots__ = ("_classes", "_remember", "known", "label")

    def __init__(self, form: object) -> None:
        """Make the check for a type form.

        Args:
            form: A class, a union, a generic alias or another type form.

        Raises:
            ConfigurationError: `form` is no type, or one that cannot be checked at run time.
        """
        classes = classes_of_type(form)
        self.label = type_name(form)
        self.known: set[type] = {cls for cls in classes if cls is not object}
        self._classes = classes
        # A class with a check of its own (a protocol, say) may look at the value, not at its type.
        self._remember = all(type(cls).__instancecheck__ in _PLAIN_CHECKS for cls in classes)

    def accepts(self, value: object) -> bool:
        """Say whether a value is of the type."""
        return type(value) in self.known or isinstance(value, self._classes)

    def admit(self, value: object, channel: str) -> None:
        """Accept a value whose type is not among the known ones, or refuse it.

        Raises:
            MessageTypeError: The channel does not carry such values.
        """
        if not isinstance(value, self._classes):
            raise MessageTypeError(channel, self.label, callable_name(type(value)))
        if self._remember and len(self.known) < MAX_KNOWN_TYPES:
            self.known.add(type(value))


def classes_of_type(form: object) -> tuple[type, ...]:
    """Return the classes that a value of the type form can be of; `object` where that is open.

    Raises:
        ConfigurationError: `form` is no type, or one that cannot be checked at run time.
    """
    if form is None:
        return (types.NoneType,)
    if form is Any:
        return (object,)
    if isinstance(form, NewType):
        return classes_of_type(form.__supertype__)
    if isinstance(form, TypeVar):
        return _of_all(form.__constraints__ or (form.__bound__ or object,))
    if isinstance(form, TypeAliasType):
        return classes_of_type(form.__value__)
    if is_typeddict(form):
        return (dict,)
    origin = get_origin(form)
    if origin is not None:
        return _classes_of_generic(form, origin)
    if isinstance(form, type) and (not is_protocol(form) or _is_runtime(form)):
        return _PROMOTIONS.get(form, (form,))
    raise _no_type(form)


def _classes_of_generic(form: object, origin: object) -> tuple[type, ...]:
    if origin in UNIONS:
        return _of_all(get_args(form))
    if origin is Annotated:
        return classes_of_type(get_args(form)[0])
    if origin is Literal:
        return tuple({value.__class__ for value in get_args(form)})
    return classes_of_type(origin)


def _of_all(forms: tuple[object, ...]) -> tuple[type, ...]:
    return tuple(cls for form in forms for cls in classes_of_type(form))


def _is_runtime(protocol: type) -> bool:
    return bool(getattr(protocol, "_is_runtime_protocol", False))


def _no_type(form: object) -> ConfigurationError:
    if isinstance(form, type):
        return ConfigurationError(
            "type of a channel",
            f"messages cannot be checked against the protocol {callable_name(form)!r}",
            "decorate the protocol with typing.runtime_checkable, or open the channel for object",
        )
    return ConfigurationError(
        "type of a channel",
        f"{form!r} is not a type",
        "give a class or a union of classes: open_channel(Order | Cancel, 64)",
    )
