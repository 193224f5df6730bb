"""Errors as text for people: one line, or a few lines with the frames of the user's own code.

Rules of the file: everything that is shown is bounded and printable; nothing raises an
`Exception`, whatever ``__str__`` and ``__repr__`` of the objects do; only text leaves it, so that
no frame is kept alive. A `KeyboardInterrupt` that arrives in between passes through, as everywhere.
"""

from __future__ import annotations

import itertools
import linecache
import traceback
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import TypeAlias, cast

from .._errors import RestartLimitExceeded, TrioharnessError

AnyGroup: TypeAlias = BaseExceptionGroup[BaseException]

_PLUMBING = frozenset({"trio", "outcome", "contextlib", "trioharness"})
# trio's text for every nursery, which says nothing that the errors themselves do not say.
_NURSERY_MESSAGE = "Exceptions from Trio nursery"

_MAX_LINE = 300
_MAX_MESSAGE_LINES = 8
_MAX_OUTPUT = 5_000
_MAX_LEAVES = 5
_MAX_FRAMES = 12
_FIRST_FRAMES = 3
_MAX_NOTES = 5
_MAX_CHAIN = 5
_MAX_SUMMARY_LEAVES = 3
_MAX_REMARKS = 10
# A group may hold one group many times over, so that walking it takes exponential time.
_MAX_NODES = 10_000


def summary(error: BaseException) -> str:
    """Say an error in one line: ``SyntaxError: invalid syntax (x.py, line 3)``.

    A group is told by its leaves: ``2 errors: OSError: ..., ValueError: ...``. For where it
    happened, use `crash_story`.

    Args:
        error: any exception; its ``__str__`` may itself be broken.

    Returns:
        One printable line of at most a few hundred characters. Never raises an `Exception`.
    """
    try:
        if issubclass(type(error), BaseExceptionGroup):
            return _summary(error)
        return _leaf_summary(error)
    except Exception:
        return f"{type_name(error)}: <cannot be shown>"


def _summary(error: BaseException) -> str:
    leaves, groups = _flatten(error)
    told = [_leaf_summary(leaf) for leaf in leaves[:_MAX_SUMMARY_LEAVES]]
    text = ", ".join(told)
    if len(leaves) > 1:
        left_out = len(leaves) - len(told)
        text = f"{len(leaves)} errors: {text}" + (f", and {left_out} more" if left_out else "")
    gave_up = [group.message for group in groups if isinstance(group, RestartLimitExceeded)]
    return one_line(": ".join([*gave_up[:1], text]), 2 * _MAX_LINE)


def _leaf_summary(error: BaseException) -> str:
    name, text = type_name(error), one_line(safe_str(error))
    return f"{name}: {text}" if text else name


def error_lines(error: BaseException) -> list[str]:
    """Tell an error in full: its leaves, each with the user's own frames, notes and causes.

    Returns:
        Printable lines, bounded in number and length. Never raises an `Exception`.
    """
    try:
        return _error_lines(error)
    except Exception:
        return [summary(error)]


def error_text(error: BaseException, *, raw: bool = False) -> str:
    """Tell an error in full, as `error_lines` does, or with every frame and group, as Python does.

    Args:
        error: The error.
        raw: Whether it is told as Python does.

    Returns:
        Several lines without a final line break. Never raises an `Exception`.
    """
    if raw:
        try:
            return "".join(traceback.format_exception(error)).rstrip()
        except Exception:
            return f"{summary(error)} <its traceback cannot be shown>"
    return "\n".join(error_lines(error))


def _error_lines(error: BaseException) -> list[str]:
    leaves, groups = _flatten(error)
    remarks = [line for group in groups[:_MAX_REMARKS] for line in _group_lines(group)]
    if len(leaves) == 1:
        # The error itself first: it is the headline of whatever tells the story.
        headline, *rest = _leaf_lines(leaves[0])
        return [headline, *rest, *remarks[:_MAX_REMARKS]]
    lines = [f"{len(leaves)} errors", *remarks[:_MAX_REMARKS]]
    for number, leaf in enumerate(leaves[:_MAX_LEAVES], 1):
        first, *rest = _leaf_lines(leaf)
        lines += [f"{number}. {first}", *(f"   {line}" for line in rest)]
    if len(leaves) > _MAX_LEAVES:
        lines.append(f"... and {len(leaves) - _MAX_LEAVES} more errors")
    return lines


def _flatten(error: BaseException) -> tuple[list[BaseException], list[AnyGroup]]:
    """Take a group apart into its leaves and the groups around them, both in order."""
    leaves: list[BaseException] = []
    groups: list[AnyGroup] = []
    for node in itertools.islice(_walk(error), _MAX_NODES):
        if isinstance(node, BaseExceptionGroup):
            groups.append(cast("AnyGroup", node))
        else:
            leaves.append(node)
    return leaves, groups


def _walk(error: BaseException) -> Iterator[BaseException]:
    # A stack of its own: recursion would end at a thousand groups inside each other.
    waiting = [error]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, BaseExceptionGroup):
            waiting.extend(reversed(cast("AnyGroup", node).exceptions))


def _group_lines(group: AnyGroup) -> Iterator[str]:
    if isinstance(group, RestartLimitExceeded):
        yield one_line(group.message)
    elif group.message != _NURSERY_MESSAGE:
        yield f"{type_name(group)}: {one_line(safe_str(group.message))}"
    # A member that was never raised itself has no frames: where the group was raised says where.
    if any(member.__traceback__ is None for member in group.exceptions):
        yield from _frame_lines(group)
    yield from _note_lines(group)
    yield from _chain_lines(group)


def _leaf_lines(error: BaseException) -> list[str]:
    first, *rest = _text_lines(safe_str(error)) or [""]
    return [
        f"{type_name(error)}: {first}" if first else type_name(error),
        *(f"    {line}" for line in rest),
        *_syntax_lines(error),
        *_frame_lines(error),
        *_note_lines(error),
        *_chain_lines(error),
    ]


def _syntax_lines(error: BaseException) -> Iterator[str]:
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return
    place = one_line(f"{safe_str(error.filename)}:{safe_str(error.lineno)}")
    source = one_line(safe_str(error.text)) if error.text else ""
    yield f"  {place}: {source}" if source else f"  {place}"


def _frame_lines(error: BaseException) -> list[str]:
    frames = _own_frames(error)
    left_out = len(frames) - _MAX_FRAMES
    if left_out <= 0:
        return [_frame_line(*frame) for frame in frames]
    # The way in and the place of the error say more than the middle, which is mostly recursion.
    return [
        *(_frame_line(*frame) for frame in frames[:_FIRST_FRAMES]),
        f"  ... {left_out} frames left out",
        *(_frame_line(*frame) for frame in frames[_FIRST_FRAMES + left_out :]),
    ]


def _own_frames(error: BaseException) -> list[tuple[FrameType, int]]:
    frames = list(traceback.walk_tb(error.__traceback__))
    own = [frame for frame in frames if _package(frame[0]) not in _PLUMBING]
    # Ours say in their sentence what is wrong and with whom. Of others, the place is all there is.
    return own if own or issubclass(type(error), TrioharnessError) else frames[-1:]


def _package(frame: FrameType) -> str:
    # By module, not by path: a user's project may well live in a directory called trio.
    return safe_str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _frame_line(frame: FrameType, lineno: int) -> str:
    source = linecache.getline(frame.f_code.co_filename, lineno, frame.f_globals).strip()
    where = f"  {_place(frame, lineno)} in {one_line(frame.f_code.co_qualname)}"
    return f"{where}: {one_line(source)}" if source else where


def where(frames: Iterable[tuple[FrameType, int]]) -> str:
    """Say where code stands, in one line: ``/home/me/shop/db.py:12 in connect``.

    Args:
        frames: its frames, outermost first.

    Returns:
        The innermost frame that is not plumbing; empty if there is none.
    """
    return next(reversed(places(frames)), "")


def places(frames: Iterable[tuple[FrameType, int]]) -> list[str]:
    """Say where code stands, a line for each frame that is not plumbing.

    Args:
        frames: its frames, outermost first.
    """
    return [
        f"{_place(frame, lineno)} in {one_line(frame.f_code.co_qualname)}"
        for frame, lineno in frames
        if _package(frame) not in _PLUMBING
    ]


def _place(frame: FrameType, lineno: int) -> str:
    return one_line(f"{frame.f_code.co_filename}:{lineno}")


def _note_lines(error: BaseException) -> Iterator[str]:
    notes = cast("object", getattr(error, "__notes__", None))
    if notes is None:
        return
    # Anybody may assign to `__notes__`; `add_note` makes a list.
    listed = cast("list[object]", notes) if isinstance(notes, list) else [notes]
    for note in listed[:_MAX_NOTES]:
        first, *rest = _text_lines(safe_str(note)) or [""]
        yield f"note: {first}"
        yield from (f"    {line}" for line in rest)
    if len(listed) > _MAX_NOTES:
        yield f"... and {len(listed) - _MAX_NOTES} more notes"


def _chain_lines(error: BaseException) -> Iterator[str]:
    seen = {id(error)}
    word, origin = _origin(error)
    while origin is not None and id(origin) not in seen:
        if len(seen) > _MAX_CHAIN:
            yield "... and earlier errors"
            return
        seen.add(id(origin))
        frames = _own_frames(origin)
        where = f" ({_place(*frames[-1])})" if frames else ""
        yield f"{word} {summary(origin)}{where}"
        word, origin = _origin(origin)


def _origin(error: BaseException) -> tuple[str, BaseException | None]:
    if error.__cause__ is not None:
        return "caused by", error.__cause__
    if error.__suppress_context__:
        return "", None
    return "raised while handling", error.__context__


def type_name(value: object) -> str:
    """Name the class of `value`, even where its metaclass makes that hard."""
    try:
        name = type(value).__name__
        return name if name.isidentifier() and len(name) <= _MAX_LINE else one_line(name)
    except Exception:
        return "<unknown class>"


def safe_str(value: object) -> str:
    """Turn `value` into a plain `str`; one that cannot be is named by its class instead."""
    try:
        # A `__str__` may return a subclass of str, whose methods are somebody else's code.
        return str.__str__(str(value))
    except Exception:
        return f"<str of {type_name(value)} failed>"


def safe_repr(value: object) -> str:
    """Return a value as a printable line by its `repr`, or name its class where that fails.

    Args:
        value: Any object.
    """
    try:
        text = str.__str__(repr(value))
    except Exception:
        text = f"<repr of {type_name(value)} failed>"
    return one_line(text)


def one_line(text: str, limit: int = _MAX_LINE) -> str:
    """Return a text as one printable line.

    Args:
        text: The text.
        limit: The most characters of the line.
    """
    if len(text) <= limit and text.isprintable() and "  " not in text and text == text.strip():
        return text  # most are, and there is one for every crash
    return _printable(" ".join(_shorten(text, limit).split()), limit)


def as_written(line: str) -> str:
    """Bring a line of somebody else's output into a printable one, its spaces as they are."""
    return _printable(line.rstrip().expandtabs(4), _MAX_OUTPUT)


def _text_lines(text: str) -> list[str]:
    """Bring `text` into a bounded number of printable lines."""
    lines = _shorten(text, _MAX_MESSAGE_LINES * _MAX_LINE).splitlines()
    shown = [
        _printable(_shorten(line.replace("\t", "    "), _MAX_LINE).rstrip(), _MAX_LINE)
        for line in lines[:_MAX_MESSAGE_LINES]
    ]
    left_out = len(lines) - len(shown)
    return [*shown, f"... {left_out} lines left out"] if left_out else shown


def _shorten(text: str, limit: int) -> str:
    # The end is kept as well: file names and numbers tend to stand there.
    tail = limit // 4
    return text if len(text) <= limit else f"{text[: limit - tail - 5]} ... {text[-tail:]}"


def _printable(text: str, limit: int) -> str:
    if text.isprintable():
        return text
    # Escape codes could repaint a terminal, and lone surrogates (undecodable file names) cannot be
    # encoded, so that the log line would be lost.
    escaped = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
    return _shorten(escaped, limit)
