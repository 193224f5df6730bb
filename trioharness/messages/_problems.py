"""How a hook says that a value will not do, and how that becomes a path, a reason and a value.

Hooks of the fast pass raise `Refused` and know nothing of where they are. Only when a pass has
failed it is repeated with hooks that wrap each step in `Inside`; `locate` then reads the path off.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeAlias

import attrs

Reader: TypeAlias = Callable[[object, Any], object]
"""Turns builtins into a value: a cattrs structure hook, given the type as well."""

Writer: TypeAlias = Callable[[Any], object]
"""Turns a value into builtins: a cattrs unstructure hook."""

_SHOWN: Final = 200
"""Characters of a foreign error's text that a reason quotes."""

_shorten = reprlib.Repr()
_shorten.maxlevel = 3
_shorten.maxdict = _shorten.maxlist = _shorten.maxtuple = _shorten.maxset = 4
_shorten.maxstring = _shorten.maxother = 60


class Refused(Exception):
    """A value that does not fit; the codec turns it into an error of the tree."""

    def __init__(self, reason: str, value: object, *, at: str = "", unknown: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.shown = shorten(value)
        self.at = at
        """Path from where the hook stood to the offender: ``".version"``."""
        self.unknown = unknown
        """Whether it is about a wire name or version that nobody declared."""


class Missing(Refused):
    """A field that is not there, so that there is no value to show."""

    def __init__(self) -> None:
        super().__init__("the field is missing", None)
        self.shown = ""


class Inside(Exception):
    """Marks one step of the path on which an error came up."""

    def __init__(self, step: str, value: object, error: Exception) -> None:
        super().__init__(step)
        self.step = step
        self.value = value
        self.error = error


@attrs.frozen
class Problem:
    """Where a message was refused, and why."""

    path: str
    reason: str
    shown: str
    unknown: bool
    cause: BaseException | None
    """What a validator, a converter or an upgrade raised; None when the codec itself said no."""


def step_into(step: str, hook: Callable[..., object], value: object, *args: object) -> object:
    """Call `hook` with the value, and mark what it raises with the step that led there."""
    try:
        return hook(value, *args)
    except RecursionError:
        raise  # a path as long as the stack would help nobody
    except Exception as error:
        raise Inside(step, value, error) from error


def locate(error: Exception, root: str, value: object) -> Problem:
    """Follow the marks of `error` down from `root`, which has `value`."""
    path = root
    while isinstance(error, Inside):
        path, value, error = path + error.step, error.value, error.error
    if isinstance(error, Refused):
        return Problem(path + error.at, error.reason, error.shown, error.unknown, error.__cause__)
    if isinstance(error, RecursionError):
        return Problem(path, "it is nested too deeply, or contains itself", "", False, None)
    return Problem(path, _words(error), shorten(value), False, error)


def shorten(value: object) -> str:
    """Return a `repr` of at most about 60 characters, whatever the size of the value."""
    try:
        return _shorten.repr(value)
    except ValueError:  # an int of more digits than Python likes to print
        return f"a very long {type(value).__name__}"


def refuse(expected: str, value: object) -> NoReturn:
    """Refuse `value`, since `expected` (with its article) is wanted here."""
    got = "null" if value is None else f"{type(value).__name__}"
    raise Refused(f"expected {expected}, not {got}", value)


def _words(error: Exception) -> str:
    # attrs' own validators put the attribute, the type and the value behind their sentence
    first = error.args[0] if error.args else ""
    text = first if isinstance(first, str) and first else str(error)
    named = text if isinstance(error, ValueError | TypeError) and text else repr(error)
    return named if len(named) <= _SHOWN else f"{named[:_SHOWN]}…"
