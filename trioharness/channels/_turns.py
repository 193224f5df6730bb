"""Whose turn it is among the sources of a select that may have something."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any, Protocol, final

import attrs

from ._source import Source


@attrs.define(eq=False)
class Entry:
    """One source of a select."""

    rank: int
    """Its place among the arguments."""
    source: Source[Any]
    news: Callable[[Entry], None]
    """Told when there may be something."""

    def told(self) -> None:
        """Be the watcher of the source."""
        self.news(self)


class Turns(Protocol):
    """The entries that have something, or may have."""

    def add(self, entry: Entry) -> None:
        """Add one that is not there."""
        ...

    def first(self) -> Entry | None:
        """Return whose turn it is; None if there is nobody."""
        ...

    def served(self) -> None:
        """Take note that the first gave something, or raised, and may have more."""
        ...

    def drop(self, entry: Entry) -> None:
        """Drop one that has nothing: it was the first, but others may have come before it."""
        ...


@final
@attrs.define(eq=False)
class InTurn(Turns):
    """One after the other: who was served waits for all others, so nobody starves."""

    entries: deque[Entry] = attrs.field(factory=deque[Entry], init=False)

    def add(self, entry: Entry) -> None:
        """Add one behind all others."""
        self.entries.append(entry)

    def first(self) -> Entry | None:
        """Return who has waited longest."""
        return self.entries[0] if self.entries else None

    def served(self) -> None:
        """Move the first behind all others."""
        self.entries.rotate(-1)

    def drop(self, entry: Entry) -> None:
        """Drop the first."""
        self.entries.popleft()


@final
@attrs.define(eq=False)
class ByRank(Turns):
    """Always the first in the order of the arguments."""

    entries: list[tuple[int, Entry]] = attrs.field(factory=list[tuple[int, Entry]], init=False)
    """A heap. Ranks are unique, so that entries are never compared."""

    def add(self, entry: Entry) -> None:
        """Add one at its rank."""
        heappush(self.entries, (entry.rank, entry))

    def first(self) -> Entry | None:
        """Return the first in rank."""
        return self.entries[0][1] if self.entries else None

    def served(self) -> None:
        """Leave it where it is."""

    def drop(self, entry: Entry) -> None:
        """Drop one, almost always the first."""
        if self.entries[0][1] is entry:
            heappop(self.entries)
        else:
            self.entries.remove((entry.rank, entry))
            heapify(self.entries)
