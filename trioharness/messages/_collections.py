"""Hooks for lists, tuples, sets and dicts: an array is an array, and nothing else iterable is.

Each maker gives the plain hook, or with ``marked`` the one that marks each step of the path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeGuard

from ._builtins import is_json_array, is_json_object
from ._problems import Reader, Refused, Writer, refuse, shorten, step_into

INT_KEY: Final = re.compile(r"0|-?[1-9]\d{0,4298}", re.ASCII)
"""The one spelling that `str` of an int has, and no more digits than are written."""


def array_reader(
    make: Callable[[list[object]], object], item: Any, read: Reader, *, marked: bool
) -> Reader:
    """Make the reader of a list, a set or a tuple of any length, of items of type `item`."""

    def read_array(value: object, _: object = None) -> object:
        values = _array(value)
        if marked:
            return make(
                [step_into(f"[{index}]", read, each, item) for index, each in enumerate(values)]
            )
        return make([read(each, item) for each in values])

    return read_array


def array_writer(origin: type[Iterable[object]], write: Writer, *, marked: bool) -> Writer:
    """Make the writer of a list, a set or a tuple of any length."""

    def write_array(value: object) -> object:
        if not _is_a(value, origin):
            refuse(f"a {origin.__name__}", value)
        if marked:
            return [step_into(f"[{index}]", write, each) for index, each in enumerate(value)]
        return [write(each) for each in value]

    return write_array


def fixed_reader(items: Sequence[Any], reads: Sequence[Reader], *, marked: bool) -> Reader:
    """Make the reader of a tuple of just these items."""

    def read_tuple(value: object, _: object = None) -> object:
        values = _array(value)
        if len(values) != len(items):
            raise Refused(f"expected {len(items)} items, not {len(values)}", value)
        steps = zip(reads, values, items, strict=True)
        if marked:
            return tuple(
                step_into(f"[{index}]", read, each, item)
                for index, (read, each, item) in enumerate(steps)
            )
        return tuple([read(each, item) for read, each, item in steps])

    return read_tuple


def fixed_writer(writes: Sequence[Writer], *, marked: bool) -> Writer:
    """Make the writer of a tuple of a fixed number of items."""

    def write_tuple(value: object) -> object:
        if not _is_tuple(value):
            refuse("a tuple", value)
        if len(value) != len(writes):
            raise Refused(f"expected {len(writes)} items, not {len(value)}", value)
        steps = zip(writes, value, strict=True)
        if marked:
            return [
                step_into(f"[{index}]", write, each) for index, (write, each) in enumerate(steps)
            ]
        return [write(each) for write, each in steps]

    return write_tuple


def dict_reader(
    types: tuple[Any, Any], reads: tuple[Reader, Reader], *, int_as_text: bool, marked: bool
) -> Reader:
    """Make the reader of a dict; with `int_as_text` its keys are ints that come as strings."""
    (key_type, item), (read_given_key, read) = types, reads

    def read_int_key(key: object, _: object) -> object:
        return read_given_key(_int_key(key), key_type)

    read_key = read_int_key if int_as_text else read_given_key

    def read_dict(value: object, _: object = None) -> object:
        if not is_json_object(value):
            refuse("an object", value)
        if marked:
            return {
                step_into(_step(key), read_key, key, key_type): step_into(
                    _step(key), read, each, item
                )
                for key, each in value.items()
            }
        return {read_key(key, key_type): read(each, item) for key, each in value.items()}

    return read_dict


def dict_writer(
    write_given_key: Writer, write: Writer, *, int_as_text: bool, marked: bool
) -> Writer:
    """Make the writer of a dict; with `int_as_text` the ints that are its keys become strings."""

    def write_int_key(key: object) -> str:
        return str(write_given_key(key))

    write_key = write_int_key if int_as_text else write_given_key

    def write_dict(value: object) -> object:
        if not _is_dict(value):
            refuse("a dict", value)
        if marked:
            return {
                step_into(_step(key), write_key, key): step_into(_step(key), write, each)
                for key, each in value.items()
            }
        return {write_key(key): write(each) for key, each in value.items()}

    return write_dict


def _array(value: object) -> list[object]:
    return value if is_json_array(value) else refuse("an array", value)


def _is_a(value: object, origin: type[Iterable[object]]) -> TypeGuard[Iterable[object]]:
    return isinstance(value, origin)


def _is_dict(value: object) -> TypeGuard[dict[object, object]]:
    return isinstance(value, dict)


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)


def _int_key(key: object) -> int:
    if type(key) is not str or INT_KEY.fullmatch(key) is None:
        raise Refused('expected an int as a key, such as "7"', key)
    return int(key)


def _step(key: object) -> str:
    return f"[{shorten(key)}]"
