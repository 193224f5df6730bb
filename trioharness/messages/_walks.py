"""Walks: functions of the fast lane that look at what msgspec itself does not look at.

A walk goes through a message and tells whether it is good; where it is not, or where the walk
fails, the message is for the cattrs lane to judge. Walks are generated from the classes alone, as
attrs and cattrs generate their functions; a loop over the fields would take three times as long.
"""

from __future__ import annotations

import datetime
import decimal
import itertools
import re
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from ._formats import FormatName
from ._types import (
    TypeLike,
    class_of,
    fields_of,
    is_array,
    is_attrs,
    is_dict,
    is_leaf,
    is_union,
    strip,
)

Finish: TypeAlias = Callable[[Any], Any]
Encode: TypeAlias = Callable[[Any], bytes]
Writer: TypeAlias = Callable[[Any], bytes | None]

Faults: TypeAlias = Mapping[TypeLike, str]
"""Scalars that have to be looked at, and on which condition on ``{0}`` one is not good."""

_NO_ZONE: Final = "{0}.tzinfo is None"
READ_FAULTS: Final[Mapping[FormatName, Faults]] = {
    "json": {datetime.datetime: _NO_ZONE},
    "msgpack": {datetime.datetime: _NO_ZONE, float: "{0} * 0.0 != 0.0"},
}
"""What msgspec reads though the cattrs lane would not, and that the value itself tells."""

WRITE_FAULTS: Final[Faults] = {
    # Not finite, or an int that is no float: an OverflowError.
    float: "{0} * 0.0 != 0.0",
    datetime.datetime: "{0}.tzinfo is not UTC and not has_zone({0})",
    decimal.Decimal: "not {0}.is_finite()",
}
"""What msgspec would write as something else, or so that nobody could read it."""

_MINUTE: Final = datetime.timedelta(minutes=1)


class Walks:
    """Makes the walks of one codec, for one direction."""

    def __init__(self, format_name: FormatName, faults: Faults, *, exact: bool) -> None:
        """Make none yet.

        Args:
            format_name: The format of the codec.
            faults: What to look for.
            exact: Whether an object has to be of just the class that is declared.
        """
        self._faults = faults
        self._exact = exact
        self._counter = itertools.count()
        self._names: dict[TypeLike, str] = {}
        self._needed: dict[TypeLike, bool] = {}
        self._known: dict[str, Any] = {
            "UTC": datetime.UTC,
            "has_zone": _has_zone if format_name == "msgpack" else _has_zone_of_minutes,
        }

    def passer(self, form: TypeLike) -> Finish | None:
        """Return a function that gives back a message if it is good; None if all of them are."""
        if not self._is_needed(form):
            return None
        made: Finish = self._made(
            self._new("pass"), self._object("    ", "msg", form), "msg", "None"
        )
        return made

    def writer(self, form: TypeLike, head: bytes, encode: Encode, tail: bytes) -> Writer:
        """Return a function that writes a message of just this class, if it is good."""
        before, after = self._new("known"), self._new("known")
        self._known |= {"encode": encode, before: head, after: tail}
        result = f"{before} + encode(msg) + {after}" if head else "encode(msg)"
        lines = self._object("    ", "msg", form, is_known=True)
        made: Writer = self._made(self._new("write"), lines, result, "None")
        return made

    def _is_needed(self, found: TypeLike) -> bool:
        bare = strip(found)
        if bare not in self._needed:
            self._needed[bare] = bare in self._faults or (self._exact and is_attrs(bare))
            self._needed[bare] |= any(map(self._is_needed, _inside(bare)))
        return self._needed[bare]

    def _walk(self, form: TypeLike) -> str:
        if form not in self._names:
            self._names[form] = name = self._new("walk")
            self._made(name, self._object("    ", "msg", form), "True", "False")
        return self._names[form]

    def _made(self, name: str, lines: list[str], good: str, bad: str) -> Any:
        code = "\n".join([*lines, good])
        used = [known for known in self._known if re.search(rf"\b{known}\b", code)]
        # As defaults of parameters, which are faster than globals.
        known = "".join(f", {each}={each}" for each in used if each not in self._names.values())
        body = [line.replace("return False", f"return {bad}") for line in lines]
        source = "\n".join([f"def {name}(msg{known}):", *body, f"    return {good}"])
        exec(source, self._known)  # noqa: S102 - made of class definitions, as attrs does
        return self._known[name]

    def _object(
        self, indent: str, value: str, form: TypeLike, *, is_known: bool = False
    ) -> list[str]:
        lines: list[str] = []
        if self._exact and not is_known:
            name = self._name(class_of(form))
            lines = [f"{indent}if type({value}) is not {name}: return False"]
        for field in fields_of(form):
            part = self._new("part")
            inner = self._value(indent, part, field.type)
            lines += [f"{indent}{part} = {value}.{field.name}", *inner] if inner else []
        return lines

    def _value(self, indent: str, value: str, found: TypeLike) -> list[str]:
        """Return the lines for the value in a variable."""
        bare = strip(found)
        if not self._is_needed(bare):
            return []
        if bare in self._faults:
            return [f"{indent}if {self._faults[bare].format(value)}: return False"]
        if is_attrs(bare):
            if all(is_leaf(strip(field.type)) for field in fields_of(bare)):
                return self._object(indent, value, bare)
            return [f"{indent}if not {self._walk(bare)}({value}): return False"]
        if is_union(bare):
            return self._union(indent, value, typing.get_args(bare))
        return self._collection(indent, value, bare)

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
        if is_dict(bare):
            key, item = self._new("key"), self._new("item")
            loop = f"{indent}for {key}, {item} in {value}.items():"
            inner = [(key, args[0]), (item, args[1])]
            return [loop, *(line for each in inner for line in self._value(f"{indent}    ", *each))]
        if class_of(bare) is tuple and ... not in args:
            parts = [(self._new("part"), arg) for arg in args]
            names = "".join(f"{name}, " for name, _ in parts)
            lines = [line for each in parts for line in self._value(indent, *each)]
            return [f"{indent}{names} = {value}", *lines]
        item = self._new("item")
        return [f"{indent}for {item} in {value}:", *self._value(f"{indent}    ", item, args[0])]

    def _new(self, what: str) -> str:
        return f"{what}_{next(self._counter)}"

    def _name(self, known: object) -> str:
        """Return the name that a class has in the generated functions."""
        for name, value in self._known.items():
            if value is known:
                return name
        name = self._new("known")
        self._known[name] = known
        return name


def _inside(bare: TypeLike) -> list[TypeLike]:
    if is_attrs(bare):
        return [field.type for field in fields_of(bare)]
    if is_dict(bare) or is_array(bare) or is_union(bare):
        return [arg for arg in typing.get_args(bare) if arg is not ...]
    return []


def _has_zone(moment: datetime.datetime) -> bool:
    return moment.utcoffset() is not None


def _has_zone_of_minutes(moment: datetime.datetime) -> bool:
    offset = moment.utcoffset()
    return offset is not None and not offset % _MINUTE
