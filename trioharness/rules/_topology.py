"""What must start before what, as a graph of names."""

from __future__ import annotations

import graphlib
import heapq
from collections.abc import Iterable, Mapping, Sequence

from .._errors import CycleError


def start_order(names: Sequence[str], before: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Sort names so that each comes after those it waits for, and otherwise as declared.

    Args:
        names: All names, in the order of declaration.
        before: For each name, the names that must be ready before it starts; names that are not
            in `names` are somebody else's and do not count.

    Returns:
        The names in start order; the reverse is the stop order.

    Raises:
        CycleError: The graph has a cycle; the error names it.
    """
    position = {name: index for index, name in enumerate(names)}
    graph = {name: [other for other in before.get(name, ()) if other in position] for name in names}
    sorter = graphlib.TopologicalSorter(graph)
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        # graphlib gives the cycle from the one that is waited for to the one that waits.
        cycle: list[str] = list(reversed(error.args[1]))
        raise CycleError(
            f"child {cycle[0]!r}",
            f"needs go round in a circle: {' -> '.join(cycle)}",
            "take one of these out of needs= or after=",
        ) from None
    order: list[str] = []
    ready: list[int] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, position[name])
        name = names[heapq.heappop(ready)]
        order.append(name)
        sorter.done(name)
    return tuple(order)
