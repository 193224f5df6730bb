"""The crash story: what a person wants to know of a crash, in a few lines.

    'shop/parse-2' crashed (incarnation 3, after it was ready)
    in hand: File(path='x.py') from channel 'files', delivery 2 of 3: back in front of its channel
    SyntaxError: invalid syntax (x.py, line 3)
      x.py:3: def f(:
      /home/me/shop/parse.py:31 in parse: tree = ast.parse(text, path)
    caused by KeyError: 'lines' (/home/me/shop/parse.py:12)

Frames of trio, outcome, contextlib and trioharness are left out: they are the same in every crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from .._errors import RestartLimitExceeded
from .._events import ChildEnded, Crashed, Fate, Ignored, InHand, Returned, ShutDown, Stopped
from ._format import error_lines, error_text, one_line, safe_repr, safe_str, summary

_MAX_IN_HAND = 5
_MAX_ATTEMPTS = 20

_FATES: dict[Fate, str] = {
    "acknowledged": "acknowledged, done with",
    "returned": "back in front of its channel",
    "dead": "now a dead letter",
}


def crash_story(event: ChildEnded, *, then: str = "") -> str:
    """Tell how an incarnation ended: who, which message was in hand, and what the error was.

    For one line use `summary`. The text is for people; its wording may change at any time, so
    programs should read the event itself.

    Args:
        event: the end to tell of; one without an error gives a short story.
        then: what happens next, added as the last line.

    Returns:
        Several printable lines without a final line break, bounded in number and length. Never
        raises an `Exception`, whatever the user's objects do, and keeps no frame alive.
    """
    told, error = story_parts(event)
    return "\n".join(filter(None, (told, error, one_line(then))))


def story_parts(event: ChildEnded, *, raw: bool = False) -> tuple[str, str]:
    """Tell how an incarnation ended, in two parts: what happened, and the error.

    Args:
        event: The end to tell of.
        raw: Whether the error is told with every frame and group, as Python does.

    Returns:
        Both texts; that of the error is empty where there is none. Never raises an `Exception`.
    """
    try:
        told = "\n".join(_story_lines(event))
        error = _error(event)
    except Exception:
        return f"{safe_repr(event.path)} ended; the story of it cannot be told", ""
    return told, "" if error is None else error_text(error, raw=raw)


def _story_lines(event: ChildEnded) -> Iterator[str]:
    when = "after" if event.ready else "before"
    life = f"(incarnation {event.incarnation}, {when} it was ready)"
    yield f"{safe_repr(event.path)} {_ending(event)} {life}"
    yield from _in_hand_lines(event.in_hand)


def _ending(event: ChildEnded) -> str:
    match event.exit:
        case Crashed():
            return "crashed"
        case Stopped(reason=reason, error=None):
            return f"stopped, as told: {one_line(reason)}"
        case Stopped(reason=reason):
            return f"was told to stop ({one_line(reason)}) and its clean-up raised"
        case Returned():
            return "returned"
        case ShutDown(term=term):
            return f"ended on purpose: {one_line(safe_str(term))}"
        case Ignored(reason=reason):
            return f"declined to start: {one_line(reason)}" if reason else "declined to start"
        case _:
            assert_never(event.exit)


def _error(event: ChildEnded) -> Exception | None:
    match event.exit:
        case Crashed(error=error) | Stopped(error=error):
            return error
        case Returned() | ShutDown() | Ignored():
            return None
        case _:
            assert_never(event.exit)


def _in_hand_lines(in_hand: tuple[InHand, ...]) -> Iterator[str]:
    for held in in_hand[:_MAX_IN_HAND]:
        yield (
            f"in hand: {one_line(safe_str(held.message))} from channel {safe_repr(held.channel)}, "
            f"delivery {held.attempt} of {held.max_deliveries}: {_FATES[held.fate]}"
        )
    if len(in_hand) > _MAX_IN_HAND:
        yield f"... and {len(in_hand) - _MAX_IN_HAND} more messages in hand"


def restart_limit_story(error: RestartLimitExceeded) -> str:
    """Tell why a supervisor gave up: every attempt in order, for the end of the program.

    An attempt that failed just as the one before it is told in one line.

    Args:
        error: what the supervisor raised.

    Returns:
        Several printable lines without a final line break, bounded in number and length. Never
        raises an `Exception`, whatever the user's objects do, and keeps no frame alive.
    """
    try:
        return "\n".join(_history_lines(error))
    except Exception:
        return summary(error)


def _history_lines(error: RestartLimitExceeded) -> Iterator[str]:
    attempts = error.exceptions
    first = max(len(attempts) - _MAX_ATTEMPTS, 0)
    yield one_line(error.message)
    if first:
        yield f"... {first} earlier errors left out"
    before: list[str] = []
    for number, attempt in enumerate(attempts[first:], first + 1):
        lines = error_lines(attempt)
        # The notes tell child, incarnation and time, which differ; the error itself may not.
        body = [line for line in lines if not line.startswith("note: ")]
        shown = lines if body != before else [*_same_again(lines)]
        yield f"{number}. {shown[0]}"
        yield from (f"   {line}" for line in shown[1:])
        before = body


def _same_again(lines: list[str]) -> Iterator[str]:
    yield f"{lines[0]} (as before)"
    yield from (line for line in lines if line.startswith("note: "))
