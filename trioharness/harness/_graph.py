"""The graph of a harness as data, and the three ways to draw it."""

from __future__ import annotations

import attrs

from ._graph_dot import dot
from ._graph_mermaid import mermaid
from ._graph_parts import GraphChannel, GraphFlow, GraphNeed, GraphSupervisor
from ._graph_text import text


@attrs.frozen(kw_only=True)
class Graph:
    """What a harness consists of and how it hangs together, from `Harness.graph`; `str` draws it.

    The same harness gives the same graph, and the same graph the same drawings, so that a drawing
    can be kept under version control.
    """

    root: GraphSupervisor
    """The harness, with all its components."""
    channels: tuple[GraphChannel, ...]
    """All channels, topics, subscriptions and requests, as declared."""
    needs: tuple[GraphNeed, ...]
    """Who starts after whom, by ``needs=`` and ``after=``."""
    flows: tuple[GraphFlow, ...]
    """Who was given which end of which channel."""

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Draw it for a terminal: the tree of components, and below it the channels.

        Lines are kept within 100 columns, where no name is too long for that.
        """
        return text(self.root, self.channels, self.needs, self.flows)

    def mermaid(self) -> str:
        """Draw it as a flowchart in the language of mermaid, which Markdown pages can show."""
        return mermaid(self.root, self.channels, self.needs, self.flows)

    def dot(self) -> str:
        """Draw it in the language of Graphviz: ``dot -Tsvg`` makes a picture of it."""
        return dot(self.root, self.channels, self.needs, self.flows)
