"""Every example runs, in a real process, and ends by itself, or when it is told to."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness._process import HARNESS, running

if TYPE_CHECKING:
    from tests.conftest import Run

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

OUTSIDE = {"__init__.py", "__pycache__", "README.md"}

GOES_ON = {"hostwatch": "alerts are asked for at port"}
"""Those that do not end by themselves, with the line by which they show that they are there."""

ENTRIES = sorted(entry for entry in EXAMPLES.iterdir() if entry.name not in OUTSIDE)


def test_there_are_examples() -> None:
    assert "codeindex" in {entry.name for entry in ENTRIES}


@pytest.mark.parametrize("example", ENTRIES, ids=lambda entry: entry.stem)
def test_an_example_runs(example: Path, run: Run, tmp_path: Path) -> None:
    if example.is_dir():
        # A program of several modules has arguments, output and endings worth tests of its own.
        assert_tested(example.name)
        run_application(example.name, run, tmp_path)
        return
    assert example.suffix == ".py", "neither a script nor a package, so nothing can run it"
    assert len(example.read_text(encoding="utf-8").splitlines()) <= 80, "too long to be one thought"
    if example.name.startswith("test_"):
        # Tests of one's own are an example as well; from elsewhere, so without our configuration.
        copy = shutil.copy(example, tmp_path)
        done = run(sys.executable, "-m", "pytest", "-q", "-o", "trio_mode=true", copy, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout[-2000:]
        assert " passed" in done.stdout
        return
    done = run(sys.executable, example, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip(), "an example that shows nothing teaches nothing"


def run_application(name: str, run: Run, folder: Path) -> None:
    words = (*HARNESS, "run", f"{EXAMPLES.name}.{name}:app", "--app-dir", str(EXAMPLES.parent))
    if name in GOES_ON:
        with running(*words, cwd=folder) as process:
            process.wait_for(GOES_ON[name], "stderr")
            process.tell(signal.SIGTERM)
            assert process.ends() == -signal.SIGTERM, process.stderr
        return
    done = run(*words, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()


def assert_tested(name: str) -> None:
    tests = EXAMPLES.parent / "tests" / "examples"
    own = [*tests.glob(f"test_{name}*.py"), *(tests / name).glob("test_*.py")]
    assert own, f"write tests/examples/test_{name}.py"
    assert any("def test_" in file.read_text(encoding="utf-8") for file in own)
