"""What is measured in a process of its own: memory, wake-ups, instructions."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from bench import _instructions, _memory, _wakeups, _whole
from bench._imports import import_apart
from bench._instructions import instructions_of
from bench._memory import memory_apart
from bench._model import INSTRUCTIONS_PER_MESSAGE
from bench._sample import ToolMissingError, WrongSumError
from bench._wakeups import wake_ups_apart
from tests.bench._programs import SIZE

PROGRAMS = "tests.bench._programs"
clock = time.perf_counter_ns


def test_memory_is_what_the_process_grew_by() -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("NOT RUN: this system does not tell how much of a process is resident")
    sample = memory_apart(PROGRAMS, 1_000, clock)
    assert sample.amount / sample.count == pytest.approx(SIZE, rel=0.05)


def test_memory_is_not_run_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_memory, "_STATM", Path("/no such file"))
    with pytest.raises(ToolMissingError, match="no such file"):
        memory_apart(PROGRAMS, 1, clock)


def test_an_import_takes_what_its_process_takes() -> None:
    little = import_apart("pass", 2, clock).amount
    much = import_apart("sum(range(10_000_000))", 2, clock).amount
    assert 0 < little < much


def test_an_import_that_fails_is_no_fast_one() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        import_apart("import no_such_module", 1, clock)
    with pytest.raises(WrongSumError, match="last word of the process"):
        import_apart("raise SystemExit(0)", 1, clock)


def test_imports_are_not_run_where_the_system_does_not_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_whole, "taken", lambda: 0.0)
    with pytest.raises(ToolMissingError, match="what child processes took"):
        import_apart("pass", 1, clock)


def wake_ups(module: str, milliseconds: int) -> int:
    try:
        return wake_ups_apart(module, milliseconds, clock).amount
    except ToolMissingError as error:
        pytest.skip(f"NOT RUN: {error}")


@pytest.mark.parametrize("program", ["_idle_tree", "_idle_application"])
def test_what_is_idle_never_wakes_up(program: str) -> None:
    assert wake_ups(f"bench.rivals.ours.{program}", 1_000) == 0


def test_a_program_that_is_not_idle_is_found_out() -> None:
    assert 5 <= wake_ups(PROGRAMS, 400) <= 20


def test_wake_ups_are_not_run_without_strace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wakeups, "_STRACE", "no such program")
    with pytest.raises(ToolMissingError, match="'no such program', which is not installed"):
        wake_ups_apart(PROGRAMS, 1, clock)


def test_a_program_that_never_becomes_idle_is_no_missing_tool() -> None:
    with pytest.raises(WrongSumError, match="No module named"):
        wake_ups("tests.bench.no_such_module", 1)


@pytest.fixture
def valgrind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does what valgrind does, but fast: it runs a command, and says a number."""
    program = tmp_path / "valgrind"
    said = '"==1== I   refs:      $(( 123456 + 1000 * ${@: -1} ))"'
    program.write_text(f'#!/usr/bin/env bash\n"${{@:4}}" && echo {said} >&2\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(_instructions, "_VALGRIND", str(program))


@pytest.mark.usefixtures("valgrind")
def test_instructions_are_counted_for_each_and_without_the_start() -> None:
    sample = instructions_of(PROGRAMS, "count_up")(30, clock)
    assert sample.count == 20
    assert INSTRUCTIONS_PER_MESSAGE.figure(sample) == 1_000


@pytest.mark.usefixtures("valgrind")
def test_work_that_is_done_wrong_is_not_counted() -> None:
    with pytest.raises(WrongSumError, match="times: got 30, expected 31"):
        instructions_of(PROGRAMS, "fail")(30, clock)


def test_instructions_are_not_counted_without_valgrind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_instructions, "_VALGRIND", "no such program")
    with pytest.raises(ToolMissingError, match="'no such program', which is not installed"):
        instructions_of(PROGRAMS, "count_up")(1, clock)
