"""What `select` and `merge` take from where an end is a stand-in that tells a life what it takes.

It is a source as `trioharness.channels` has them: it looks for what is there, and waits for
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._faulty_ends import FaultyReceive


class FaultySource:
    """The source of a stand-in: it takes from that of the real end, and gives what has arrived."""

    # Which kind of source the real one is depends on the end.
    def __init__(self, end: FaultyReceive, source: Any) -> None:
        self._end = end
        self._source = source
        self.lasting: bool = source.lasting

    def take(self) -> tuple[FaultyReceive, object] | None:
        """Take the next message that has arrived; None if none has just now."""
        end = self._end
        while not (due := end.due(1)):
            if end.next_due is not None or (pair := self._source.take()) is None:
                return None
            end.keep([pair[1]])
        return end, due[0]

    def acknowledge(self) -> None:
        """Acknowledge what the end has in hand, unless some of it is still to be given."""
        if self._end.next_due is None:
            self._source.acknowledge()

    def watch(self, watcher: Callable[[], None]) -> float:
        """Return when the next message arrives; where none is on its way, call the watcher."""
        due = self._end.next_due
        at: float = self._source.watch(watcher) if due is None else due
        return at

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Do not call the watcher."""
        self._source.unwatch(watcher)

    def meter(self) -> Any:
        """Return the meter of the end."""
        return self._source.meter()

    def problem(self) -> Any:
        """Say why nothing could ever be taken."""
        return self._source.problem()
