"""Rows that are counted in instructions instead of timed."""

from __future__ import annotations

import pytest

from bench import __main__ as command
from bench import _instructions
from bench._counted import counted
from bench._run import group_names, load_group


def test_work_is_counted_and_the_rest_named() -> None:
    groups, left_out = counted([load_group("channels"), load_group("supervision")])
    rows = {row.name: row for group in groups for row in group.rows}
    assert rows["one by one"].unit.name == "instructions/message"
    assert rows["1,000 up"].unit.name == "instructions/component"
    assert rows["1,000 up"].baseline == "raw_nursery"
    assert all(row.counted and row.rounds == 1 and not row.goals for row in rows.values())
    assert {"channels: neighbour", "supervision: memory", "supervision: idle"} <= {*left_out}


def test_what_is_counted_already_stays_as_it_is() -> None:
    group = load_group("instructions")
    assert counted([group]) == ([group], [])


def test_every_row_is_counted_or_named() -> None:
    before = [load_group(name) for name in group_names()]
    after, left_out = counted(before)
    names = {f"{group.name}: {row.name}" for group in before for row in group.rows}
    kept = {f"{group.name}: {row.name}" for group in after for row in group.rows}
    assert kept | {*left_out} == names
    assert not kept & {*left_out}


def test_without_valgrind_nothing_is_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_instructions, "_VALGRIND", "no such program")
    assert command.main(["channels", "--instructions"]) == 2
    assert capsys.readouterr().err.startswith("bench: nothing was counted: it needs the program")
