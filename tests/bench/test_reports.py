"""Pictures and the page that are made of a run which was kept."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import attrs
import pytest

from bench import __main__ as command
from bench._chart import write_charts
from bench._goals import CLAIMS, held_by
from bench._model import Point
from bench._results import results_page
from bench._run import group_names, load_group
from bench._saved import SavedGroup, SavedRival, SavedRow, SavedRun, read_run
from bench._statistics import summarize
from bench._wins import BY_RIVAL, WINS
from tests.bench.test_compare import form_of

SVG = "{http://www.w3.org/2000/svg}"


def texts(file: Path) -> set[str]:
    """Return what stands in a picture."""
    drawn = ET.parse(file)  # noqa: S314 - our own
    return {"".join(each.itertext()).strip() for each in drawn.iter(f"{SVG}text")}


def rival(ratios: list[float], laps: tuple[dict[str, int], ...] = ()) -> SavedRival:
    """Return one that reached so much, with figures of a thousandth of that."""
    return SavedRival(
        status="measured",
        figures=tuple(1e3 / each for each in ratios),
        figure=summarize([1e3 / each for each in ratios]),
        ratios=tuple(ratios),
        ratio=summarize(ratios),
        laps_ns=laps,
    )


def row(name: str, **changes: Any) -> SavedRow:
    """Return a row in which ours is twice as fast, another rival five times, and a third is not."""
    made = SavedRow(
        name=name,
        about="made up",
        unit="ns/message",
        clock="cpu",
        size=100,
        baseline="raw_trio",
        rivals={
            "raw_trio": rival([1.0, 1.0]),
            "ours": rival([2.0, 2.0]),
            "asyncio_queue": rival([4.0, 6.0]),
            "trio_lists": rival([1.9, 2.2]),
            "ours_plain": rival([9.0, 9.0]),
            "other": SavedRival(status="missing", reason="needs the package 'x | y'"),
        },
        goals=(),
        workload="one_by_one",
    )
    return attrs.evolve(made, **changes)


def run_of(*rows: SavedRow, group: str = "channels") -> SavedRun:
    """Return a kept run of one group."""
    empty = read_run(json.dumps(form_of({})))
    return attrs.evolve(empty, groups=(SavedGroup(name=group, about="made up", rows=rows),))


def test_a_picture_has_a_bar_for_each_rival_that_ran(tmp_path: Path) -> None:
    files = write_charts(run_of(row("one by one")), tmp_path)
    assert files == {"channels": tmp_path / "channels.svg"}
    assert (tmp_path / "channels.png").read_bytes().startswith(b"\x89PNG")
    said = texts(files["channels"])
    assert {"one by one / raw_trio", "ours", "asyncio_queue", "2", "5"} <= said
    assert "other" not in said


def test_pictures_of_one_run_are_the_same(tmp_path: Path) -> None:
    run = run_of(row("one by one"))
    first = write_charts(run, tmp_path / "1", ["svg"])["channels"].read_bytes()
    assert write_charts(run, tmp_path / "2", ["svg"])["channels"].read_bytes() == first


def test_rows_that_differ_in_size_are_one_curve_and_no_bars(tmp_path: Path) -> None:
    rows = [row(f"{x} up", point=Point("Children up", x, "children")) for x in (1, 10, 100)]
    files = write_charts(run_of(*rows, group="growth"), tmp_path, ["svg"])
    assert [*files] == ["growth-children-up"]
    said = texts(files["growth-children-up"])
    assert {"children", "ns/message", "ours", "raw_trio", "asyncio_queue", "1", "10", "100"} <= said


def test_latencies_are_drawn_by_percentile(tmp_path: Path) -> None:
    laps = {"p50": 1_000, "p90": 2_000, "p99": 3_000, "p99.9": 4_000, "p100": 5_000}
    slow = row("calls", baseline=None, rivals={"ours": rival([1.0], (laps,))})
    files = write_charts(run_of(slow, group="latency"), tmp_path, ["svg"])
    assert [*files] == ["latency-calls-latency"]
    assert {"p50", "p99.9", "largest", "ours"} <= texts(files["latency-calls-latency"])


def test_the_page_says_who_wins_why_and_what_was_not_measured(tmp_path: Path) -> None:
    page = results_page(run_of(row("one by one")), {"channels": tmp_path / "a" / "c.svg"}, tmp_path)
    assert "![channels](a/c.svg)" in page
    assert "asyncio_queue in *channels: one by one* (2.5 times): `put` and `get`" in page
    assert "trio_lists in *channels: one by one* (1.02 times, within the noise): a list" in page
    assert "raw_trio in" not in page
    assert "ours_plain in" not in page
    assert "| other | missing: needs the package 'x / y' | | | | | |" in page
    assert "| ours | 500 | 500 to 500 | 2 | 2 to 2 |  |  |" in page
    assert "| 9 | calls beside triotp | | | | | not measured |" in page


def test_every_claim_is_held_by_goals_of_rows_that_there_are() -> None:
    goals = {
        place
        for group in map(load_group, group_names())
        for each in group.rows
        for goal in each.goals
        for place in (
            f"{group.name}: ",
            f"{group.name}: {each.name}",
            f"{group.name}: {each.name} / {goal.against}",
        )
    }
    assert [claim.number for claim in CLAIMS] == [*range(1, 21)]
    assert {place for claim in CLAIMS for place in claim.rows} <= goals


def test_every_reason_is_for_a_rival_of_a_row_that_there_is() -> None:
    rows = [each for group in map(load_group, group_names()) for each in group.rows]
    assert {*WINS} <= {(each.workload, rival) for each in rows for rival in each.rivals}
    assert {*BY_RIVAL} <= {rival for each in rows for rival in each.rivals}


def test_a_claim_takes_the_goals_to_its_own_rival() -> None:
    form = form_of({"batches of 10": [9.5]})
    form["groups"][0]["name"] = "channels"
    goal = {"kind": "floor", "stretch": None, "value": None, "verdict": "PASS"}
    form["groups"][0]["rows"][0]["goals"] = [
        {**goal, "must": 9.0, "against": "raw_trio"},
        {**goal, "must": 1.0, "against": "trio_lists"},
    ]
    run = read_run(json.dumps(form))
    held = {claim.number: [each.goal.must for each in held_by(claim, run)] for claim in CLAIMS}
    assert {number: musts for number, musts in held.items() if musts} == {4: [9.0], 5: [1.0]}


def test_a_kept_run_is_shown_without_measuring_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, page = tmp_path / "run.json", tmp_path / "RESULTS.md"
    kept.write_text(json.dumps(form_of({"one by one": [2.0] * 15})))
    arguments = ["--from", str(kept), "--results", str(page), "--compare", str(kept)]
    assert command.main(arguments) == 0
    captured = capsys.readouterr()
    assert "1 of 1 rows: no change" in captured.out
    assert captured.err == ""
    assert "![group](results/group.svg)" in page.read_text()
    assert (tmp_path / "results" / "group.svg").exists()


def test_some_groups_of_a_kept_run_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "run.json"
    form = form_of({"one by one": [2.0] * 15})
    form["groups"].append({**form["groups"][0], "name": "channels"})
    kept.write_text(json.dumps(form))
    assert command.main(["channels", "--from", str(kept), "--chart", str(tmp_path)]) == 0
    assert {file.name for file in tmp_path.glob("*.svg")} == {"channels.svg"}
    assert command.main(["codec", "--from", str(kept), "--chart", str(tmp_path)]) == 2
    assert "has none of these groups" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "no such file"], "cannot read 'no such file'"),
        (["--gate", "--from", "x"], "--from measures nothing; leave out --gate"),
        (["channels", "--results", "no such folder/x.md"], "cannot write 'no such folder/x.md'"),
        (["channels", "--chart", __file__], "is no folder; name another"),
    ],
)
def test_what_cannot_be_shown_is_found_before_anything_is_measured(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("bench: ")
    assert said in captured.err
    assert captured.out == ""


def test_without_matplotlib_nothing_is_measured_for_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_none(_name: str) -> None:
        """Find no package at all."""

    monkeypatch.setattr(importlib.util, "find_spec", find_none)
    assert command.main(["channels", "--chart", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        "bench: nothing can be drawn: it needs the package 'matplotlib', which is not installed"
        " (pip install --group charts)\n"
    )
