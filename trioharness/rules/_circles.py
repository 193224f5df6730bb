"""What waits for itself, in a graph of what must come before what."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

import attrs

K = TypeVar("K", bound=Hashable)


def circles(before: Mapping[K, Iterable[K]]) -> list[list[K]]:
    """Find the largest sets in which each member comes, however indirectly, before all the others.

    These are the strongly connected components of more than one member, found by Tarjan's algorithm
    ("Depth-first search and linear graph algorithms", 1972) in time that grows with the graph.

    Args:
        before: For each thing, those that come before it.

    Returns:
        The circles, with the members of each in no order.
    """
    search = _Search(before)
    for thing in before:
        if thing not in search.numbers:
            search.walk(thing)
    return search.found


@attrs.define
class _Search(Generic[K]):
    before: Mapping[K, Iterable[K]]
    numbers: dict[K, int] = attrs.field(factory=dict[K, int])
    """When each was first come to."""
    lowest: dict[K, int] = attrs.field(factory=dict[K, int])
    """The lowest number that each is known to lead back to."""
    unsettled: dict[K, None] = attrs.field(factory=dict[K, None])
    """Those whose circle is not known yet, in the order in which they were come to."""
    found: list[list[K]] = attrs.field(factory=list[list[K]])

    def walk(self, root: K) -> None:
        """Go from one to those before it; with a stack of its own, since chains may be long."""
        path = [(root, self._come_to(root))]
        while path:
            thing, others = path[-1]
            for other in others:
                if other not in self.numbers:
                    path.append((other, self._come_to(other)))
                    break
                if other in self.unsettled:
                    self.lowest[thing] = min(self.lowest[thing], self.numbers[other])
            else:
                path.pop()
                if path:
                    before = path[-1][0]
                    self.lowest[before] = min(self.lowest[before], self.lowest[thing])
                self._leave(thing)

    def _come_to(self, thing: K) -> Iterator[K]:
        self.numbers[thing] = self.lowest[thing] = len(self.numbers)
        self.unsettled[thing] = None
        return iter(self.before.get(thing, ()))

    def _leave(self, thing: K) -> None:
        """Settle a circle once the first member that was come to has been gone through."""
        if self.lowest[thing] < self.numbers[thing]:
            return
        circle: list[K] = []
        while thing in self.unsettled:
            circle.append(self.unsettled.popitem()[0])
        if len(circle) > 1:
            self.found.append(circle)
