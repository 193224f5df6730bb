"""A graph as a flowchart of mermaid.

What is shown stands in quotes, where letters, digits and spaces are safe, and nearly nothing else
is: a quote ends the label, ``#`` begins a code, a line with ``style`` and a colon loses one of its
semicolons, ``%%{`` is a directive anywhere, and newer versions read Markdown. All else is written
as a code, therefore, but for a few signs between two letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from ._graph_numbers import Numbers, numbered
from ._graph_parts import GraphChannel, GraphFlow, GraphNeed, GraphSupervisor
from ._graph_words import bounds_of, facts_of, kind_of, printable, title_of

_SAFE = frozenset(" ,|")
_SAFE_BETWEEN_LETTERS = frozenset("_-./")

_SHAPES = {
    "channel": ("([", "])"),
    "topic": ("{{", "}}"),
    "subscription": ("([", "])"),
    "requests": ("[/", "/]"),
}


def mermaid(
    root: GraphSupervisor,
    channels: Sequence[GraphChannel],
    needs: Sequence[GraphNeed],
    flows: Sequence[GraphFlow],
) -> str:
    """Draw a graph; the arguments are the fields of `Graph`."""
    numbers = numbered(root, channels, needs)
    lines = [
        *_box(root, numbers, [_channel(channel, numbers) for channel in channels]),
        *(
            f"{numbers.channels[channel.topic]} --> {numbers.channels[channel.name]}"
            for channel in channels
            if channel.topic is not None
        ),
        *(_flow(flow, numbers) for flow in flows),
        *(_need(need, numbers) for need in needs),
    ]
    return "\n".join(["flowchart LR", *(f"  {line}" for line in lines)])


def escaped(text: str) -> str:
    """Return a text as it is written in a quoted label."""
    shown = printable(text)
    padded = f" {shown} "
    around = zip(padded[:-2], shown, padded[2:], strict=True)
    return "".join(
        char if _is_safe(before, char, after) else f"#{ord(char)};"
        for before, char, after in around
    )


def _is_safe(before: str, char: str, after: str) -> bool:
    if char in _SAFE_BETWEEN_LETTERS:
        return before.isalnum() and after.isalnum()
    return char in _SAFE or char.isalnum()


def _label(name: str, *facts: Sequence[str]) -> str:
    lines = [escaped(name), *(", ".join(map(escaped, line)) for line in facts if line)]
    return f'"{"<br/>".join(lines)}"'


def _box(supervisor: GraphSupervisor, numbers: Numbers, more: Sequence[str] = ()) -> Iterator[str]:
    label = _label(supervisor.name, facts_of(supervisor))
    yield f"subgraph {numbers.boxes[supervisor.path]}[{label}]"
    if supervisor.path in numbers.nodes:
        yield f"  {numbers.nodes[supervisor.path]}(({_label(supervisor.name)}))"
    for member in supervisor.members:
        if isinstance(member, GraphSupervisor):
            yield from (f"  {line}" for line in _box(member, numbers))
        else:
            label = _label(title_of(member), facts_of(member))
            yield f"  {numbers.nodes[member.path]}[{label}]"
    yield from (f"  {line}" for line in more)
    yield "end"


def _channel(channel: GraphChannel, numbers: Numbers) -> str:
    opening, closing = _SHAPES[channel.kind]
    label = _label(channel.name, kind_of(channel), bounds_of(channel))
    return f"{numbers.channels[channel.name]}{opening}{label}{closing}"


def _flow(flow: GraphFlow, numbers: Numbers) -> str:
    component, channel = numbers.nodes[flow.path], numbers.channels[flow.channel]
    match flow.kind:
        case "sends":
            return f"{component} --> {channel}"
        case "receives":
            return f"{channel} --> {component}"
        case "subscribes":
            return f'{channel} -->|"subscribes"| {component}'
        case _ as unreachable:
            assert_never(unreachable)


def _need(need: GraphNeed, numbers: Numbers) -> str:
    label = "after" if need.keyword is None else f"needs {escaped(need.keyword)}"
    return f'{numbers.nodes[need.path]} -.->|"{label}"| {numbers.nodes[need.other]}'
