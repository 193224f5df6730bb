"""Reads drawings back, strictly: what is not of the small language that we write is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs


@attrs.define
class Read:
    """What a drawing says. A box or a node has its label, as lines; the rest goes by identifier."""

    labels: dict[str, list[str]] = attrs.field(factory=dict[str, list[str]])
    inside: dict[str, str] = attrs.field(factory=dict[str, str])
    """The box of each node and each box."""
    edges: list[tuple[str, str, str]] = attrs.field(factory=list[tuple[str, str, str]])
    """From where, to where, and what stands at it."""

    def called(self, identifier: str) -> str:
        return self.labels[identifier][0]

    def path(self, identifier: str) -> str:
        above = self.inside.get(identifier)
        name = self.called(identifier)
        return name if above is None else f"{self.path(above)}/{name}"

    def named_edges(self) -> list[tuple[str, str, str]]:
        return [(self.called(a), self.called(b), label) for a, b, label in self.edges]


# dot

_TOKEN = re.compile(r'\s*(?:([A-Za-z_]\w*|\d+)|"((?:[^"\\\n]|\\.)*)"|(->|[{}\[\]=,]))')
_CODE = re.compile(r"\\(.)|&(\w*;?)|([^\\&])", re.DOTALL)


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    end = 0
    source = source.rstrip()
    while end < len(source):
        found = _TOKEN.match(source, end)
        assert found is not None, f"no word of dot: {source[end : end + 40]!r}"
        end = found.end()
        word, quoted, sign = found.groups()
        if word is not None:
            yield "id", word
        elif quoted is not None:
            yield "text", quoted
        else:
            yield "sign", sign


def _plain(quoted: str) -> list[str]:
    """The lines that Graphviz shows for a quoted label."""
    shown: list[str] = []
    for escape, entity, plain in _CODE.findall(quoted):
        if escape:
            shown.append({"\\": "\\", '"': '"', "n": "\n"}[escape])
        elif plain:
            shown.append(plain)
        else:
            assert entity == "amp;", f"means something to Graphviz: &{entity}"
            shown.append("&")
    return "".join(shown).split("\n")


def read_dot(source: str) -> Read:
    tokens = list(_tokens(source))
    read, boxes = Read(), list[str]()

    def take(kind: str, value: str | None = None) -> str:
        found = tokens.pop(0)
        assert found[0] == kind, found
        assert value in {None, found[1]}, found
        return found[1]

    def attributes() -> dict[str, str]:
        found: dict[str, str] = {}
        if tokens[0] != ("sign", "["):
            return found
        take("sign", "[")
        while True:
            key = take("id")
            take("sign", "=")
            found[key] = tokens.pop(0)[1]
            if tokens.pop(0) == ("sign", "]"):
                return found

    take("id", "digraph")
    take("id")
    take("sign", "{")
    while True:
        kind, word = tokens.pop(0)
        if (kind, word) == ("sign", "}"):
            if not boxes:
                assert tokens == []
                return read
            boxes.pop()
        elif word == "subgraph":
            box = take("id")
            assert box.startswith("cluster_")
            take("sign", "{")
            if boxes:
                read.inside[box] = boxes[-1]
            boxes.append(box)
        elif tokens[0] == ("sign", "->"):
            take("sign", "->")
            other = take("id")
            label = attributes().get("label", "")
            read.edges.append((word, other, "\n".join(_plain(label))))
        else:
            found = attributes()
            if "label" in found:
                subject = boxes[-1] if word == "graph" else word
                assert subject not in read.labels
                read.labels[subject] = _plain(found["label"])
                if word != "graph":
                    read.inside[word] = boxes[-1]


# mermaid

_LABEL = r'"([^"\n]*)"'
_SHAPE = re.compile(
    rf"(\w+)(?:\[{_LABEL}\]|\(\({_LABEL}\)\)|\(\[{_LABEL}\]\)|\{{\{{{_LABEL}\}}\}}|\[/{_LABEL}/\])"
)
_ARROW = re.compile(rf"(\w+) (?:-->|-\.->)(?:\|{_LABEL}\|)? (\w+)")
_SAFE = re.compile(r"#(\d+);|([^\W_]|[ ,|])|(?<=[^\W_])([-_./])(?=[^\W_])")


def _decoded(label: str) -> list[str]:
    lines: list[str] = []
    for line in label.split("<br/>"):
        shown, end = "", 0
        while end < len(line):
            found = _SAFE.match(line, end)
            assert found is not None, f"means something to mermaid: {line[end:]!r}"
            end = found.end()
            shown += chr(int(found[1])) if found[1] else found[0]
        lines.append(shown)
    return lines


def read_mermaid(source: str) -> Read:
    first, *lines = source.split("\n")
    assert first == "flowchart LR"
    read, boxes = Read(), list[str]()
    for line in map(str.strip, lines):
        if line == "end":
            boxes.pop()
            continue
        arrow = _ARROW.fullmatch(line)
        if arrow:
            assert not boxes
            read.edges.append((arrow[1], arrow[3], "".join(_decoded(arrow[2] or ""))))
            continue
        shape = _SHAPE.fullmatch(line.removeprefix("subgraph "))
        assert shape is not None, line
        assert shape[1] not in read.labels
        read.labels[shape[1]] = _decoded(
            next(part for part in shape.groups()[1:] if part is not None)
        )
        if boxes:
            read.inside[shape[1]] = boxes[-1]
        if line.startswith("subgraph "):
            boxes.append(shape[1])
    assert not boxes
    return read
