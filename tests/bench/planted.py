"""A slow-down that the gate has to see: ``python -m tests.bench.planted``, which takes a minute.

A copy of the package has a `send` that is a tenth slower. Sending is about half of a message, so a
message then takes a twentieth more; what exactly, is printed. Exit code 0 if the gate lets the
package as it is pass, and fails the copy.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROW = "one by one"
SEND = Path("trioharness/channels/_send.py")
BEFORE = """\
        state = self._state
        item: Item = value
"""
TURNS = 22
"""Turns of an empty loop that take a tenth of what a send does."""

JUDGE = f"""
import json, random
from bench._measure import measure_row
from bench._model import FULL, OURS
from bench._run import load_group
from bench._verdict import judge

(row,) = [row for row in load_group("instructions").rows if row.name == {ROW!r}]
result = measure_row(row, FULL, random.Random(0), tell=lambda *_: None)
verdict = judge(result, row.goals[0]).verdict.value
print(json.dumps([verdict, result.figures(OURS)[0]]))
"""


def judged(root: Path) -> tuple[str, float]:
    """Return the verdict of the gate on the package under `root`, and what a message takes."""
    done = subprocess.run(
        [sys.executable, "-c", JUDGE], cwd=root, check=True, capture_output=True, text=True
    )
    verdict, figure = json.loads(done.stdout)
    return verdict, figure


def plant(root: Path) -> None:
    """Put a copy of package and bench under `root`, in which a send takes longer."""
    for folder in ("bench", "trioharness"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / SEND).read_text(encoding="utf-8")
    if text.count(BEFORE) != 1:
        raise ValueError(f"{SEND} has not just one place for the loop: mend BEFORE")
    loop = f"        for _ in range({TURNS}):\n            pass\n"
    (root / SEND).write_text(text.replace(BEFORE, loop + BEFORE), encoding="utf-8")


def main() -> int:
    """Judge both, and say what came of it."""
    verdict, figure = judged(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        plant(Path(folder))
        planted_verdict, planted = judged(Path(folder))
    print(f"as it is: {verdict}, {figure:,.0f} instructions a message")
    print(f"planted:  {planted_verdict}, {planted:,.0f}, which is {planted / figure - 1:.1%} more")
    return 0 if verdict.startswith("PASS") and planted_verdict == "FAIL" else 1


if __name__ == "__main__":
    sys.exit(main())
