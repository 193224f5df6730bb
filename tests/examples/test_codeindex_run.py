"""Whole runs in this process: whatever breaks, and however often, the sums agree."""

from __future__ import annotations

import ast
import json
import multiprocessing
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

import attrs
import pytest
import trio

import trioharness as th
from examples.codeindex import build, index
from examples.codeindex.app import MAX_DELIVERIES, Component
from examples.codeindex.database import Database
from examples.codeindex.messages import Outline, SourceFile
from examples.codeindex.parse import parse
from examples.codeindex.store import store
from examples.codeindex.tally import Tally
from tests.examples._codeindex import HARD_CASES, Figures, make_tree

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path, 60)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Figures]:
    """Runs the application in this process, and returns what its report says."""

    def run(tree: Path, **options: object) -> Figures:
        build([tree], into=tmp_path / "index.sqlite3", **options).run()  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        return Figures.read(capsys.readouterr().out)

    return run


def test_a_run_without_trouble(tree: Path, run: Callable[..., Figures]) -> None:
    figures = run(tree)
    assert figures == Figures(
        found=60,
        stored=60,
        dead=0,
        verdict="the sums agree",
        left=0,
        lines=60 * 8,
        functions=180,
        restarts=0,
        letters={},
    )


def test_the_index_answers_questions(
    tree: Path, tmp_path: Path, run: Callable[..., Figures]
) -> None:
    run(tree)
    with closing(sqlite3.connect(tmp_path / "index.sqlite3")) as connection:
        rows = connection.execute("SELECT path, line FROM symbols WHERE name = 'C7'").fetchall()
    assert rows == [(str(tree / "package0" / "module7.py"), 8)]


def test_the_hard_cases_are_dead_letters_and_nothing_else_is(
    tree: Path, run: Callable[..., Figures]
) -> None:
    figures = run(tree, with_hard_cases=True)
    assert (figures.found, figures.stored, figures.dead) == (66, 60, 6)
    assert figures.verdict == "the sums agree"
    assert set(figures.letters) == {f"hard_cases/{name}" for name in HARD_CASES}
    # Three deliveries are three crashes, and each but the last of a copy is followed by a restart.
    assert 12 <= figures.restarts <= 18
    assert "PermissionError" in figures.letters["hard_cases/api_credentials.py"]


def test_dead_letters_can_be_read_as_messages(
    tree: Path, tmp_path: Path, run: Callable[..., Figures]
) -> None:
    run(tree, with_hard_cases=True)
    codec = th.Codec(SourceFile | Outline)
    lines = (tmp_path / "index.dead.jsonl").read_text().splitlines()
    letters = [json.loads(line) for line in lines]
    names = {Path(codec.from_builtins(letter["message"]).path).name for letter in letters}
    assert names == HARD_CASES
    assert {letter["attempts"] for letter in letters} == {3}


def test_a_second_run_does_not_remember_the_first(tree: Path, run: Callable[..., Figures]) -> None:
    first = run(tree, with_hard_cases=True)
    second = run(tree)
    assert first.dead == 6
    assert (second.found, second.stored, second.dead) == (60, 60, 0)


@attrs.define(eq=False)
class Intercept(trio.abc.ReceiveChannel[SourceFile]):
    """An end that lets something happen between the listing of a file and its reading."""

    end: trio.abc.ReceiveChannel[SourceFile]
    meanwhile: Callable[[SourceFile], None]

    async def receive(self) -> SourceFile:
        file = await self.end.receive()
        self.meanwhile(file)
        return file

    async def aclose(self) -> None:
        await self.end.aclose()


def intercepted_parse(meanwhile: Callable[[SourceFile], None]) -> Component:
    async def intercepted_parse(
        files: th.ReceiveChannel[SourceFile], outlines: th.SendChannel[Outline], *, tally: Tally
    ) -> None:
        await parse(Intercept(files, meanwhile), outlines, tally=tally)

    return intercepted_parse


def test_a_file_that_vanishes_between_listing_and_reading(
    tree: Path, run: Callable[..., Figures]
) -> None:
    victim = tree / "package3" / "module10.py"

    def vanish(file: SourceFile) -> None:
        if file.path == str(victim):
            victim.unlink(missing_ok=True)

    figures = run(tree, parse=intercepted_parse(vanish))
    assert (figures.found, figures.stored, figures.dead) == (60, 59, 1)
    assert figures.verdict == "the sums agree"
    assert "FileNotFoundError" in figures.letters["tree/package3/module10.py"]


def test_a_parser_that_dies_is_replaced_and_loses_nothing(
    tree: Path, run: Callable[..., Figures]
) -> None:
    """As when a file kills the interpreter that parses it."""
    killed: list[BaseProcess] = []

    def kill(_: SourceFile) -> None:
        if not killed:
            killed.append(multiprocessing.active_children()[0])
            killed[0].kill()

    figures = run(tree, parse=intercepted_parse(kill))
    assert (figures.found, figures.stored, figures.dead) == (60, 60, 0)
    assert figures.restarts == len(killed) == 1


class Crash(Exception):
    """Injected."""


@attrs.define
class Fault:
    """Crashes when one of its victims comes by, so many times each."""

    victims: set[str]
    times: int
    crashes: Counter[str] = attrs.field(init=False, factory=Counter[str])

    def strike(self, path: str) -> None:
        name = Path(path).stem
        if name in self.victims and self.crashes[name] < self.times:
            self.crashes[name] += 1
            raise Crash(name)


@attrs.define(eq=False)
class CrashAfterSend(trio.abc.SendChannel[Outline]):
    """An end that delivers, and only then crashes."""

    end: trio.abc.SendChannel[Outline]
    fault: Fault

    async def send(self, value: Outline) -> None:
        await self.end.send(value)
        self.fault.strike(value.path)

    async def aclose(self) -> None:
        await self.end.aclose()


@attrs.define(eq=False)
class CrashAfterWrite:
    """A database that writes, and only then crashes."""

    database: Database
    fault: Fault

    async def write(self, outlines: list[Outline]) -> None:
        await self.database.write(outlines)
        for outline in outlines:
            self.fault.strike(outline.path)


def crashing_parse(fault: Fault) -> Component:
    async def crashing_parse(
        files: th.ReceiveChannel[SourceFile], outlines: th.SendChannel[Outline], *, tally: Tally
    ) -> None:
        await parse(files, CrashAfterSend(outlines, fault), tally=tally)

    return crashing_parse


def crashing_store(fault: Fault) -> Component:
    async def crashing_store(
        outlines: th.ReceiveChannel[Outline], *, database: Database, tally: Tally
    ) -> None:
        faulty = cast("Database", CrashAfterWrite(database, fault))
        await store(outlines, database=faulty, tally=tally)

    return crashing_store


SOME = {f"module{n}" for n in range(0, 60, 7)}


@pytest.mark.parametrize("times", [1, 2, 3], ids=["once", "twice", "until-dead"])
def test_sums_agree_when_parse_crashes_after_sending(
    tree: Path, run: Callable[..., Figures], times: int
) -> None:
    fault = Fault(SOME, times)
    figures = run(tree, parse=crashing_parse(fault), with_hard_cases=True)
    assert fault.crashes.total() == times * len(SOME)
    assert (figures.found, figures.stored, figures.dead) == (66, 60, 6)
    assert (figures.lines, figures.functions) == (60 * 8, 180)
    assert figures.verdict == "the sums agree"


@pytest.mark.parametrize("times", [1, 2, 3], ids=["once", "twice", "until-dead"])
def test_sums_agree_when_store_crashes_after_writing(
    tree: Path, run: Callable[..., Figures], times: int
) -> None:
    fault = Fault(SOME, times)
    figures = run(tree, store=crashing_store(fault), with_hard_cases=True)
    # A batch that comes back has used up a delivery of all its items, not of the culprit's alone.
    assert all(fault.crashes[name] >= min(times, MAX_DELIVERIES - 1) for name in SOME)
    assert (figures.found, figures.stored, figures.dead) == (66, 60, 6)
    assert (figures.lines, figures.functions) == (60 * 8, 180)
    assert figures.verdict == "the sums agree"


def test_sums_agree_when_both_crash(tree: Path, run: Callable[..., Figures]) -> None:
    faults = Fault(SOME, 2), Fault(SOME, 2)
    figures = run(tree, parse=crashing_parse(faults[0]), store=crashing_store(faults[1]))
    assert [fault.crashes.total() for fault in faults] == [2 * len(SOME)] * 2
    assert (figures.found, figures.stored, figures.dead) == (60, 60, 0)
    assert figures.restarts >= 2 * len(SOME)


def test_the_factory_wants_folders(tmp_path: Path) -> None:
    with pytest.raises(th.ConfigurationError, match="no tree was given"):
        index()
    with pytest.raises(th.ConfigurationError, match="absent' is no folder"):
        index(str(tmp_path / "absent"))


def test_no_code_names_a_file_of_the_hard_cases() -> None:
    stems = {name.partition(".")[0] for name in HARD_CASES}
    for module in (ROOT / "examples" / "codeindex").glob("*.py"):
        texts = [
            node.value
            for node in ast.walk(ast.parse(module.read_bytes()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [stem for stem in stems for text in texts if stem in text], module
