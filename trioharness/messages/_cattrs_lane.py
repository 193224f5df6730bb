"""The cattrs lane: messages to builtins and back; it is the contract.

What it takes, gives and refuses is what a codec takes, gives and refuses. The fast lane only ever
says yes, where this one would say the same, or leaves the word to it.

Imported when the first `Codec` is built: who encodes nothing need not import cattrs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ._converter import Hooks
from ._problems import Problem, Reader, Writer, locate
from ._types import TypeLike, survey
from ._wire import Wire


class CattrsLane:
    """The hooks of one codec: quick ones, and such that find out where something was refused."""

    def __init__(self, forms: Sequence[TypeLike], wire: Wire) -> None:
        self._wire = wire
        self._types = survey(forms, wire.sent_as)
        self._quick = Hooks(self._types, wire, marked=False)
        self._marked: Hooks | None = None

    def reader(self, form: TypeLike) -> Reader:
        """Return the hook that turns the payload of `form` into a message."""
        return self._quick.reader(form)

    def writer(self, form: TypeLike) -> Writer:
        """Return the hook that turns a message of `form` into its payload."""
        return self._quick.writer(form)

    def why_not_read(self, form: TypeLike, payload: object, root: str, error: Exception) -> Problem:
        """Read once more what failed with `error`, slowly, to find out where."""
        return self._repeat(lambda hooks: hooks.reader(form)(payload, form), root, payload, error)

    def why_not_written(
        self, form: TypeLike, value: object, root: str, error: Exception
    ) -> Problem:
        """Write once more what failed with `error`, slowly, to find out where."""
        return self._repeat(lambda hooks: hooks.writer(form)(value), root, value, error)

    def _repeat(
        self, attempt: Callable[[Hooks], object], root: str, value: object, error: Exception
    ) -> Problem:
        if self._marked is None:
            self._marked = Hooks(self._types, self._wire, marked=True)
        try:
            attempt(self._marked)
        except RecursionError:
            # The marks need more of the stack, and a path as long as it would help nobody.
            return locate(error, root, value)
        except Exception as marked:  # noqa: BLE001 - validators raise what they like
            return locate(marked, root, value)
        # A validator that refused only the first time: its word, without a path.
        return locate(error, root, value)
