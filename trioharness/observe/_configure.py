"""The log of programs that start with `trioharness run`: lines for people, or for programs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final, Literal, TextIO, TypeAlias

from .._errors import ConfigurationError
from ._format import one_line, safe_str, summary

LogFormat: TypeAlias = Literal["text", "json"]

_FORMATS: Final = ("text", "json")

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}


def configure_logging(
    level: str = "info",
    *,
    lines: LogFormat = "text",
    raw: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Show log records as compact lines: ``12:03:04 error   shop/parse-2  crashed ...``.

    For programs that start with `trioharness run`. Do not call it from a library, nor where the
    application configures logging itself: then it only sets the level of ``"trioharness"``.
    Calling it again replaces what the last call did.

    Args:
        level: the least level shown: debug, info, warning, error or critical.
        lines: ``"text"`` for people, or ``"json"`` for one JSON object a line. Its keys come in
            this order, where they apply: ``time`` (ISO 8601, UTC), ``level``, ``logger``, ``path``
            (of the component), ``event``, ``incarnation``, ``message``, ``error`` (with the frames
            of the user's own code), and then what else the record has, by name. What JSON has not
            is shown as its `repr`.
        raw: whether errors are told with every frame and group, as Python does.
        stream: where the lines go; None is `sys.stderr`.

    Raises:
        ConfigurationError: `level` or `lines` is none of these.
    """
    number = _level(level)
    if lines not in _FORMATS:
        raise ConfigurationError(
            "log format", f"there is no format {lines!r}", f"use one of {', '.join(_FORMATS)}"
        )
    ours = logging.getLogger("trioharness")
    ours.setLevel(number)
    root = logging.getLogger()
    for old in _handlers():
        root.removeHandler(old)
        old.close()
    # At the root, so that the application's own loggers are seen in the same lines. But handlers
    # that are there already are the application's decision: a second one would double each line.
    if not ours.hasHandlers():
        root.addHandler(_LineHandler(stream, lines, raw=raw))
        root.setLevel(number)


def wants_raw() -> bool:
    """Whether errors are to be told with every frame and group."""
    return any(handler.raw for handler in _handlers())


def write_json_line(level: str, text: str, facts: Mapping[str, object]) -> bool:
    """Write what a program has to say, whatever the level of the log, if its lines are JSON.

    Args:
        level: How grave it is, as for `configure_logging`.
        text: The message.
        facts: What else the line has.

    Returns:
        Whether they are; if not, nothing was written.
    """
    written = False
    for handler in _handlers():
        if handler.lines == "json":
            record = logging.LogRecord("trioharness", _level(level), "", 0, text, None, None)
            record.__dict__.update(facts)
            handler.handle(record)
            written = True
    return written


def _level(name: str) -> int:
    try:
        return _LEVELS[name.lower()]
    except KeyError:
        raise ConfigurationError(
            "log level", f"there is no level {name!r}", f"use one of {', '.join(_LEVELS)}"
        ) from None


def _handlers() -> list[_LineHandler]:
    return [each for each in logging.getLogger().handlers if isinstance(each, _LineHandler)]


class _LineHandler(logging.StreamHandler[TextIO]):
    """The handler of `configure_logging`, known again by its class."""

    def __init__(self, stream: TextIO | None, lines: LogFormat, *, raw: bool) -> None:
        super().__init__(stream)
        self.lines = lines
        self.raw = raw
        if lines == "json":
            # Here, since it brings json, which who reads lines need not import.
            from ._json_lines import JSONFormatter  # noqa: PLC0415

            self.setFormatter(JSONFormatter(raw=raw))
        else:
            self.setFormatter(_LineFormatter(datefmt="%H:%M:%S"))


class _LineFormatter(logging.Formatter):
    """Time, level, component and text; the further lines of a story are indented."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            text = super().format(record)
        except Exception as error:
            # One record with a wrong number of arguments must not cost more than its own text.
            text = self._line(record, f"this record cannot be formatted: {summary(error)}")
        return text.replace("\n", "\n         ")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return self._line(record, record.message)

    def _line(self, record: logging.LogRecord, text: str) -> str:
        subject = _subject(record)
        level = record.levelname.lower()
        rest = text.removeprefix(f"{subject!r} ")
        return f"{self.formatTime(record, self.datefmt)} {level:<7} {one_line(subject)}  {rest}"


def _subject(record: logging.LogRecord) -> str:
    for name in ("component", "channel"):
        subject = record.__dict__.get(name)
        if isinstance(subject, str):
            return safe_str(subject)
    return record.name
