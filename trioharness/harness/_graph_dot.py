"""A graph in the language of Graphviz, for ``dot -Tsvg`` and all that reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from ._graph_numbers import Numbers, numbered
from ._graph_parts import GraphChannel, GraphFlow, GraphNeed, GraphSupervisor
from ._graph_words import bounds_of, facts_of, kind_of, printable, title_of

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "&": "&amp;"})

_SHAPES = {
    "channel": "cds",
    "topic": "hexagon",
    "subscription": "cds",
    "requests": "parallelogram",
}


def dot(
    root: GraphSupervisor,
    channels: Sequence[GraphChannel],
    needs: Sequence[GraphNeed],
    flows: Sequence[GraphFlow],
) -> str:
    """Draw a graph; the arguments are the fields of `Graph`."""
    numbers = numbered(root, channels, needs)
    lines = [
        "graph [rankdir=LR]",
        "node [shape=box]",
        *_box(root, numbers, [_channel(channel, numbers) for channel in channels]),
        *(
            f"{numbers.channels[channel.topic]} -> {numbers.channels[channel.name]}"
            for channel in channels
            if channel.topic is not None
        ),
        *(_flow(flow, numbers) for flow in flows),
        *(_need(need, numbers) for need in needs),
    ]
    return "\n".join(["digraph harness {", *(f"  {line}" for line in lines), "}"])


def escaped(text: str) -> str:
    """Return a text as it is written in a quoted label.

    A backslash begins a code there, and ``&`` one of HTML's.
    """
    return printable(text).translate(_ESCAPES)


def _label(name: str, *facts: Sequence[str]) -> str:
    lines = [escaped(name), *(", ".join(map(escaped, line)) for line in facts if line)]
    return 'label="' + r"\n".join(lines) + '"'


def _box(supervisor: GraphSupervisor, numbers: Numbers, more: Sequence[str] = ()) -> Iterator[str]:
    # A subgraph is drawn with what is around it if its name begins with "cluster".
    yield f"subgraph cluster_{numbers.boxes[supervisor.path]} {{"
    yield f"  graph [{_label(supervisor.name, facts_of(supervisor))}]"
    if supervisor.path in numbers.nodes:
        yield f"  {numbers.nodes[supervisor.path]} [shape=circle, {_label(supervisor.name)}]"
    for member in supervisor.members:
        if isinstance(member, GraphSupervisor):
            yield from (f"  {line}" for line in _box(member, numbers))
        else:
            label = _label(title_of(member), facts_of(member))
            yield f"  {numbers.nodes[member.path]} [{label}]"
    yield from (f"  {line}" for line in more)
    yield "}"


def _channel(channel: GraphChannel, numbers: Numbers) -> str:
    label = _label(channel.name, kind_of(channel), bounds_of(channel))
    return f"{numbers.channels[channel.name]} [shape={_SHAPES[channel.kind]}, {label}]"


def _flow(flow: GraphFlow, numbers: Numbers) -> str:
    component, channel = numbers.nodes[flow.path], numbers.channels[flow.channel]
    match flow.kind:
        case "sends":
            return f"{component} -> {channel}"
        case "receives":
            return f"{channel} -> {component}"
        case "subscribes":
            return f'{channel} -> {component} [label="subscribes"]'
        case _ as unreachable:
            assert_never(unreachable)


def _need(need: GraphNeed, numbers: Numbers) -> str:
    # Messages go from left to right; what starts first must not push them about.
    label = "after" if need.keyword is None else f"needs {escaped(need.keyword)}"
    style = f'[label="{label}", style=dashed, constraint=false]'
    return f"{numbers.nodes[need.path]} -> {numbers.nodes[need.other]} {style}"
