"""What stands for an end of a channel, or for a stream, in the other's words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Self

import attrs


@attrs.define(eq=False, repr=False)
class Wrapped:
    """What wrappers of both kinds and both directions have in common."""

    _inner: Any

    passed_on: ClassVar[frozenset[str]]
    """What has nothing to do with how messages are sent or received: what can do it still can."""

    def __getattr__(self, name: str) -> Any:
        # Not methods: the wrapper must not seem to have what the thing inside has not.
        if name == "clone":
            return partial(self._clone, self._inner.clone)
        if name == "shown_end":  # what a supervisor keeps, and counts by identity
            return getattr(self._inner, "shown_end", self._inner)
        if name in self.passed_on:
            return getattr(self._inner, name)
        raise AttributeError(f"a stream has no {name!r}", name=name, obj=self)

    def _clone(self, clone: Callable[[], object]) -> Self:
        with self._errors():
            return attrs.evolve(self, inner=clone())

    def _errors(self) -> AbstractContextManager[None]:
        """Turn the errors of what is inside into those of the wrapper, in a block."""
        raise NotImplementedError

    def close(self) -> None:
        """Close what is inside."""
        self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
