"""The gate: it refuses to pass unmeasured."""

from __future__ import annotations

import pytest

from bench import __main__ as command
from bench import _instructions
from bench._run import load_group


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
