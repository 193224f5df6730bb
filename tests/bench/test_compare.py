"""What got faster or slower: said where it did, and not where only noise did."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import attrs
import pytest

from bench import __main__ as command
from bench._compare import Change, compare_lines, compare_runs
from bench._json import SCHEMA
from bench._machine import describe_machine
from bench._model import OURS, ClockName
from bench._saved import (
    SavedGroup,
    SavedRival,
    SavedRow,
    SavedRun,
    UnreadableRunError,
    read_run,
)
from bench._statistics import summarize

ROWS = 60
"""More than the suite has rows with a baseline."""


def form_of(rows: dict[str, list[float]], clock: ClockName = "cpu") -> dict[str, Any]:
    """Return what ``--json`` writes of a run in which ours had these ratios."""
    return {
        "schema": SCHEMA,
        "started": "2026-01-31T12:30:15+00:00",
        "seconds": 1.0,
        "effort": {"name": "full", "rounds": 15, "scale": 1.0},
        "seed": 1,
        "gc": "on",
        "machine": attrs.asdict(describe_machine()),
        "groups": [
            {
                "name": "group",
                "about": "made up",
                "rows": [_row(name, ratios, clock) for name, ratios in rows.items()],
            }
        ],
    }


def _row(name: str, ratios: list[float], clock: ClockName) -> dict[str, Any]:
    measured = {
        "status": "measured",
        "figures": ratios,
        "figure": attrs.asdict(summarize(ratios)),
        "ratios": ratios,
        "ratio": attrs.asdict(summarize(ratios)),
    }
    return {
        "name": name,
        "about": "made up",
        "unit": "ns/message",
        "clock": clock,
        "size": 1_000,
        "baseline": "raw_trio",
        "rivals": {"raw_trio": measured, OURS: measured},
        "goals": [],
    }


def run_of(rows: dict[str, list[float]], clock: ClockName = "cpu") -> SavedRun:
    """Return such a run, read back."""
    group = SavedGroup(
        name="group",
        about="made up",
        rows=tuple(_saved(name, ratios, clock) for name, ratios in rows.items()),
    )
    return attrs.evolve(EMPTY, groups=(group,))


def _saved(name: str, ratios: list[float], clock: ClockName) -> SavedRow:
    return SavedRow(
        name=name,
        about="made up",
        unit="ns/message",
        clock=clock,
        size=1_000,
        baseline="raw_trio",
        rivals={OURS: SavedRival(status="measured", ratios=tuple(ratios))},
        goals=(),
    )


EMPTY = read_run(json.dumps(form_of({})))


def noisy(rng: random.Random, rounds: int, *, middle: float, noise: float) -> list[float]:
    """Return the ratios of one row of one run on a shared machine.

    The run as a whole is off by about 1 %, each round by `noise`, one in ten by four times that.
    """
    off = rng.gauss(0, 0.01)
    wide = (4 if rng.random() < 0.1 else 1 for _ in range(rounds))
    return [middle * math.exp(off + rng.gauss(0, noise * width)) for width in wide]


def changes(before: SavedRun, after: SavedRun) -> list[Change]:
    return [difference.change for difference in compare_runs(before, after)]


@pytest.mark.parametrize("rounds", [9, 15])
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_one_commit_shows_no_change_in_19_of_20_pairs(rounds: int, noise: float) -> None:
    rng = random.Random(20)
    pairs = 20

    def run() -> SavedRun:
        ratios = {str(n): noisy(rng, rounds, middle=2, noise=noise) for n in range(ROWS)}
        return run_of(ratios)

    clean = sum(set(changes(run(), run())) == {Change.NONE} for _ in range(pairs))
    assert clean >= pairs * 19 // 20


@pytest.mark.parametrize(
    ("factor", "change"), [(1 / 1.1, Change.SLOWER), (1.1, Change.FASTER), (1, Change.NONE)]
)
def test_a_change_of_10_percent_is_found_in_a_calm_run(factor: float, change: Change) -> None:
    rng = random.Random(20)
    found = [
        changes(
            run_of({"row": noisy(rng, 15, middle=2, noise=0.015)}),
            run_of({"row": noisy(rng, 15, middle=2 * factor, noise=0.015)}),
        )
        for _ in range(20)
    ]
    assert found.count([change]) >= 18


@pytest.mark.parametrize(
    ("factor", "change"), [(1 / 1.1, Change.SLOWER), (1.05, Change.FASTER), (1.005, Change.NONE)]
)
def test_counted_instructions_show_less(factor: float, change: Change) -> None:
    before, after = (
        run_of({"row": [1.1]}, "instructions"),
        run_of({"row": [1.1 * factor]}, "instructions"),
    )
    assert changes(before, after) == [change]


def test_only_what_is_the_same_work_is_compared() -> None:
    before = form_of({"other size": [1.0], "gone": [1.0]})
    before["groups"][0]["rows"][0]["size"] = 7
    later = run_of({"other size": [2.0], "new": [2.0]})
    lines = compare_lines(run_of({}), compare_runs(read_run(json.dumps(before)), later))
    assert lines[1:] == [
        "  group: other size: cannot be told, another size, clock or baseline",
        "  group: new: cannot be told, not in the earlier run",
        "  0 of 2 rows: no change",
    ]


def test_a_rival_that_did_not_run_cannot_be_told() -> None:
    form = form_of({"row": [1.0]})
    form["groups"][0]["rows"][0]["rivals"][OURS] = {"status": "missing", "reason": "gone"}
    (difference,) = compare_runs(read_run(json.dumps(form)), run_of({"row": [1.0]}))
    assert (difference.change, difference.why) == (Change.UNKNOWN, "no ratio in the earlier run")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no JSON", "it was not written by --json"),
        ("[]", "it was not written by --json"),
        ('{"schema": 0}', "its schema is 0, but only 1 can be read"),
        (json.dumps({"schema": SCHEMA}), "required field missing"),
    ],
)
def test_what_is_no_run_is_refused(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnreadableRunError, match=said):
        read_run(text)
    file = tmp_path / "earlier.json"
    file.write_text(text, encoding="utf-8")
    assert command.main(["channels", "--compare", str(file)]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--compare", str(tmp_path / "none.json")]) == 2
    assert "No such file or directory" in capsys.readouterr().err
