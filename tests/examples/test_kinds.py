"""The kinds of components: each example shows what it says, in a real process, and is short."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

SHOWN = {
    "in_thread": [
        "the sensor is closed",
        "reading 1",
        "reading 2",
        "reading 3",
        "the sensor is closed",
        "lab/sample was restarted 1 time(s) and is stopped",
    ],
    "command": [
        "supply/pump: pumping",
        "supply/pump: 'sh' exited with code 3: no water",
        "supply/pump: pumping",
        "told to stop",
        "supply/pump: valve closed",
        "supply/pump is stopped",
    ],
    "health": [
        "the store is opened",
        "'shop' is healthy",
        "shop/store: failure 1 of 2: ConnectionError: no reply",
        "shop/store: failure 2 of 2: ConnectionError: no reply",
        "the store is closed",
        "the store is opened",
        "shop/store is degraded for a while: ready True, live True",
        "the store is closed",
    ],
    "every": [
        "size 100",
        "size 300",
        "size 400",
        "reports/report was restarted 1 time(s), because of OSError: the disk is busy",
    ],
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_kind_shows_what_it_says(name: str, run: Run, tmp_path: Path) -> None:
    done = run(sys.executable, EXAMPLES / f"{name}.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == SHOWN[name]


@pytest.mark.parametrize("name", SHOWN)
def test_a_kind_is_short_and_says_what_it_is(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    docstring = ast.get_docstring(ast.parse(text)) or ""
    assert docstring.lower().replace(" a ", " ", 1).startswith(name.replace("_", " "))
