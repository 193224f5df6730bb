"""Evidence is what programs printed, whether they went well or not."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import evidence
from tests.evidence import Step, collect, steps

SERVICE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("receipt")))
print("serving")
signal.pause()
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); signal.pause()"


def python(program: str, **options: Any) -> Step:
    """Return a step that runs a program of Python."""
    command = [sys.executable, "-c", program]
    return Step(file="it.txt", about="what it shows", command=command, **options)


def collected(folder: Path, step: Step) -> tuple[int, str]:
    """Return the exit code of collecting one step, and what its file says."""
    code = collect(folder, [step], say=io.StringIO())
    return code, (folder / step.file).read_text()


def test_a_file_has_all_that_was_printed_and_the_readme_how(tmp_path: Path) -> None:
    step = python("import sys; print('out', flush=True); print('err', file=sys.stderr)")
    assert collected(tmp_path / "new", step) == (0, "out\nerr\n")
    readme = (tmp_path / "new" / "README.md").read_text()
    assert "| it.txt | what it shows | `python -c " in readme
    assert readme.endswith("` | 0 | 0 |\n")


def test_a_step_that_fails_is_told_and_stops_no_other(tmp_path: Path) -> None:
    said = io.StringIO()
    chosen = [
        python("print('so far'); raise SystemExit(3)"),
        Step(file="gone.txt", about="nothing", command=["no such program"]),
        Step(file="last.txt", about="it goes on", command=[sys.executable, "-c", "print('on')"]),
    ]
    assert collect(tmp_path, chosen, say=said) == 1
    assert (tmp_path / "it.txt").read_text() == "so far\n"
    assert (tmp_path / "gone.txt").read_text().startswith("it did not run: ")
    assert (tmp_path / "last.txt").read_text() == "on\n"
    assert "exit code 3" in said.getvalue()
    codes = [
        line.split(" | ")[-2] for line in (tmp_path / "README.md").read_text().splitlines()[7:]
    ]
    assert codes == ["3", "127", "0"]


def test_a_service_is_told_to_end(tmp_path: Path) -> None:
    assert collected(tmp_path, python(SERVICE, stop_after=1)) == (0, "serving\nreceipt\n")
    assert "`; `kill -TERM` after 1 s |" in (tmp_path / "README.md").read_text()


def test_a_service_has_to_say_how_it_ended(tmp_path: Path) -> None:
    dies = python("import signal; print('serving'); signal.pause()", stop_after=1, says="receipt")
    assert collected(tmp_path, dies) == (1, "serving\n")
    tells = python(SERVICE, stop_after=1, says="receipt")
    assert collected(tmp_path, tells) == (0, "serving\nreceipt\n")


def test_a_service_that_ends_by_itself_is_no_service(tmp_path: Path) -> None:
    assert collected(tmp_path, python("print('bye')", stop_after=60)) == (1, "bye\n")


def test_what_does_not_end_is_ended_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "_PATIENCE", 0.2)
    code, said = collected(tmp_path, python(DEAF, stop_after=1))
    assert code == 1
    assert said.startswith("deaf\nit was ended: ")
    code, said = collected(tmp_path, python("import time; time.sleep(99)", time_limit=0.2))
    assert code == 1
    assert "timed out after 0.2" in said


def test_all_that_is_claimed_has_a_file_of_its_own(tmp_path: Path) -> None:
    files = [step.file for step in steps(tmp_path)]
    assert len({*files}) == len(files)
    assert {"tests.txt", "conformance.txt", "demo.txt", "hostwatch.txt", "bench.txt"} <= {*files}


def test_it_takes_one_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert evidence.main([]) == 2
    assert "name the folder" in capsys.readouterr().err
