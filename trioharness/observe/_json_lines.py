"""Log records as JSON, one object a line, whatever is in them."""

from __future__ import annotations

import datetime
import json
import logging
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Final, cast

from ._format import error_text, safe_repr, safe_str, summary

_OF_EVERY_RECORD: Final = frozenset(
    (*vars(logging.makeLogRecord({})), "message", "asctime", "taskName")
)
"""What logging itself puts into a record."""

_TOLD: Final = ("component", "event", "incarnation", "error", "traceback")
"""What has a place of its own among the keys."""

_DEPTH: Final = 6
_ITEMS: Final = 100
_LARGEST_INT: Final = 10**1000


class JSONFormatter(logging.Formatter):
    """One JSON object a line, its keys in one order; see `configure_logging`."""

    def __init__(self, *, raw: bool = False) -> None:
        super().__init__()
        self._raw = raw

    def format(self, record: logging.LogRecord) -> str:
        """Return the line.

        Args:
            record: Any record, of whatever logger; what it holds may be broken.

        Returns:
            One line of ASCII. Never raises an `Exception`.
        """
        fields: dict[str, object] = {}
        for key, value in self._fields(record):
            # A name that is taken: what a record's own attribute would hide is kept as well.
            while key in fields:
                key = f"{key}_"  # noqa: PLW2901
            fields[key] = value
        return json.dumps(fields)

    def _fields(self, record: logging.LogRecord) -> Iterator[tuple[str, object]]:
        has = record.__dict__
        error = self._error(record)
        yield "time", _time(record.created)
        yield "level", safe_str(record.levelname).lower()
        yield "logger", safe_str(record.name)
        for key, name in (
            ("path", "component"),
            ("event", "event"),
            ("incarnation", "incarnation"),
        ):
            if name in has:
                yield key, plain(has[name])
        message = _message(record)
        yield "message", message.removesuffix(f"\n{error}") if error else message
        if error:
            yield "error", error
        if record.stack_info:
            yield "stack", safe_str(record.stack_info)
        others = {safe_str(name): value for name, value in has.items() if name not in _TOLD}
        for name in sorted(others.keys() - _OF_EVERY_RECORD):
            yield name, plain(others[name])

    def _error(self, record: logging.LogRecord) -> str:
        told = record.__dict__.get("traceback") or record.__dict__.get("error")
        if told is not None:
            return safe_str(told)
        error = record.exc_info[1] if record.exc_info else None
        return "" if error is None else error_text(error, raw=self._raw)


def _time(seconds: float) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
        return moment.isoformat(timespec="milliseconds")
    except Exception:
        return safe_str(seconds)


def _message(record: logging.LogRecord) -> str:
    try:
        return str.__str__(record.getMessage())
    except Exception as error:
        return f"this record cannot be formatted: {summary(error)}"


def plain(value: object, depth: int = _DEPTH) -> object:
    """Return what JSON has for a value: itself, its parts, or else its `repr`.

    Args:
        value: Anything.
        depth: How many levels of dicts and lists are still told.

    Returns:
        What `json.dumps` takes. Never raises an `Exception`.
    """
    try:
        return _plain(value, depth)
    except Exception:
        return safe_repr(value)


def _plain(value: object, depth: int) -> object:
    whole = value  # what the type checkers have not taken apart
    if value is None or type(value) is bool or type(value) is str:
        return value
    if type(value) is int and -_LARGEST_INT < value < _LARGEST_INT:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping) and depth:
        items = list(cast("Mapping[object, object]", value).items())[:_ITEMS]
        return {safe_str(key): plain(each, depth - 1) for key, each in items}
    if isinstance(value, list | tuple | set | frozenset) and depth:
        several = list(cast("Collection[object]", value))[:_ITEMS]
        return [plain(each, depth - 1) for each in several]
    return safe_repr(whole)
