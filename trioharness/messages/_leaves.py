"""The scalar types of messages, each as strict as can be, in both directions.

Nothing is coerced: a value is taken in the form that the other direction writes, and what cannot be
written so that it reads back the same is refused. The one liberty, as in typing: an int is fine for
a float. Subclasses of a scalar are written as the scalar they are.

| type | JSON | MessagePack |
|---|---|---|
| None, bool, int, float, str | the same; floats are finite | the same; ints have 64 bits |
| datetime | string, RFC 3339 with offset: ``"2026-01-31T12:00:00.5Z"`` | timestamp, or the string |
| date | string: ``"2026-01-31"`` | the same |
| UUID | string of 32 hexadecimal digits, with or without hyphens | the same |
| Decimal | string, finite | the same |
| bytes | string, base64 | bytes |
| Path | string | the same |

Strings are read by msgspec where it reads that type at all, so that both lanes take the same ones:
RFC 3339 also with a space for the ``T``, and a fraction finer than a microsecond is rounded.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import math
import pathlib
import re
import uuid
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Final, cast

import attrs
import msgspec

from ._builtins import is_json_array, is_json_object
from ._problems import Reader, Refused, Writer, refuse


@attrs.frozen
class Leaf:
    """How a scalar type gets to the wire and back."""

    read: Reader
    write: Writer
    builtins: frozenset[type] = frozenset((str,))
    """The types that it has on the wire."""


NOT_FINITE: Final = (
    "JSON has no NaN and no infinity; make the field optional and send None for what is not known"
)
_AWARE: Final = (
    "a datetime without time zone means another moment elsewhere; "
    "use datetime.now(timezone.utc) or .astimezone()"
)
DECIMAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,18})?", re.ASCII)
_DIGITS: Final = 4299
SMALLEST_INT: Final = 1 - 10**_DIGITS
_LARGEST_INT: Final = 10 ** (_DIGITS + 1) - 1
"""Python prints no int of more than 4300 digits, msgspec reads none of more characters."""
_INT64: Final = range(-(2**63), 2**64)


def none(value: object, _: object = None) -> object:
    """Take None and nothing else, in both directions."""
    return value if value is None else refuse("null", value)


def read_bool(value: object, _: object = None) -> object:
    """Take true and false, in both directions: 1 is no bool."""
    return value if type(value) is bool else refuse("a bool", value)


def read_int(value: object, _: object = None) -> object:
    """Take an int: neither a bool, nor 3.0, nor "3"."""
    return value if type(value) is int else refuse("an int", value)


def write_int(value: object) -> object:
    """Write an int, or a subclass such as `IntEnum` as the int it is."""
    if type(value) is int and SMALLEST_INT <= value <= _LARGEST_INT:
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        refuse("an int", value)
    if not SMALLEST_INT <= value <= _LARGEST_INT:
        raise Refused(f"an int of more than {_DIGITS} digits; send it as bytes", value)
    return int(value)


def read_float(value: object, _: object = None) -> object:
    """Take a finite number, not a bool."""
    if type(value) is float:
        return value if math.isfinite(value) else _not_finite(value)
    if type(value) is not int:
        refuse("a float", value)
    try:
        return float(value)
    except OverflowError:
        raise Refused("the int is too large for a float", value) from None


def write_float(value: object) -> object:
    """Write a finite number."""
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _not_finite(value)
    if not isinstance(value, int) or isinstance(value, bool):
        refuse("a float", value)
    return read_float(int(value))


def read_str(value: object, _: object = None) -> object:
    """Take a string."""
    return value if type(value) is str else refuse("a str", value)


def write_str(value: object) -> object:
    """Write a string that is valid Unicode."""
    if type(value) is str and value.isascii():
        return value
    if not isinstance(value, str):
        refuse("a str", value)
    text = str.__str__(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            cure = "send bytes instead, of a file name os.fsencode(name)"
            raise Refused(f"a lone surrogate is no valid Unicode; {cure}", value) from None
    return text


def _reader(scalar: type, expected: str, reason: str) -> Reader:
    """Make the reader of a string that msgspec makes a scalar of."""

    def read(value: object, _: object = None) -> object:
        text = _text(f"{expected} as a string", value)
        try:
            made = cast("object", msgspec.convert(text, scalar))
        except msgspec.ValidationError:
            raise Refused(reason, value) from None
        return made

    return read


_read_moment: Final = _reader(
    datetime.datetime, "a datetime", "expected a datetime as 2026-01-31T12:00:00Z"
)


def read_datetime(value: object, _: object = None) -> object:
    """Take RFC 3339 with an offset."""
    moment = cast("datetime.datetime", _read_moment(value, None))
    if moment.tzinfo is None:
        raise Refused(f"the time zone is missing; {_AWARE}", value)
    return moment


def write_datetime(value: object) -> object:
    """Write an aware datetime; the zone's name is lost, its offset is not."""
    if not isinstance(value, datetime.datetime):
        refuse("a datetime", value)
    offset = value.utcoffset()
    if offset is None:
        raise Refused(_AWARE, value)
    if offset % datetime.timedelta(minutes=1):
        cure = "use .astimezone(timezone.utc)"
        raise Refused(f"the offset of its time zone is not in whole minutes; {cure}", value)
    text = datetime.datetime.isoformat(value)
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def write_date(value: object) -> object:
    """Write a date that is no datetime."""
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        refuse("a date", value)
    return datetime.date.isoformat(value)


def write_uuid(value: object) -> object:
    """Write the form with hyphens."""
    return str(value) if isinstance(value, uuid.UUID) else refuse("a UUID", value)


def read_decimal(value: object, _: object = None) -> object:
    """Take plain decimal notation: neither underscores, nor spaces, nor NaN, nor a JSON number."""
    text = _text('a Decimal as a string, such as "1.50"', value)
    if DECIMAL.fullmatch(text) is None:
        raise Refused("expected a finite Decimal in ASCII digits", value)
    try:
        return decimal.Decimal(text)
    except ArithmeticError as error:
        raise Refused(f"no Decimal: {error}", text) from None


def write_decimal(value: object) -> object:
    """Write a finite Decimal, digit by digit."""
    if not isinstance(value, decimal.Decimal):
        refuse("a Decimal", value)
    return decimal.Decimal.__str__(value) if value.is_finite() else _not_finite(value)


def write_bytes(value: object) -> object:
    """Write base64; no bytearray, which could still change."""
    if not isinstance(value, bytes):
        refuse("bytes", value)
    return base64.b64encode(value).decode("ascii")


def take_bytes(value: object, _: object = None) -> object:
    """Take bytes as they are, in both directions."""
    return value if type(value) is bytes else refuse("bytes", value)


def take_int64(value: object) -> object:
    """Write an int of at most 64 bits."""
    written = cast("int", write_int(value))
    if written not in _INT64:
        raise Refused("an int of more than 64 bits; send it as bytes, or use JSON", value)
    return written


def read_timestamp(value: object, _: object = None) -> object:
    """Take a timestamp, or its string."""
    return value if type(value) is datetime.datetime else read_datetime(value)


def write_timestamp(value: object) -> object:
    """Write an aware datetime as the moment that it is."""
    if not isinstance(value, datetime.datetime):
        refuse("a datetime", value)
    if value.utcoffset() is None:
        raise Refused(_AWARE, value)
    try:
        return value.astimezone(datetime.UTC)
    except OverflowError:
        raise Refused("in UTC it is before the year 1 or after 9999", value) from None


def _path_leaf(path_type: type[pathlib.PurePath]) -> Leaf:
    def read_path(value: object, _: object = None) -> object:
        return path_type(_text("a path as a string", value))

    def write_path(value: object) -> object:
        if not isinstance(value, path_type):
            refuse(f"a {path_type.__name__}", value)
        return write_str(str(value))

    return Leaf(read_path, write_path)


def _text(expected: str, value: object) -> str:
    return value if type(value) is str else refuse(expected, value)


def _not_finite(value: object) -> object:
    raise Refused(NOT_FINITE, value)


JSON_LEAVES: Final[Mapping[type, Leaf]] = {
    NoneType: Leaf(none, none, frozenset((NoneType,))),
    bool: Leaf(read_bool, read_bool, frozenset((bool,))),
    int: Leaf(read_int, write_int, frozenset((int,))),
    float: Leaf(read_float, write_float, frozenset((float,))),
    str: Leaf(read_str, write_str),
    datetime.datetime: Leaf(read_datetime, write_datetime),
    datetime.date: Leaf(
        _reader(datetime.date, "a date", "expected a date as 2026-01-31"), write_date
    ),
    uuid.UUID: Leaf(
        _reader(uuid.UUID, "a UUID", "expected a UUID as 12345678-1234-5678-1234-567812345678"),
        write_uuid,
    ),
    decimal.Decimal: Leaf(read_decimal, write_decimal),
    bytes: Leaf(_reader(bytes, "bytes as base64,", "expected base64, with padding"), write_bytes),
    pathlib.Path: _path_leaf(pathlib.Path),
    pathlib.PurePath: _path_leaf(pathlib.PurePath),
    pathlib.PurePosixPath: _path_leaf(pathlib.PurePosixPath),
}

MSGPACK_LEAVES: Final[Mapping[type, Leaf]] = {
    **JSON_LEAVES,
    int: Leaf(read_int, take_int64, frozenset((int,))),
    bytes: Leaf(take_bytes, take_bytes, frozenset((bytes,))),
    datetime.datetime: Leaf(read_timestamp, write_timestamp, frozenset((datetime.datetime, str))),
}


def plain_hook(leaves: Mapping[type, Leaf]) -> Callable[..., object]:
    """Make the hook of a field of type `Any` or `object`, the same in both directions.

    It takes what is JSON already. A tuple is refused as well: it would come back as a list.
    """

    def plain(value: object, _: object = None) -> object:
        if is_json_object(value):
            return {write_str(key): plain(item) for key, item in value.items()}
        if is_json_array(value):
            return [plain(item) for item in value]
        if type(value) not in _PLAIN:
            refuse(
                "a plain JSON value (dict with str keys, list, str, int, float, bool, None)", value
            )
        return leaves[type(value)].write(value)

    return plain


_PLAIN: Final = (NoneType, bool, int, float, str)
