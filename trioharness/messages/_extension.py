"""The extension of a header: what is rarely said about a message, each with its kind and size."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from struct import Struct
from typing import Any, Final, cast

import attrs

from .._errors import DecodeError, EncodeError
from ._envelopes import NO_PROPERTIES, Properties
from ._header import LONGEST_EXTENSION
from ._problems import shorten

_ITEM: Final = Struct("<BH")
"""Kind and size of what follows."""

_ID: Final = Struct("<IQ")
_TIME: Final = Struct("<q")
_ATTEMPT: Final = Struct("<H")
_HEADER: Final = Struct("<BB")
"""Size of the key, and whether the value is bytes (1) or text (0)."""

_PATH: Final = "envelope.properties"

_WRONG: Final = (TypeError, ValueError, struct.error)
"""What a value raises that does not fit; `ValueError` includes bad Unicode."""


def _ints(values: object) -> tuple[int, ...]:
    """Take ints only: `struct` would take a bool, and whatever else has an ``__index__``."""
    if not isinstance(values, tuple):
        raise TypeError
    given = cast("tuple[object, ...]", values)
    if not all(type(value) is int for value in given):
        raise TypeError
    return cast("tuple[int, ...]", given)


def _pack_id(value: object) -> bytes:
    return _ID.pack(*_ints(value))


def _unpack_id(data: bytes) -> tuple[int, ...]:
    return _ID.unpack(data)


def _pack_time(value: object) -> bytes:
    return _TIME.pack(*_ints((value,)))


def _unpack_time(data: bytes) -> int:
    return cast("int", _TIME.unpack(data)[0])


def _pack_attempt(value: object) -> bytes:
    (attempt,) = _ints((value,))
    if attempt < 1:
        raise ValueError
    return _ATTEMPT.pack(attempt)


def _unpack_attempt(data: bytes) -> int:
    attempt = cast("int", _ATTEMPT.unpack(data)[0])
    if attempt < 1:
        raise ValueError
    return attempt


def _pack_text(value: object) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    return value.encode()


def _unpack_text(data: bytes) -> str:
    return data.decode()


def _pack_header(pair: tuple[object, object]) -> bytes:
    key, value = pair
    name = _pack_text(key)
    if isinstance(value, bytes):
        return _HEADER.pack(len(name), 1) + name + value
    return _HEADER.pack(len(name), 0) + name + _pack_text(value)


def _unpack_header(data: bytes) -> tuple[str, str | bytes]:
    size, is_bytes = _HEADER.unpack_from(data)
    end = _HEADER.size + size
    if is_bytes > 1 or end > len(data):
        raise ValueError
    value = data[end:]
    return data[_HEADER.size : end].decode(), value if is_bytes else value.decode()


@attrs.frozen
class _Field:
    """One field of `Properties` that is here, if it is not at its default."""

    name: str
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], object]
    wanted: str


_TEXT: Final = "a str of valid Unicode"
_NANOSECONDS: Final = "an int of nanoseconds since the epoch, of 64 bits"

_FIELDS: Final = {
    1: _Field("correlation", _pack_id, _unpack_id, "a tuple of node (32 bits) and count (64 bits)"),
    2: _Field("reply_to", _pack_text, _unpack_text, _TEXT),
    3: _Field("deadline", _pack_time, _unpack_time, _NANOSECONDS),
    4: _Field("attempt", _pack_attempt, _unpack_attempt, "an int from 1 to 65535"),
    5: _Field("source", _pack_text, _unpack_text, _TEXT),
    6: _Field("headers", _pack_header, _unpack_header, "a dict of short str to str or bytes"),
}
"""By their kind on the wire: never give a number to something else."""

_HEADERS: Final = 6


def pack_extension(properties: object) -> bytes:
    """Return `properties` as the extension of a frame; empty if they are all at their defaults.

    Raises:
        EncodeError: A value has the wrong type or does not fit, or all of them are too much.
    """
    if properties is NO_PROPERTIES:
        return b""
    if not isinstance(properties, Properties):
        reason = f"it has to be Properties, not {shorten(properties)}"
        raise EncodeError(_PATH, reason)
    parts: list[bytes] = []
    for kind, value in _values(properties):
        field = _FIELDS[kind]
        try:
            packed = field.pack(value)
            parts += (_ITEM.pack(kind, len(packed)), packed)
        except _WRONG as error:
            reason = f"{field.name} has to be {field.wanted}, not {shorten(value)}"
            raise EncodeError(_PATH, reason) from error
    extension = b"".join(parts)
    if len(extension) > LONGEST_EXTENSION:
        reason = f"headers and the rest take {len(extension)} bytes and may take "
        raise EncodeError(_PATH, f"{reason}{LONGEST_EXTENSION}; put them into the message")
    return extension


def _values(properties: Properties) -> Iterator[tuple[int, object]]:
    for kind, field in _FIELDS.items():
        value: object = getattr(properties, field.name)
        if kind == _HEADERS:
            if not isinstance(value, Mapping):
                raise EncodeError(_PATH, f"headers has to be {field.wanted}, not {shorten(value)}")
            for pair in cast("Mapping[object, object]", value).items():
                yield kind, pair
        elif value is not None and (field.name != "attempt" or value != 1):
            yield kind, value


def unpack_extension(extension: bytes) -> Properties:
    """Return the properties that are in an extension.

    Raises:
        DecodeError: It is no extension, or of a newer program.
    """
    found: dict[str, Any] = {}
    headers: dict[str, str | bytes] = {}
    for kind, data in _items(extension):
        field = _FIELDS.get(kind)
        if field is None:
            reason = f"there is something of kind {kind}: it was written by a newer program"
            raise DecodeError(_PATH, f"{reason}, update this one", shorten(data))
        path = f"{_PATH}.{field.name}"
        try:
            value: Any = field.unpack(data)
        except _WRONG as error:
            raise DecodeError(path, f"expected {field.wanted}", shorten(data)) from error
        key, into = (value[0], headers) if kind == _HEADERS else (field.name, found)
        if key in into:
            raise DecodeError(path, "it is there twice", shorten(data))
        into[key] = value[1] if kind == _HEADERS else value
    if headers:
        found["headers"] = headers
    return Properties(**found) if found else NO_PROPERTIES


def _items(extension: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(extension):
        if at + _ITEM.size > len(extension):
            raise DecodeError(_PATH, "its extension is cut short", shorten(extension[at:]))
        kind, size = _ITEM.unpack_from(extension, at)
        at += _ITEM.size
        data = extension[at : at + size]
        at += size
        if at > len(extension):
            raise DecodeError(_PATH, "its extension is cut short", shorten(data))
        yield kind, data
