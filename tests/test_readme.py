"""README.md is true: its code runs, and the commands it names are there."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Run

ROOT = Path(__file__).resolve().parent.parent

README = (ROOT / "README.md").read_text(encoding="utf-8")

FIRST_SCREEN = README.splitlines()[:40]

ELSEWHERE = {"apt", "cd", "cp", "git", "pip", "python3", "source", "sudo"}
"""Commands that are not ours to check."""


def blocks(*languages: str) -> list[str]:
    wanted = "|".join(languages)
    return re.findall(rf"^```(?:{wanted})\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Every command of every shell block, without prompt, comment and variables in front."""
    found: list[str] = []
    for line in "".join(blocks("sh", "console", "bash", "shell")).replace("\\\n", " ").splitlines():
        words = shlex.split(line.strip().removeprefix("$ "), comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            del words[0]
        if words:
            found.append(shlex.join(words))
    return sorted(set(found))


def promised(code: str) -> list[str]:
    """What the paragraph below a block says that it prints: ``It prints `this` and `that```."""
    below = README.split(code, maxsplit=1)[1].removeprefix("```").lstrip()
    paragraph = below.split("\n\n", maxsplit=1)[0]
    said = re.match(r"It prints (.*?)[:.;]", paragraph, flags=re.DOTALL)
    return re.findall(r"`(.*?)`", said[1]) if said else []


@pytest.mark.parametrize("code", blocks("python"))
def test_the_code_runs(code: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "readme.py"
    file.write_text(code, encoding="utf-8")
    done = run(sys.executable, file, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in promised(code) if line not in lines] == []


@pytest.mark.parametrize("command", commands())
def test_the_command_is_there(command: str, run: Run) -> None:
    name, *arguments = shlex.split(command)
    match Path(name).name:
        case "make":
            targets = [word for word in arguments if "=" not in word]
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            for target in targets:
                assert re.search(rf"^{re.escape(target)}:", makefile, flags=re.MULTILINE), target
        case "trioharness":
            assert arguments, "say which command"
            done = run(sys.executable, "-m", "trioharness", arguments[0], "--help")
            assert done.returncode == 0, done.stderr
        case "python" if arguments[:1] == ["-m"] and arguments[1] not in {"pip", "venv"}:
            done = run(sys.executable, "-m", arguments[1], "--help")
            assert done.returncode == 0, done.stderr
        case other:
            assert other in ELSEWHERE | {"python"}, f"nobody checks {other!r}"


def test_the_application_is_drawn_as_it_says(run: Run, tmp_path: Path) -> None:
    (code,) = (block for block in blocks("python") if 'app = th.Harness("shop", grace' in block)
    (tmp_path / "shop.py").write_text(code, encoding="utf-8")
    done = run(sys.executable, "-m", "trioharness", "graph", "shop:app", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout in blocks("text")


def test_the_first_screen_says_how_to_start() -> None:
    for command in ("make demo", "make test", "pip install ."):
        assert any(command in line for line in FIRST_SCREEN), command


def test_there_is_something_to_run() -> None:
    assert blocks("python")
    assert any(promised(code) for code in blocks("python"))
    assert {"make demo", "make test"} <= set(commands())
    fences = re.findall(r"^```(\w*)$", README, flags=re.MULTILINE)
    assert len(fences) % 2 == 0, "a block is not closed"
