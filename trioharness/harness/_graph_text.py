"""A graph for a terminal: the tree of components, and below it the tree of channels.

    shop (one_for_one)
    ├── database        transient, background
    └── workers         transient, one_for_all
        └── worker x 4  transient; receives orders; needs pool=database

    channels
    └── orders  channel of Order; holds 64, wait; from nobody; to workers/worker

Channels name who holds them by path; what is needed is the nearest of its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from ._graph_parts import GraphChannel, GraphFlow, GraphMember, GraphNeed, GraphSupervisor
from ._graph_rows import Row, drawn
from ._graph_words import bounds_of, facts_of, kind_of, printable, title_of


@attrs.frozen
class _Graph:
    """What is to be drawn, and how its components are called there."""

    root: GraphSupervisor
    channels: Sequence[GraphChannel]
    needs: Sequence[GraphNeed]
    flows: Sequence[GraphFlow]

    def called(self, path: str) -> str:
        """Return the path of a component from the harness on."""
        return printable(path.removeprefix(f"{self.root.path}/"))

    def said_of(self, member: GraphMember) -> Iterator[list[str]]:
        """Yield all that there is to say of a component or a supervisor."""
        yield facts_of(member)
        for verb, kind in (
            ("receives", "receives"),
            ("subscribes to", "subscribes"),
            ("sends", "sends"),
        ):
            mine = (f for f in self.flows if f.path == member.path and f.kind == kind)
            yield _listed(verb, (printable(flow.channel) for flow in mine))
        needs = [need for need in self.needs if need.path == member.path]
        by_keyword = [(need.keyword, need) for need in needs if need.keyword is not None]
        yield _listed("needs", (f"{printable(key)}={_name(need)}" for key, need in by_keyword))
        yield _listed("after", (_name(need) for need in needs if need.keyword is None))

    def said_of_channel(self, channel: GraphChannel) -> Iterator[list[str]]:
        """Yield all that there is to say of a channel."""
        yield [printable(fact) for fact in kind_of(channel)]
        yield bounds_of(channel)
        mine = [flow for flow in self.flows if flow.channel == channel.name]
        sources = [self.called(flow.path) for flow in mine if flow.kind == "sends"]
        sources += ["outside"] if channel.exposed else []
        targets = [self.called(flow.path) for flow in mine if flow.kind != "sends"]
        if channel.kind != "subscription":
            yield _listed("from", sources or ["nobody"])
        if channel.kind != "topic":
            yield _listed("to", targets or ["nobody"])
        elif targets:
            yield _listed("subscribed by", targets)


def text(
    root: GraphSupervisor,
    channels: Sequence[GraphChannel],
    needs: Sequence[GraphNeed],
    flows: Sequence[GraphFlow],
) -> str:
    """Draw a graph; the arguments are the fields of `Graph`."""
    graph = _Graph(root, channels, needs, flows)
    lines = [f"{printable(root.name)} ({root.strategy})", *drawn(_tree(graph, root))]
    if channels:
        lines += ["", "channels", *drawn(_channel_tree(graph))]
    return "\n".join(lines)


def _tree(graph: _Graph, supervisor: GraphSupervisor, before: str = "") -> Iterator[Row]:
    for member in supervisor.members:
        branch, below = _branches(before, member is supervisor.members[-1])
        inner = isinstance(member, GraphSupervisor) and bool(member.members)
        name = printable(title_of(member))
        yield Row(branch, below + ("│   " if inner else ""), name, [*graph.said_of(member)])
        if isinstance(member, GraphSupervisor):
            yield from _tree(graph, member, below)


def _channel_tree(graph: _Graph) -> Iterator[Row]:
    outer = [channel for channel in graph.channels if channel.topic is None]
    for channel in outer:
        branch, below = _branches("", channel is outer[-1])
        inner = [other for other in graph.channels if other.topic == channel.name]
        said = [*graph.said_of_channel(channel)]
        yield Row(branch, below + ("│   " if inner else ""), printable(channel.name), said)
        for other in inner:
            leaf, after = _branches(below, other is inner[-1])
            yield Row(leaf, after, printable(other.name), [*graph.said_of_channel(other)])


def _branches(before: str, last: bool) -> tuple[str, str]:
    """Return what stands in front of a node, and in front of what is inside of it."""
    return (f"{before}└── ", f"{before}    ") if last else (f"{before}├── ", f"{before}│   ")


def _name(need: GraphNeed) -> str:
    # Of several of that name it is the nearest, as in the program itself.
    return printable(need.other.rpartition("/")[2])


def _listed(verb: str, names: Iterable[str]) -> list[str]:
    found = list(names)
    return [f"{verb} {found[0]}", *found[1:]] if found else []
