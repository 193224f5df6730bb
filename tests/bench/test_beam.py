"""Whole processes, and what is not Python among them."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from bench._model import WHOLE_PROCESS
from bench._run import load_group
from bench._sample import WrongSumError
from bench._whole import whole_process
from bench.rivals import RivalMissingError, load_workload

clock = time.perf_counter_ns


def python(statements: str, size: int = 10) -> float:
    sample = whole_process([sys.executable, "-c", statements], size, clock)
    return WHOLE_PROCESS.figure(sample)


def test_a_whole_process_takes_what_it_takes_of_the_processor() -> None:
    little = python("print(10)")
    asleep = python("import time; time.sleep(0.5); print(10)")
    busy = python("sum(range(20_000_000)); print(10)")
    assert 0 < little < busy
    assert asleep < busy


def test_a_process_that_fails_is_no_fast_one() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        python("raise ValueError")
    with pytest.raises(WrongSumError, match="last word of the process: got '9', expected '10'"):
        python("print(9)")


def test_a_missing_erlang_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delitem(sys.modules, "bench.rivals.beam", raising=False)
    with pytest.raises(RivalMissingError, match="apt-get install erlang-base"):
        load_workload("beam", "whole_calls")


def test_every_goal_beside_it_is_a_ratio_in_one_run() -> None:
    rows = load_group("beam").rows
    goals = [goal for row in rows for goal in row.goals]
    assert [round(1 / goal.must, 3) for goal in goals] == [1.4, 0.8, 1.0, 2.5]
    assert {goal.against for goal in goals} == {"beam"}
    assert all(row.whole for row in rows)
