"""The life of a child as a drawing, made of the very table that runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import final

import attrs

from .._events import State
from ..rules import TRANSITIONS, Cause
from ._graph_rows import Row, drawn


@final
@attrs.frozen
class Lifecycle:
    """The states of a child and what leads from one to the next; it draws itself as `Graph` does.

    States and causes are plain words in every language of drawings.
    """

    table: Mapping[tuple[State, Cause], State] = TRANSITIONS

    @property
    def _states(self) -> list[State]:
        found = (state for (before, _), after in self.table.items() for state in (before, after))
        return [*dict.fromkeys(found)]

    @property
    def _first(self) -> Iterator[State]:
        """The states that nothing leads to."""
        return (state for state in self._states if state not in self.table.values())

    @property
    def _last(self) -> Iterator[State]:
        """The states that nothing leads out of."""
        left = {state for (state, _), after in self.table.items() if after is not state}
        return (state for state in self._states if state not in left)

    def text(self) -> str:
        """Draw it for a terminal: each state with what may follow."""
        follows: dict[State, list[list[str]]] = {}
        for (before, cause), after in self.table.items():
            follows.setdefault(before, []).append([f"{cause} -> {after}"])
        rows = (Row("", "", str(state), said) for state, said in follows.items())
        return "\n".join(drawn(rows))

    def mermaid(self) -> str:
        """Draw it as a state diagram in the language of mermaid."""
        return "\n".join(
            [
                "stateDiagram-v2",
                *(f"  [*] --> {state}" for state in self._first),
                *(
                    f"  {before} --> {after} : {cause}"
                    for (before, cause), after in self.table.items()
                ),
                *(f"  {state} --> [*]" for state in self._last),
            ]
        )

    def dot(self) -> str:
        """Draw it in the language of Graphviz: the first states bold, the last with two lines."""
        return "\n".join(
            [
                "digraph lifecycle {",
                "  node [shape=box, style=rounded]",
                *(f'  {state} [style="rounded,bold"]' for state in self._first),
                *(f"  {state} [peripheries=2]" for state in self._last),
                *(
                    f'  {before} -> {after} [label="{cause}"]'
                    for (before, cause), after in self.table.items()
                ),
                "}",
            ]
        )
