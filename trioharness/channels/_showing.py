"""What a view shows of each message, and what becomes of calls that it does not show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import attrs

from .._util import callable_name
from ._request import Request

LEFT_OUT: Final = object()
"""In place of what is shown for a message: nothing."""


@attrs.frozen
class Step:
    """One function through which messages are seen."""

    function: Callable[[Any], Any]
    keeps: bool
    """It says whether a message is shown; else it returns what is shown in its place."""

    def __str__(self) -> str:
        return f"{'filter' if self.keeps else 'map'} {callable_name(self.function)!r}"


@attrs.frozen
class Showing:
    """The functions of a view and of the views below it, from the end on.

    They are kept in one place, and not each in its own view, because a call has to fail that is not
    shown, and what a function sees after a `mapped` need be no request any more.
    """

    steps: tuple[Step, ...]

    def one(self, message: Any) -> Any:
        """Return what is shown for a message, or `LEFT_OUT`.

        Raises:
            Exception: Whatever a function raises; a call has failed then.
        """
        shown = message
        for step in self.steps:
            try:
                if not step.keeps:
                    shown = step.function(shown)
                elif not step.function(shown):  # the truth of which may raise as well
                    fail([message], str(step))
                    return LEFT_OUT
            except Exception as error:
                fail([message], f"{step}, which raised {error!r}", error)
                raise
        return shown

    def many(self, messages: list[Any]) -> list[Any]:
        """Return what is shown for a batch.

        Raises:
            Exception: Whatever a function raises; all calls of the batch have failed then.
        """
        try:
            return [new for old in messages if (new := self.one(old)) is not LEFT_OUT]
        except Exception as error:
            fail(messages, f"a view that raised {error!r} for another of its batch", error)
            raise


def fail(messages: Iterable[Any], by: str, error: Exception | None = None) -> None:
    """Fail those messages that are calls: what has taken them passes them on to nobody."""
    for message in messages:
        if isinstance(message, Request):
            message._leave_out(by, error)
