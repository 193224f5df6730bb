"""The default observer: every event of a tree as a record of the logger ``"trioharness"``.

What belongs to a healthy life is DEBUG; a crash and what follows from it is never silent.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias, assert_never

import attrs

from .._events import (
    ChildChecked,
    ChildCompleted,
    ChildDropped,
    ChildEnded,
    ChildNotRestarted,
    ChildParked,
    ChildReady,
    ChildRestarting,
    ChildStarting,
    ChildStopping,
    ChildStuck,
    ChildWaiting,
    CommandOutput,
    Crashed,
    DeadLettered,
    Event,
    GaveUp,
    Ignored,
    MessagesDropped,
    Observer,
    Returned,
    ShutDown,
    SlowStart,
    Stopped,
    SupervisorEnded,
)
from ._configure import wants_raw
from ._format import as_written, one_line, safe_repr, summary
from ._json_lines import JSONFormatter
from ._story import story_parts

# No NullHandler, which libraries usually add: an application that configures no logging still
# sees its crashes, on stderr through `logging.lastResort`.
_logger = logging.getLogger("trioharness")

_MOST_CHILDREN: Final = 8
"""How many children a start that takes long is told of with."""


def log_observer(event: Event) -> None:
    """Write an event to the logger ``"trioharness"``, a crash with its whole story.

    Crashes, stuck children and dead letters are ERROR; restarts, crashes without one, failed health
    checks, dropped messages and starts that take long WARNING; giving up CRITICAL; being ready or
    passing checks again and the output of commands INFO; everything else DEBUG.
    Each record has the attributes ``event`` (name of the class) and, where they apply,
    ``component``, ``incarnation``, ``restarts``, ``max_restarts``, ``delay``, ``child``,
    ``channel``, ``attempts``, ``count``, ``dropped``, ``stream``, ``in_hand`` (a list of mappings),
    ``error`` (one line) and ``traceback`` (the error as the story tells it). Costs next to nothing
    where the logger is not enabled for the level.

    Args:
        event: what happened.
    """
    level = _level(event)
    if _logger.isEnabledFor(level):
        text, extra = _record_of(event, raw=wants_raw())
        _logger.log(level, text, extra=extra)


@attrs.frozen(kw_only=True)
class LogLine:
    """What the log has of one event."""

    name: str
    """The name of the event's class."""
    level: str
    """``"debug"``, ``"info"``, ``"warning"``, ``"error"`` or ``"critical"``."""
    text: str
    json: str
    """One JSON object, as in a log of the format ``"json"``."""


def log_line(event: Event) -> LogLine:
    """Return what the log has of an event, whether it is enabled or not.

    Args:
        event: The event.
    """
    text, extra = _record_of(event)
    record = logging.LogRecord(_logger.name, _level(event), "", 0, text, None, None)
    record.__dict__.update(extra)
    level, json = record.levelname.lower(), JSONFormatter().format(record)
    return LogLine(name=type(event).__name__, level=level, text=text, json=json)


def is_notable(event: Event) -> bool:
    """Say whether an event is more than a part of a healthy life: at INFO or above in the log.

    Args:
        event: The event.
    """
    return _level(event) > logging.DEBUG


def log_failure(text: str, error: BaseException) -> None:
    """Log what failed inside of trioharness and went no further.

    Args:
        text: What it was doing.
        error: What came of it.
    """
    _logger.error("%s: %s", text, summary(error), exc_info=error)


def log_warning(subject: str, text: str, event: str, code: str) -> None:
    """Log what does no harm yet, and may: a finding that keeps nothing from starting.

    Args:
        subject: Whom it concerns.
        text: The message.
        event: What it is, for programs.
        code: Its kind.
    """
    extra = {"component": subject, "event": event, "code": code}
    _logger.warning("%s", text, extra=extra)


def _record_of(event: Event, *, raw: bool = False) -> tuple[str, dict[str, object]]:
    """Return the text of a record, and its attributes."""
    if not isinstance(event, ChildEnded):
        return _text(event), _extra(event)
    extra = _extra(event)
    text, error = story_parts(event, raw=raw)
    if error:
        text = f"{text}\n{error}"
        extra["traceback"] = error
    return text, extra


log_wants_all: Final[Callable[[], bool]] = functools.partial(_logger.isEnabledFor, logging.DEBUG)
"""Says whether `log_observer` does anything just now with events of a healthy life.

There are many of these: whoever makes them can then save the making.
"""

_Trouble: TypeAlias = ChildNotRestarted | ChildChecked | ChildParked | ChildStuck

_Life: TypeAlias = (
    ChildWaiting
    | ChildStarting
    | ChildReady
    | ChildStopping
    | ChildDropped
    | CommandOutput
    | ChildCompleted
    | _Trouble
)


def _level(event: Event) -> int:
    match event:
        case ChildEnded():
            return _level_of_end(event)
        case ChildRestarting() | ChildNotRestarted() | MessagesDropped() | SlowStart():
            return logging.WARNING
        case ChildChecked():
            return logging.WARNING if event.failures else logging.INFO
        case CommandOutput():
            return logging.INFO
        case ChildReady():
            return logging.INFO if event.incarnation > 1 else logging.DEBUG
        case ChildWaiting() | ChildStarting() | ChildStopping() | ChildDropped():
            return logging.DEBUG
        case ChildCompleted() | SupervisorEnded():
            return logging.DEBUG
        case DeadLettered() | ChildStuck() | ChildParked():
            return logging.ERROR
        case GaveUp():
            return logging.CRITICAL
        case _:
            assert_never(event)


def _level_of_end(event: ChildEnded) -> int:
    match event.exit:
        case Crashed():
            return logging.ERROR
        case Stopped(error=error):
            return logging.DEBUG if error is None else logging.ERROR
        case Returned():
            return logging.DEBUG if event.ready else logging.WARNING
        case ShutDown() | Ignored():
            return logging.INFO
        case _:
            assert_never(event.exit)


def _text(event: Event) -> str:
    match event:
        case ChildEnded():
            return ""  # told by its story
        case ChildRestarting():
            return _restart_text(event)
        case SupervisorEnded():
            return f"{event.path!r} has ended, with everything under it"
        case DeadLettered():
            message, error = one_line(event.message), one_line(event.error)
            many = "1 delivery" if event.attempts == 1 else f"{event.attempts} deliveries"
            return f"{event.channel!r} has a dead letter after {many}: {message}: {error}"
        case MessagesDropped():
            many = "a message" if event.count == 1 else f"{event.count} messages"
            return f"{event.channel!r} is full and dropped {many} ({event.dropped} so far)"
        case SlowStart():
            return "\n".join(_slow_start_lines(event))
        case GaveUp():
            if event.why == "intensity":
                return f"{event.path!r} gave up over {event.child!r}: more than {event.allowed}"
            return f"{event.path!r} shuts down because of {event.child!r}: {event.allowed}"
        case _:
            return f"{event.path!r} {_life_text(event)}"


def _life_text(event: _Life) -> str:
    match event:
        case ChildWaiting():
            return f"waits for {', '.join(event.waits_for)}"
        case ChildStarting():
            return f"starts (incarnation {event.incarnation})"
        case ChildDropped():
            return f"is not started, nothing of it ran: {one_line(event.reason)}"
        case ChildCompleted():
            return "is complete"
        case ChildReady():
            again = f" again (incarnation {event.incarnation})" if event.incarnation > 1 else ""
            return f"is ready{again}"
        case ChildStopping():
            return f"is told to stop: {one_line(event.reason)}"
        case CommandOutput():
            return f"{event.stream}: {as_written(event.line)}"
        case _:
            return _trouble_text(event)


def _trouble_text(event: _Trouble) -> str:
    match event:
        case ChildNotRestarted():
            return f"is not restarted: {one_line(event.because)}"
        case ChildChecked(failures=0):
            return "passes its health check again"
        case ChildChecked():
            many = f"{event.failures} of {event.failure_threshold}"
            return f"failed its health check ({many}): {one_line(event.error)}"
        case ChildParked():
            return f"is parked after more than {event.allowed}; restart it by hand"
        case ChildStuck():
            stuck = f"is stuck (incarnation {event.incarnation}): its grace is over and it runs on"
            return f"{stuck}\n{event.stack.rstrip()}"
        case _:
            assert_never(event)


def _slow_start_lines(event: SlowStart) -> Iterator[str]:
    yield f"{event.path!r} is still starting after {event.seconds:g} s"
    yield from event.children[:_MOST_CHILDREN]
    if len(event.children) > _MOST_CHILDREN:
        yield f"and {len(event.children) - _MOST_CHILDREN} more"


def _restart_text(event: ChildRestarting) -> str:
    when = f"in {event.delay:.2g} s" if event.delay > 0 else "now"
    # A crash that the deliveries of a message limit does not count against the restarts.
    count = f"restart {event.restarts} of {event.max_restarts}" if event.restarts else "not counted"
    return f"{event.path!r} restarts {when} ({count}): {one_line(event.because)}"


def _extra(event: Event) -> dict[str, object]:
    extra: dict[str, object] = {"event": type(event).__name__}
    match event:
        case ChildEnded():
            extra |= _extra_of_end(event)
        case ChildRestarting():
            extra |= {"component": event.path, "incarnation": event.incarnation}
            extra |= {"restarts": event.restarts, "max_restarts": event.max_restarts}
            extra["delay"] = event.delay
        case GaveUp():
            extra |= {"component": event.path, "child": event.child}
        case SupervisorEnded():
            extra["component"] = event.path
        case SlowStart():
            extra |= {"component": event.path, "seconds": event.seconds}
        case DeadLettered():
            extra |= {"channel": event.channel, "attempts": event.attempts, "error": event.error}
        case MessagesDropped():
            extra |= {"channel": event.channel, "count": event.count, "dropped": event.dropped}
        case _:
            life: _Life = event
            extra |= {"component": life.path, "incarnation": life.incarnation}
            if isinstance(life, CommandOutput):
                extra["stream"] = life.stream
            if isinstance(life, ChildChecked) and life.error:
                extra["error"] = life.error
    return extra


def _extra_of_end(event: ChildEnded) -> dict[str, object]:
    extra: dict[str, object] = {"component": event.path, "incarnation": event.incarnation}
    if event.in_hand:
        extra["in_hand"] = [attrs.asdict(held) for held in event.in_hand]
    match event.exit:
        case Crashed(error=error) | Stopped(error=Exception() as error):
            # As text: a record may live long, and an exception keeps its frames alive.
            extra["error"] = summary(error)
        case Stopped() | Returned() | ShutDown() | Ignored():
            pass
        case _:
            assert_never(event.exit)
    return extra


def safely(observer: Observer) -> Observer:
    """Guard an observer: an `Exception` it raises is logged and goes no further.

    The first is logged with its traceback, later ones in one line each, so that a broken observer
    of a busy tree does not bury the log.

    Args:
        observer: anything that takes an event.

    Returns:
        An observer that raises no `Exception`.
    """
    failed = False

    def guarded(event: Event) -> None:
        nonlocal failed
        try:
            observer(event)
        except Exception as error:
            _report(observer, event, error, with_traceback=not failed)
            failed = True

    return guarded


def _report(observer: Observer, event: Event, error: Exception, *, with_traceback: bool) -> None:
    text = (
        f"observer {safe_repr(observer)} raised on {type(event).__name__}, which it thereby "
        f"missed: {summary(error)}"
    )
    try:
        _logger.error(text, exc_info=with_traceback)
    except Exception:
        # The log itself may be what is broken; supervision has to go on whether or not even
        # stderr (None in a windowed program) can take the news.
        with contextlib.suppress(Exception):
            sys.stderr.write(f"{text}\n")
