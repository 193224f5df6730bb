"""How components live: each example shows what it says, in a real process, and is short."""

from __future__ import annotations

import ast
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import trioharness as th
from trioharness.rules import TRANSITIONS, Cause

if TYPE_CHECKING:
    from tests.conftest import Run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

SHOWN = {
    "ping_pong": ["pong 1", "ping 2", "pong 3", "ping 4", "pong 5", "ping 6", "both have ended"],
    "flaky_worker": [
        "done: a",
        "crash 1: refused; 'b' is returned",
        "restart 1 in 10 ms",
        "crash 2: reset by peer; 'b' is returned",
        "restart 2 in 20 ms",
        "done: b",
        "done: c",
    ],
    "graceful_shutdown": [
        "source: told to end",
        "worker: nothing is left",
        "database: closed, with all rows",
        "left behind: 0",
    ],
    "needs": [
        "connection 1 is open",
        "0 s",
        "reader uses connection 1",
        "connection 1 is closed",
        "reader leaves connection 1",
        "1 s",
        "2 s",
        "connection 2 is open",
        "reader uses connection 2",
        "3 s",
        "reader leaves connection 2",
        "connection 2 is closed",
    ],
    "pool": [
        "hello Ada",
        "sessions/session-2 crashed",
        "hello Bo",
        "sessions/session-2 was restarted 1 time",
        (
            "pool 'sessions' has its 2 instances; wait until one ends, or give it a larger "
            "max_children"
        ),
        "sessions/session-1 ended",
        "sessions/session-2 ended",
        "0 are left",
    ],
    "embedding": [
        "serving: sensor",
        "reading 0",
        "reading 0",
        "reading 1",
        "reading 2",
        "plant/sensor was restarted 1 time, because of OSError: the sensor was unplugged",
    ],
}

BY_CHANCE = {"needs", "pool"}
"""Those where trio may run two tasks in either order."""


@pytest.mark.parametrize("name", SHOWN)
def test_a_life_shows_what_it_says(name: str, run: Run, tmp_path: Path) -> None:
    done = run(sys.executable, EXAMPLES / f"{name}.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    order = sorted if name in BY_CHANCE else list
    assert order(done.stdout.splitlines()) == order(SHOWN[name])


@pytest.mark.parametrize("name", [*SHOWN, "lifecycle", "test_worker"])
def test_a_life_is_short_and_says_what_it_is(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    docstring = ast.get_docstring(ast.parse(text)) or ""
    first = name.replace("test_worker", "tests").replace("_", " ")
    assert docstring.lower().replace("-", " ").startswith(first)


def test_the_lifecycle_is_that_of_the_table(run: Run, tmp_path: Path) -> None:
    """All states and all causes; of two steps that are taken at once, the last one is seen."""
    done = run(sys.executable, EXAMPLES / "lifecycle.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lives = [line.partition(": ")[2].split(" > ") for line in done.stdout.splitlines()]
    assert len(lives) == 4
    assert all(life[0] == th.State.PENDING for life in lives)
    assert {state for life in lives for state in life} == set(th.State)
    ways: dict[tuple[str, str], set[Cause]] = {
        (state, after): {cause} for (state, cause), after in TRANSITIONS.items()
    }
    for (state, first), between in TRANSITIONS.items():
        for (other, then), after in TRANSITIONS.items():
            if other is between:
                ways.setdefault((state, after), {first, then})  # where one step does not lead there
    causes = {cause for life in lives for pair in itertools.pairwise(life) for cause in ways[pair]}
    assert causes == set(Cause)
