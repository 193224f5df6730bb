"""An observer that says how much it wants to be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import attrs

from .._events import Event, Observer


@final
@attrs.frozen
class Selective:
    """An observer that may have no use for the events of a healthy life, which are many."""

    observer: Observer
    wants_all: Callable[[], bool]
    """Says whether it has, just now; those are made only then."""

    def __call__(self, event: Event) -> None:
        """Tell the observer."""
        self.observer(event)
