"""Whole runs as a user starts them: exit codes, words, and signals on the way."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.examples._codeindex import Figures, make_tree, number_in

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path, 60)


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "trioharness", "run", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **more}


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=60)
    err = err or ""
    assert "ExceptionGroup" not in err
    return out, err


@contextmanager
def start(
    *words: str | Path,
    cwd: Path,
    stderr: int = subprocess.PIPE,
    start_new_session: bool = False,
    **env: str,
) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command(*words),
        cwd=cwd,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=start_new_session,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_command_ends_with_the_report(tree: Path, tmp_path: Path) -> None:
    (tree / "broken.py").write_text("def f(:\n")
    with start("--factory", "examples.codeindex:index", tree, cwd=tmp_path) as process:
        out, err = finish(process)
    figures = Figures.read(out)
    assert process.returncode == 0, err
    assert (figures.found, figures.stored, figures.dead) == (61, 60, 1)
    assert figures.verdict == "the sums agree"
    assert list(figures.letters) == ["tree/broken.py"]
    assert "SyntaxError" in err
    assert "left behind" not in err
    assert (tmp_path / "codeindex.sqlite3").exists()


def test_the_database_is_where_the_environment_says(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.db"
    words = "--factory", "examples.codeindex:index", tree
    with start(*words, cwd=tmp_path, CODEINDEX_DATABASE=str(path)) as process:
        finish(process)
    assert process.returncode == 0
    assert path.exists()
    assert not (tmp_path / "codeindex.sqlite3").exists()


def test_a_database_that_cannot_be_written_is_one_sentence(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "taken.sqlite3"
    path.mkdir()
    words = "--factory", "examples.codeindex:index", tree
    with start(*words, cwd=tmp_path, CODEINDEX_DATABASE=str(path)) as process:
        out, err = finish(process)
    assert process.returncode == 3
    assert out == ""
    assert err.splitlines()[-1] == (
        "Error: 'codeindex/database' could not start: DatabaseUnusable: cannot write the index to "
        f"{str(path)!r}: unable to open database file; name another file in CODEINDEX_DATABASE"
    )
    assert "Traceback" not in err
    assert [file for file in tmp_path.iterdir() if file.is_file()] == []


def test_a_tree_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with start("--factory", "examples.codeindex:index", "absent", cwd=tmp_path) as process:
        out, err = finish(process)
    assert process.returncode == 2
    assert out == ""
    assert "'absent' is no folder" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("percent", [10, 50, 90])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_interrupted_on_its_way_it_loses_nothing(
    tmp_path: Path, percent: int, number: signal.Signals
) -> None:
    total = make_application(tmp_path)
    with start("app:app", cwd=tmp_path) as process:
        assert process.stderr
        for line in process.stderr:
            if progress(line) >= total * percent / 100:
                process.send_signal(number)
                break
        out, err = finish(process)
    figures = Figures.read(out)
    assert process.returncode == -number, err
    assert figures.verdict == "the sums agree"
    assert figures.found + figures.left == total
    assert figures.stored >= total * percent / 100
    assert figures.left > 0 or percent == 90  # when the last tenth is queued already
    assert stored(tmp_path / "codeindex.sqlite3") == figures.stored


def test_ctrl_c_in_a_terminal_drains_too(tmp_path: Path) -> None:
    """The terminal sends SIGINT to every process of the group, those that parse among them."""
    total = make_application(tmp_path)
    terminal, theirs = pty.openpty()
    with start("app:app", cwd=tmp_path, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        shown = ""
        while progress(shown.rpartition("\x1b[2K")[2]) < total / 10:
            shown += os.read(terminal, 4096).decode()
        os.killpg(process.pid, signal.SIGINT)
        reader = threading.Thread(target=read_out, args=(terminal,))
        reader.start()
        out, _ = finish(process)
        reader.join()
    figures = Figures.read(out)
    assert process.returncode == -signal.SIGINT
    assert figures.verdict == "the sums agree"
    assert figures.found + figures.left == total
    assert figures.left > 0
    # Each crash of a file that does not parse, and no more: Ctrl-C made none.
    assert figures.restarts <= 3 * figures.dead


def make_application(folder: Path, files: int = 800) -> int:
    """Write a large tree and an application that indexes it; return how many files there are."""
    tree = make_tree(folder, files, functions=150)
    broken = range(0, files, 100)
    for n in broken:
        (tree / f"broken{n}.py").write_text("def f(:\n")
    (folder / "app.py").write_text(
        "from pathlib import Path\n"
        "from examples.codeindex import build\n"
        f"app = build([Path({str(tree)!r})], every=0.02)\n"
    )
    return files + len(broken)


def progress(line: str) -> int:
    """Return how many files a line of progress says are stored, or 0 if it is none."""
    found = re.match(r"codeindex: ([\d,]+) of [\d,]+ files stored", line)
    return number_in(found[1]) if found else 0


def read_out(terminal: int) -> None:
    """Read what a process writes to its terminal, so that it never waits, until it has ended."""
    with contextlib.suppress(OSError):  # how a terminal on Linux says that nobody is left
        while os.read(terminal, 4096):
            pass


def stored(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM files").fetchone()
    return int(count)
