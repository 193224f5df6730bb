"""The default observer: every event of a tree as a record of the logger ``"trioharness"``.

What belongs to a healthy life is DEBUG; a crash and what follows from it is never silent.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
from collections.abc import Callable
from typing import Final, TypeAlias, assert_never

import attrs

from .._events import (
    ChildCompleted,
    ChildDropped,
    ChildEnded,
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
    Stopped,
    SupervisorEnded,
)
from ._configure import wants_raw
from ._format import as_written, one_line, safe_repr, summary
from ._story import story_parts

# No NullHandler, which libraries usually add: an application that configures no logging still
# sees its crashes, on stderr through `logging.lastResort`.
_logger = logging.getLogger("trioharness")


def log_observer(event: Event) -> None:
    """Write an event to the logger ``"trioharness"``, a crash with its whole story.

    Crashes, stuck children and dead letters are ERROR, restarts and dropped messages WARNING,
    giving up CRITICAL, being ready again and the output of commands INFO, everything else DEBUG.
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
        text, extra = _text(event), _extra(event)
        if isinstance(event, ChildEnded):
            text, error = story_parts(event, raw=wants_raw())
            if error:
                text = f"{text}\n{error}"
                extra["traceback"] = error
        _logger.log(level, text, extra=extra)


log_wants_all: Final[Callable[[], bool]] = functools.partial(_logger.isEnabledFor, logging.DEBUG)
"""Says whether `log_observer` does anything just now with events of a healthy life.

There are many of these: whoever makes them can then save the making.
"""

_Life: TypeAlias = (
    ChildWaiting
    | ChildStarting
    | ChildReady
    | ChildStopping
    | ChildDropped
    | ChildStuck
    | CommandOutput
    | ChildParked
    | ChildCompleted
)


def _level(event: Event) -> int:
    match event:
        case ChildEnded():
            return _level_of_end(event)
        case ChildRestarting() | MessagesDropped():
            return logging.WARNING
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
        case ChildParked():
            return f"is parked after more than {event.allowed}; restart it by hand"
        case ChildStuck():
            stuck = f"is stuck (incarnation {event.incarnation}): its grace is over and it runs on"
            return f"{stuck}\n{event.stack.rstrip()}"
        case _:
            assert_never(event)


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
        case DeadLettered():
            extra |= {"channel": event.channel, "attempts": event.attempts, "error": event.error}
        case MessagesDropped():
            extra |= {"channel": event.channel, "count": event.count, "dropped": event.dropped}
        case _:
            life: _Life = event
            extra |= {"component": life.path, "incarnation": life.incarnation}
            if isinstance(life, CommandOutput):
                extra["stream"] = life.stream
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
