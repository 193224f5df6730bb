"""The named patterns: each example shows what its docstring says, in a real process."""

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
    "pipeline": ["1", "4", "9", "16", "25", "all stages have ended"],
    "fan_out": ["30 messages, each to one of 3 consumers"],
    "fan_in": ["300 messages of 3 producers, those of each in order"],
    "work_queue": ["dead after 3 attempts: poison", "done: a flaky b"],
    "broadcast": ["archive: 20 21 22 23 24 25", "display: missed 5", "display: 25"],
    "scatter_gather": ["prices: {'far': 12, 'near': 16}", "cancelled: ['lost']"],
    "request_reply": [
        "reply: 3.5",
        "ZeroDivisionError: division by zero",
        (
            "ResponderDied: the responder to a call on 'divide' crashed (MemoryError("
            "'outside of the block: the component crashes')) before it answered; "
            "call again if that does no harm"
        ),
        "its next incarnation: 3.0",
        "nobody: 'answers/divide', which would receive it, is stopped; start it again by hand",
    ],
    "content_routing": [
        (
            "the first that matches, otherwise dead; is_large -> by_hand; Order -> orders; "
            "Cancel -> cancels"
        ),
        "by_hand: Order(number=2, pieces=500)",
        "orders: Order(number=1, pieces=5)",
        "cancels: Cancel(number=1)",
        "dead: gibberish",
    ],
    "over_a_socket": [
        (
            "passed over: cannot decode batch[0].message.type: unknown message; known: 'order' "
            "(version 1) (got 'recall')"
        ),
        "101 orders, 201 pieces",
    ],
    "priority": ["urgent 1", "urgent 2", "usual 1", "usual 2", "usual 3"],
    "old_versions": [
        "Order(id=7, quantity=2.0, currency='EUR')",
        (
            "cannot decode message.version: unknown version; known: 'order' (versions 1 to 3); it "
            "was written by a newer program: update this one (got 4)"
        ),
        "cannot decode order.id: expected an int, not str (got '7')",
        (
            "Codec(Order): format json, lane auto, extra fields refused, at most 1048576 bytes, 32 "
            "levels and 100000 items of a collection"
        ),
        "  'order' (versions 1 to 3): Order, fast lane",
        "    id: int",
        "    quantity: float",
        "    currency: str",
    ],
}

IN_ANY_ORDER = {"broadcast", "content_routing", "work_queue"}
"""Those where several components show something at their own time."""


@pytest.mark.parametrize("name", SHOWN)
def test_a_pattern_shows_what_it_says(name: str, run: Run, tmp_path: Path) -> None:
    done = run(sys.executable, EXAMPLES / f"{name}.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    order = sorted if name in IN_ANY_ORDER else list
    assert order(done.stdout.splitlines()) == order(SHOWN[name])


def test_a_slow_sink_slows_the_source(run: Run, tmp_path: Path) -> None:
    """Two channels of two, and one message in each of the three components, are all there is."""
    done = run(sys.executable, EXAMPLES / "back_pressure.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    words = done.stdout.split()
    assert words[:4] == ["60", "of", "60", "messages"]
    assert 4 <= int(words[-4]) <= 7


@pytest.mark.parametrize("name", [*SHOWN, "back_pressure"])
def test_a_pattern_is_short_and_says_what_it_is(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    docstring = ast.get_docstring(ast.parse(text)) or ""
    assert (
        docstring.lower()
        .replace(" and ", " ")
        .replace("-", " ")
        .startswith(
            {"content_routing": "routing by content", "request_reply": "request reply"}.get(
                name, name.replace("_", " ")
            )
        )
    )
