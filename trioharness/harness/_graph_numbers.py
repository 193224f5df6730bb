"""How the nodes of a graph are called in a language of drawings: by number, whatever their names.

So no name can be a word of the language, and two names that look alike stay two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from ._graph_parts import GraphChannel, GraphComponent, GraphNeed, GraphSupervisor, members_of


@attrs.frozen
class Numbers:
    """The identifiers of one drawing."""

    nodes: Mapping[str, str]
    """By path: those of components, and of supervisors that have a node of their own. These are
    what an edge leads to or from, and those that would be drawn as nothing, being empty."""
    boxes: Mapping[str, str]
    """By path: those of supervisors, as what is drawn around others."""
    channels: Mapping[str, str]
    """By name."""


def numbered(
    root: GraphSupervisor, channels: Sequence[GraphChannel], needs: Sequence[GraphNeed]
) -> Numbers:
    """Number the parts of a graph, in the order in which they were declared."""
    named = {path for need in needs for path in (need.path, need.other)}
    nodes: dict[str, str] = {}
    boxes: dict[str, str] = {}
    for member in members_of(root):
        if isinstance(member, GraphSupervisor):
            boxes[member.path] = f"box{len(boxes)}"
        if isinstance(member, GraphComponent) or member.path in named or not member.members:
            nodes[member.path] = f"node{len(nodes)}"
    return Numbers(
        nodes, boxes, {channel.name: f"channel{i}" for i, channel in enumerate(channels)}
    )
