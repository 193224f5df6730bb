"""Walks: functions that go through a message of one class, generated from the class alone.

As attrs and cattrs do, since a loop over the fields would take three times as long. `Apart` and
`Together` say what is done with objects and scalars; here is how to get to them.

The lines that are generated for a value leave in its variable what is to become of it.
"""

from __future__ import annotations

import abc
import itertools
import re
import typing
from typing import Any, Final

from ._types import (
    TypeLike,
    class_of,
    fields_of,
    is_array,
    is_attrs,
    is_dict,
    is_union,
    strip,
)

_WORD: Final = re.compile(r"[^\W\d]\w*")
_BUILTINS: Final = {"float": float, "len": len, "type": type}


class Unfit(Exception):
    """What a function of the fast lane raises: the cattrs lane has the word."""


class Walks(abc.ABC):
    """Makes the walks of one codec, for one direction."""

    def __init__(self, known: dict[str, Any]) -> None:
        """Make none yet; they can use what is `known` by name."""
        self._known: dict[str, Any] = {"Unfit": Unfit, **known}
        self._counter = itertools.count()
        self._walks: dict[TypeLike, str] = {}
        self._needed: dict[TypeLike, bool] = {}

    @abc.abstractmethod
    def _scalar(self, value: str, bare: TypeLike) -> str | None:
        """Return the line for a scalar in a variable, or None if there is nothing to do."""

    @abc.abstractmethod
    def _object(self, indent: str, value: str, form: TypeLike) -> list[str]:
        """Return the lines for an object of an attrs class in a variable."""

    @abc.abstractmethod
    def _copy(self, value: str, copy: str, bare: TypeLike) -> tuple[str | None, str]:
        """Say what a collection has to be of, if anything, and what its copy is made into."""

    @abc.abstractmethod
    def _changes(self, bare: TypeLike) -> bool:
        """Whether a value that is neither a collection nor a union becomes another one."""

    def _walk(self, form: TypeLike) -> str:
        """Return the name of the function for a class, which may contain itself."""
        if form not in self._walks:
            self._walks[form] = name = self._new("walk")
            self._made(name, "msg", [*self._object("    ", "msg", form), "    return msg"])
        return self._walks[form]

    def _made(self, name: str, parameter: str, lines: list[str]) -> Any:
        """Make a function; all that it uses is bound to it, but those that are yet to be made.

        What is bound is read faster than a global, which is 1 % of a message with many items.
        """
        words = {word for line in lines for word in _WORD.findall(line)}
        known = {**_BUILTINS, **self._known}
        bound = {word: known[word] for word in sorted(words & known.keys())}
        body = [f"def {name}({parameter}):", *lines]
        source = [f"def bind({', '.join(bound)}):", *(f"    {line}" for line in body)]
        found: dict[str, Any] = {}
        # Made of class definitions, as attrs does.
        exec("\n".join([*source, f"    return {name}"]), self._known, found)  # noqa: S102
        made = self._known[name] = found["bind"](**bound)
        return made

    def _is_needed(self, found: TypeLike) -> bool:
        bare = strip(found)
        if bare not in self._needed:
            self._needed[bare] = is_attrs(bare) or self._scalar("", bare) is not None
            self._needed[bare] |= any(map(self._is_needed, inside(bare)))
        return self._needed[bare]

    def _is_copied(self, found: TypeLike) -> bool:
        """Whether something in a collection changes, so that another collection has to hold it."""
        bare = strip(found)
        return self._changes(bare) or (
            not is_attrs(bare) and any(map(self._is_copied, inside(bare)))
        )

    def _value(self, indent: str, value: str, found: TypeLike) -> list[str]:
        """Return the lines for the value in a variable."""
        bare = strip(found)
        if not self._is_needed(bare):
            return []
        if is_attrs(bare):
            if any(map(_has_objects, inside(bare))):
                return [f"{indent}{value} = {self._walk(bare)}({value})"]
            return self._object(indent, value, bare)
        if is_union(bare):
            return self._union(indent, value, typing.get_args(bare))
        if class_of(bare) is tuple and ... not in typing.get_args(bare):
            return self._fixed_tuple(indent, value, bare)
        if is_dict(bare) or is_array(bare):
            return self._collection(indent, value, bare)
        return [f"{indent}{self._scalar(value, bare)}"]

    def _union(self, indent: str, value: str, members: tuple[TypeLike, ...]) -> list[str]:
        lines: list[str] = []
        for member in filter(self._is_needed, members):
            is_one = f"type({value}) is {self._name(class_of(strip(member)))}"
            if len(members) == 2 and type(None) in members:
                is_one = f"{value} is not None"
            lines += [f"{indent}if {is_one}:", *self._value(f"{indent}    ", value, member)]
        return lines

    def _collection(self, indent: str, value: str, bare: TypeLike) -> list[str]:
        args = typing.get_args(bare)
        item, copy = self._new("item"), self._new("copy")
        if is_dict(bare):
            key = self._new("key")
            loop, empty, add = f"for {key}, {item} in {value}.items():", "{}", f"[{key}] = {item}"
            lines = self._key(f"{indent}    ", key, args[0])
            lines += self._value(f"{indent}    ", item, args[1])
        else:
            loop, empty, add = f"for {item} in {value}:", "[]", f".append({item})"
            lines = self._value(f"{indent}    ", item, args[0])
        if not self._is_copied(bare):
            return [f"{indent}{loop}", *lines]
        expected, made = self._copy(value, copy, bare)
        return [
            *([f"{indent}if {expected}: raise Unfit"] if expected else []),
            f"{indent}{copy} = {empty}",
            f"{indent}{loop}",
            *lines,
            f"{indent}    {copy}{add}",
            f"{indent}{value} = {made}",
        ]

    def _key(self, indent: str, key: str, found: TypeLike) -> list[str]:
        return self._value(indent, key, found)

    def _fixed_tuple(self, indent: str, value: str, bare: TypeLike) -> list[str]:
        parts = [(self._new("part"), arg) for arg in typing.get_args(bare)]
        names = "".join(f"{name}, " for name, _ in parts)
        lines = [line for each in parts for line in self._value(indent, *each)]
        unpacked = f"{indent}{names} = {value}"
        if not self._is_copied(bare):
            return [unpacked, *lines]
        expected, _ = self._copy(value, value, bare)
        first = [f"{indent}if {expected}: raise Unfit"] if expected else []
        return [*first, unpacked, *lines, f"{indent}{value} = ({names})"]

    def _new(self, what: str) -> str:
        return f"{what}_{next(self._counter)}"

    def _name(self, known: object) -> str:
        """Return the name that an object has in the generated functions."""
        for name, value in self._known.items():
            if value is known:
                return name
        name = self._new("known")
        self._known[name] = known
        return name


def inside(bare: TypeLike) -> list[TypeLike]:
    """Return the types that values of a type consist of."""
    if is_attrs(bare):
        return [field.type for field in fields_of(bare)]
    if is_dict(bare) or is_array(bare) or is_union(bare):
        return [arg for arg in typing.get_args(bare) if arg is not ...]
    return []


def _has_objects(found: TypeLike) -> bool:
    """Whether a value of a type is an object of an attrs class, or has such in it."""
    bare = strip(found)
    return is_attrs(bare) or any(map(_has_objects, inside(bare)))
