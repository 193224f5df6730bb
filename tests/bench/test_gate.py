"""The gate: it refuses to pass unmeasured, and finds a `send` that became slower."""

from __future__ import annotations

import random

import attrs
import pytest

from bench import __main__ as command
from bench import _instructions
from bench._measure import NotRun, RowResult, measure_row
from bench._model import FULL, OURS, Workload
from bench._run import load_group
from bench._verdict import Verdict, failed, judge
from bench.rivals import load_workload
from tests.bench import _slowed

SLOWED = "slowed"
(ONE_BY_ONE,) = (row for row in load_group(command.GATE).rows if row.name == "one by one")


def load(rival: str, workload: str) -> Workload:
    return _slowed.one_by_one if rival == SLOWED else load_workload(rival, workload)


@pytest.fixture
def counted() -> RowResult:
    """Count few messages, by trio, by ours, and by ours with a slower `send`."""
    row = attrs.evolve(ONE_BY_ONE, rivals=(*ONE_BY_ONE.rivals, SLOWED), size=900)
    result = measure_row(row, FULL, random.Random(0), tell=lambda *_: None, load=load)
    if isinstance(result.outcomes[OURS], NotRun):
        pytest.skip(f"NOT RUN: {result.outcomes[OURS]}")
    return result


def test_a_send_that_is_slower_by_a_tenth_fails_the_gate(counted: RowResult) -> None:
    (ours,), (slowed,) = counted.figures(OURS) or (), counted.figures(SLOWED) or ()
    assert 1.05 <= slowed / ours <= 1.12, "that is what was to be planted"
    assert judge(counted, ONE_BY_ONE.goals[0]).verdict in {Verdict.PASS, Verdict.STRETCH}
    outcomes = {**counted.outcomes, OURS: counted.outcomes[SLOWED]}
    planted = attrs.evolve(counted, outcomes=outcomes)
    assert judge(planted, ONE_BY_ONE.goals[0]).verdict is Verdict.FAIL
    assert failed([planted])


def test_every_row_of_the_gate_is_counted_and_has_a_floor() -> None:
    rows = load_group(command.GATE).rows
    assert {row.name for row in rows} >= {"one by one", "publish", "restart", "encode", "decode"}
    assert all(row.counted and row.goals for row in rows)


def test_without_valgrind_it_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_instructions, "_VALGRIND", "no such program")
    assert command.main(["--gate"]) == 2
    captured = capsys.readouterr()
    assert captured.err == (
        "bench: the gate did not run: it needs the program 'no such program', which is not"
        " installed (Debian, Ubuntu: apt-get install valgrind)\n"
    )
    assert captured.out == ""


def test_it_takes_no_other_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--gate", "channels"]) == 2
    assert "name none" in capsys.readouterr().err
