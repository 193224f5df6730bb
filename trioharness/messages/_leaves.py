"""The scalar types of messages, each as strict as can be, in both directions.

Nothing is coerced: a value is taken in exactly the one spelling that the other direction writes,
and what cannot be written so that it reads back the same is refused. The one liberty, as in typing:
an int is fine for a float. Subclasses of a scalar are written as the scalar they are.

| type | JSON |
|---|---|
| None, bool, int, float, str | the same; floats are finite |
| datetime | string, RFC 3339 with offset: ``"2026-01-31T12:00:00.5Z"`` |
| date | string: ``"2026-01-31"`` |
| UUID | string, with hyphens |
| Decimal | string, finite |
| bytes | string, base64 |
| Path | string |
"""

from __future__ import annotations

import base64
import binascii
import datetime
import decimal
import math
import pathlib
import re
import uuid
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Final

import attrs

from ._builtins import Kind, is_json_array, is_json_object
from ._problems import Reader, Refused, Writer, refuse


@attrs.frozen
class Leaf:
    """A scalar type: how it looks in JSON, and how it gets there and back."""

    kind: Kind
    read: Reader
    write: Writer


NOT_FINITE: Final = (
    "JSON has no NaN and no infinity; make the field optional and send None for what is not known"
)
_AWARE: Final = (
    "a datetime without time zone means another moment elsewhere; "
    "use datetime.now(timezone.utc) or .astimezone()"
)
_DATETIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_NAIVE: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DECIMAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,18})?", re.ASCII)
_DIGITS: Final = 4000
"""Python reads and prints no int of more than 4300 characters, sign included."""
_BOUND: Final = 10**_DIGITS


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
    if type(value) is int and -_BOUND < value < _BOUND:
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        refuse("an int", value)
    if not -_BOUND < value < _BOUND:
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


def read_datetime(value: object, _: object = None) -> object:
    """Take RFC 3339 with an offset."""
    text = _text("a datetime as a string", value)
    if _DATETIME.fullmatch(text) is None:
        if _NAIVE.fullmatch(text) is not None:
            raise Refused(f"the time zone is missing; {_AWARE}", value)
        raise Refused("expected a datetime as 2026-01-31T12:00:00Z", value)
    return _parsed(datetime.datetime.fromisoformat, text, "no datetime")


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


def read_date(value: object, _: object = None) -> object:
    """Take ISO 8601's plain form."""
    text = _text("a date as a string", value)
    if _DATE.fullmatch(text) is None:
        raise Refused("expected a date as 2026-01-31", value)
    return _parsed(datetime.date.fromisoformat, text, "no date")


def write_date(value: object) -> object:
    """Write a date that is no datetime."""
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        refuse("a date", value)
    return datetime.date.isoformat(value)


def read_uuid(value: object, _: object = None) -> object:
    """Take the form with hyphens, and no other of the many that `uuid.UUID` takes."""
    text = _text("a UUID as a string", value)
    if _UUID.fullmatch(text) is None:
        raise Refused("expected a UUID as 12345678-1234-5678-1234-567812345678", value)
    return uuid.UUID(text)


def write_uuid(value: object) -> object:
    """Write the form with hyphens."""
    return str(value) if isinstance(value, uuid.UUID) else refuse("a UUID", value)


def read_decimal(value: object, _: object = None) -> object:
    """Take plain decimal notation: neither underscores, nor spaces, nor NaN, nor a JSON number."""
    text = _text('a Decimal as a string, such as "1.50"', value)
    if _DECIMAL.fullmatch(text) is None:
        raise Refused("expected a finite Decimal in ASCII digits", value)
    return _parsed(decimal.Decimal, text, "no Decimal")


def write_decimal(value: object) -> object:
    """Write a finite Decimal, digit by digit."""
    if not isinstance(value, decimal.Decimal):
        refuse("a Decimal", value)
    return decimal.Decimal.__str__(value) if value.is_finite() else _not_finite(value)


def read_bytes(value: object, _: object = None) -> object:
    """Take base64 with padding."""
    text = _text("bytes as a base64 string", value)
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise Refused(f"expected base64: {str(error).lower()}", value) from None


def write_bytes(value: object) -> object:
    """Write base64; no bytearray, which could still change."""
    if not isinstance(value, bytes):
        refuse("bytes", value)
    return base64.b64encode(value).decode("ascii")


def _path_leaf(path_type: type[pathlib.PurePath]) -> Leaf:
    def read_path(value: object, _: object = None) -> object:
        return path_type(_text("a path as a string", value))

    def write_path(value: object) -> object:
        if not isinstance(value, path_type):
            refuse(f"a {path_type.__name__}", value)
        return write_str(str(value))

    return Leaf("str", read_path, write_path)


def _text(expected: str, value: object) -> str:
    return value if type(value) is str else refuse(expected, value)


def _parsed(parse: Callable[[str], object], text: str, problem: str) -> object:
    try:
        return parse(text)
    except (ValueError, ArithmeticError) as error:
        raise Refused(f"{problem}: {error}", text) from None


def _not_finite(value: object) -> object:
    raise Refused(NOT_FINITE, value)


LEAVES: Final[Mapping[type, Leaf]] = {
    NoneType: Leaf("null", none, none),
    bool: Leaf("bool", read_bool, read_bool),
    int: Leaf("int", read_int, write_int),
    float: Leaf("float", read_float, write_float),
    str: Leaf("str", read_str, write_str),
    datetime.datetime: Leaf("str", read_datetime, write_datetime),
    datetime.date: Leaf("str", read_date, write_date),
    uuid.UUID: Leaf("str", read_uuid, write_uuid),
    decimal.Decimal: Leaf("str", read_decimal, write_decimal),
    bytes: Leaf("str", read_bytes, write_bytes),
    pathlib.Path: _path_leaf(pathlib.Path),
    pathlib.PurePath: _path_leaf(pathlib.PurePath),
    pathlib.PurePosixPath: _path_leaf(pathlib.PurePosixPath),
}
"""Every scalar type that a message may have."""


def plain(value: object, _: object = None) -> object:
    """Take what is JSON already, for a field of type `Any` or `object`, in both directions.

    A tuple is refused as well: it would come back as a list.
    """
    if is_json_object(value):
        return {write_str(key): plain(item) for key, item in value.items()}
    if is_json_array(value):
        return [plain(item) for item in value]
    if type(value) not in (NoneType, bool, int, float, str):
        refuse("a plain JSON value (dict with str keys, list, str, int, float, bool, None)", value)
    return LEAVES[type(value)].write(value)
