"""The life of a component, drawn: it says what the table says, all of it and nothing else."""

from __future__ import annotations

import re

import trioharness as th
from tests.harness._drawings import read_dot
from trioharness.harness import lifecycle
from trioharness.harness.graph import Lifecycle
from trioharness.rules import TRANSITIONS, Cause

State = th.State

EXPECTED = sorted(
    (str(state), str(after), str(cause)) for (state, cause), after in TRANSITIONS.items()
)


def test_it_is_the_table_that_runs() -> None:
    assert lifecycle().table is TRANSITIONS


def test_as_text() -> None:
    lines = lifecycle().text().split("\n")
    assert max(map(len, lines)) <= 100
    found: list[tuple[str, str, str]] = []
    state = ""
    for line in lines:
        state = line[:12].strip() or state
        found += [
            (state, after, cause) for cause, after in re.findall(r"(\w+) -> (\w+)", line[12:])
        ]
        assert re.fullmatch(r"(\w+ -> \w+(; |;$|$))+", line[12:])
    assert sorted(found) == EXPECTED


def test_as_mermaid() -> None:
    first, *lines = lifecycle().mermaid().split("\n")
    assert first == "stateDiagram-v2"
    found: list[tuple[str, str, str]] = []
    ends: list[str] = []
    for line in lines:
        arrow = re.fullmatch(r"  (\w+) --> (\w+) : (\w+)", line)
        if arrow:
            found.append((arrow[1], arrow[2], arrow[3]))
        else:
            ends.append(line.strip())
    assert sorted(found) == EXPECTED
    assert ends == ["[*] --> pending", "complete --> [*]"]


def test_as_dot() -> None:
    drawing = lifecycle().dot()
    assert sorted(read_dot(drawing).edges) == EXPECTED
    assert re.findall(r"(\w+) \[style=\"rounded,bold\"\]", drawing) == ["pending"]
    assert re.findall(r"(\w+) \[peripheries=2\]", drawing) == ["complete"]


def test_another_table_is_another_drawing() -> None:
    table = {
        (State.READY, Cause.STOP): State.STOPPING,
        (State.STOPPING, Cause.END): State.STOPPED,
        (State.STOPPING, Cause.STOP): State.STOPPING,
    }
    drawn = Lifecycle(table)
    assert drawn.text() == "ready     stop -> stopping\nstopping  end -> stopped; stop -> stopping"
    assert drawn.mermaid().split("\n")[1:] == [
        "  [*] --> ready",
        "  ready --> stopping : stop",
        "  stopping --> stopped : end",
        "  stopping --> stopping : stop",
        "  stopped --> [*]",
    ]
