"""README.md and docs/ are true: their code runs and prints what they show, their links lead on."""

from __future__ import annotations

import importlib
import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import trioharness as th
from tests._pages import PAGES, ROOT, Block, Step, as_on_a_page, blocks_of, is_as_shown, steps_of
from trioharness.rules import Cause

if TYPE_CHECKING:
    from bench._model import Group
    from tests.conftest import Run

README = ROOT / "README.md"

STEPS = [step for page in PAGES for step in steps_of(page)]

RUN = [step for step in STEPS if step.shown or (step.block.is_program and not step.is_run_below)]

COMMANDS = sorted(
    {shlex.join(words) for step in STEPS if not step.shown for words in step.block.commands}
)
"""Those that are not run above, because nothing is shown of them."""

ELSEWHERE = {"apt", "cd", "cp", "dot", "git", "pip", "pytest", "python3", "source", "sudo"}
"""Commands that are not ours to check."""

MODULES = {"python": (), "pytest": ("-m", "pytest"), "trioharness": ("-m", "trioharness")}
"""Commands of the pages that are run, each by the Python that runs the tests."""


@pytest.mark.parametrize("step", RUN, ids=str)
def test_a_block_does_what_the_page_shows(step: Step, run: Run, tmp_path: Path) -> None:
    for name, text in step.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    out = err = ""
    for command in commands_of(step.block):
        done: subprocess.CompletedProcess[str] = run(*command, cwd=tmp_path)
        assert done.returncode == step.block.exit_code, done.stdout + done.stderr
        out += as_on_a_page(done.stdout, tmp_path)
        err += as_on_a_page(done.stderr, tmp_path)
    shown = {block.is_log: block.text for block in step.shown}
    assert len(shown) == len(step.shown), "one block for each of stdout and stderr"
    if not step.block.has_tests or step.shown:
        assert is_as_shown(shown.get(False, ""), out), f"it printed:\n{out}"
    if True in shown:
        assert is_as_shown(shown[True], err), f"it wrote to stderr:\n{err}"


def commands_of(block: Block) -> list[list[str]]:
    """Return what is to be run for a block."""
    if block.is_program:
        how = ("-m", "pytest", "-q", "-o", "trio_mode=true") if block.has_tests else ()
        assert block.file is not None
        return [[sys.executable, *how, block.file]]
    found: list[list[str]] = []
    for words in block.commands:
        variables, (name, *arguments) = split(words)
        assert name in MODULES, f"nobody can run {name!r} here"
        found.append(["env", *variables, sys.executable, *MODULES[name], *arguments])
    return found


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """Split a command into the variables in front of it and itself."""
    variables = list(itertools.takewhile(re.compile(r"[A-Z_]+=.*").fullmatch, words))
    return variables, words[len(variables) :]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_there(command: str, run: Run) -> None:
    _, (name, *arguments) = split(shlex.split(command))
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
            options = [word for word in arguments if re.match(r"--[a-z]", word)]
            assert [option for option in options if option not in done.stdout] == []
        case "python" if arguments[:1] == ["-m"] and arguments[1] not in {"pip", "venv"}:
            done = run(sys.executable, "-m", arguments[1], "--help")
            assert done.returncode == 0, done.stderr
        case other:
            assert other in ELSEWHERE | {"python"}, f"nobody checks {other!r}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\((?!https?:)(.*?)\)", text):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors_of(file), target


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_index_has_every_page_and_every_example() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in PAGES if page.parent.name == "docs"} - {"README.md"}
    assert sorted(page for page in pages if f"({page})" not in index) == []
    examples = [
        entry.name
        for entry in (ROOT / "examples").iterdir()
        if entry.name not in {"__init__.py", "__pycache__"}
    ]
    assert sorted(name for name in examples if f"(../examples/{name})" not in index) == []


def test_what_stands_for_words_of_otp_is_there() -> None:
    """Names in the table are public, and so are attributes: ``Child.kill`` is there as well."""
    page = (ROOT / "docs" / "for-otp-people.md").read_text(encoding="utf-8")
    ours = [row.split("|")[2] for row in page.splitlines() if row.startswith("| ")]
    names = {name for cell in ours for name in re.findall(r"`th\.([\w.]+)", cell)}
    assert len(names) > 20
    for name in names:
        found: object = th
        for part in name.split("."):
            assert hasattr(found, part), name
            found = getattr(found, part)


def test_the_page_of_lives_has_every_state_and_every_cause() -> None:
    """The pictures on it are what the command draws of the table; these are in words."""
    page = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert sorted(rows) == sorted([*th.State, *Cause])


def test_the_bench_table_has_the_goals_of_the_bench() -> None:
    """Row by row: `group`, name of the row, `rival`, the ratio that ours must reach."""
    text = README.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)`: (.*?) \| `(\w+)` \| ([\d.]+) \|", text, flags=re.MULTILINE)
    assert len(rows) >= 10
    for group, name, rival, least in rows:
        found: Group = importlib.import_module(f"bench.groups.{group}").GROUP
        (row,) = (row for row in found.rows if row.name == name)
        assert [goal.must for goal in row.goals if goal.against == rival] == [float(least)]


def test_the_readme_is_short_and_says_at_once_how_to_start() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 280
    for command in ("make demo", "make test", "pip install ."):
        assert any(command in line for line in lines[:40]), command


def test_there_is_something_to_run() -> None:
    """Each page has a program or a command that is run, but for the index."""
    run = {step.block.page for step in RUN}
    assert [page.name for page in PAGES if page not in run] == [README.name]
    assert {"make demo", "make test"} <= set(COMMANDS)


class TestWhatIsLookedAt:
    """The tests above see what is wrong."""

    def test_what_is_shown_is_compared(self) -> None:
        assert is_as_shown("a\n...\nd\n", "a\nb\nc\nd\n")
        assert is_as_shown("took ... s", "took 1.5 s\n")
        assert not is_as_shown("a\nb\n", "a\nc\n")
        assert not is_as_shown("a.c", "abc")
        assert not is_as_shown("", "something")

    def test_what_is_different_each_time_is_not_compared(self, tmp_path: Path) -> None:
        printed = f"09:59:01 error {tmp_path}/shop.py:7"
        assert as_on_a_page(printed, tmp_path) == "12:00:00 error shop.py:7"

    def test_a_page_is_taken_apart(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text(
            "```python shop.py exit=1\nx\n```\n```text\n1\n```\n```text log\n2\n```\n"
            "```toml shop.toml\ny\n```\n```sh\n# a remark\n$ A=1 trioharness run shop:app\n```\n"
        )
        first, second = steps_of(page)
        assert (first.block.file, first.block.exit_code) == ("shop.py", 1)
        assert [(block.text, block.is_log) for block in first.shown] == [
            ("1\n", False),
            ("2\n", True),
        ]
        assert second.files == {"shop.py": "x\n", "shop.toml": "y\n"}
        assert second.block.commands == [["A=1", "trioharness", "run", "shop:app"]]
        assert not second.shown

    def test_what_nobody_would_check_is_refused(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("```text\nnothing makes this\n```\n")
        with pytest.raises(ValueError, match="nobody checks"):
            steps_of(page)
        page.write_text("```toml shop.toml\nx = 1\n```\n```text\nnothing makes this\n```\n")
        with pytest.raises(ValueError, match="nobody checks"):
            steps_of(page)
        page.write_text("```python\nno end\n")
        with pytest.raises(ValueError, match="not closed"):
            blocks_of(page)
