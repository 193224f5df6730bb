"""Lanes: ways to turn messages into builtins and back, all with one meaning.

There is one so far, cattrs', which is the contract. A second one for classes that need nothing
special is to give the same objects and to refuse the same inputs.

Imported when the first `Codec` is built: who encodes nothing need not import cattrs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ._converter import Hooks
from ._problems import Problem, Reader, Writer, locate
from ._types import TypeLike, survey


class CattrsLane:
    """The hooks of one codec: fast ones, and such that find out where something was refused."""

    name = "cattrs"

    def __init__(self, forms: Sequence[TypeLike]) -> None:
        self._types = survey(forms)
        self._fast = Hooks(self._types, marked=False)
        self._marked: Hooks | None = None

    def reader(self, form: TypeLike) -> Reader:
        """Return the hook that turns the payload of `form` into a message."""
        return self._fast.reader(form)

    def writer(self, form: TypeLike) -> Writer:
        """Return the hook that turns a message of `form` into its payload."""
        return self._fast.writer(form)

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
            self._marked = Hooks(self._types, marked=True)
        try:
            attempt(self._marked)
        except RecursionError:
            # The marks need more of the stack, and a path as long as it would help nobody.
            return locate(error, root, value)
        except Exception as marked:  # noqa: BLE001 - validators raise what they like
            return locate(marked, root, value)
        # A validator that refused only the first time: its word, without a path.
        return locate(error, root, value)
