"""A process that parses: answers, errors, death, and deafness to Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from examples.codeindex.messages import SourceFile
from examples.codeindex.worker import Worker, open_worker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


@pytest.fixture
def file(tmp_path: Path) -> SourceFile:
    path = tmp_path / "module.py"
    path.write_text("def f(): pass\n")
    return SourceFile(path=str(path), name="module.py")


def pid(worker: Worker) -> int:
    number = worker._process.pid
    assert number is not None
    return number


async def test_it_answers_from_another_process(file: SourceFile) -> None:
    async with open_worker() as worker:
        outlines = [await worker.outline(file) for _ in range(3)]
        assert pid(worker) != os.getpid()
    assert [outline.lines for outline in outlines] == [1, 1, 1]


async def test_an_error_comes_back_as_what_it_was_and_the_next_call_works(
    file: SourceFile, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")
    async with open_worker() as worker:
        with pytest.raises(SyntaxError) as caught:
            await worker.outline(SourceFile(path=str(broken), name="tree/broken.py"))
        assert (await worker.outline(file)).lines == 1
    assert (caught.value.filename, caught.value.lineno) == ("tree/broken.py", 1)


async def test_its_death_is_an_error_of_the_call(file: SourceFile) -> None:
    async with open_worker() as worker:
        os.kill(pid(worker), signal.SIGKILL)
        with pytest.raises((EOFError, OSError)):
            await worker.outline(file)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signals_are_for_the_parent(file: SourceFile, number: signal.Signals) -> None:
    async with open_worker() as worker:
        await worker.outline(file)
        os.kill(pid(worker), number)
        assert (await worker.outline(file)).lines == 1


async def test_it_ends_with_its_block(file: SourceFile) -> None:
    async with open_worker() as worker:
        await worker.outline(file)
        process = worker._process
        assert process.is_alive()
    assert process.exitcode == 0
