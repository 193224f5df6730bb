"""The command itself, without long runs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import _model
from bench._measure import RowResult
from bench._model import Effort
from bench._progress import ProgressLine
from bench._run import Progress, group_names, load_group


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a quick run briefer still."""
    monkeypatch.setattr(command, "QUICK", Effort(name="brief", rounds=1, scale=0.005))


def run(*arguments: str) -> int:
    return command.main(arguments)


def test_every_group_is_found_and_named_as_its_module() -> None:
    assert {"channels", "floors"} <= set(group_names())
    for name in group_names():
        assert load_group(name).name == name


def test_an_unknown_name_gets_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("chanels") == 2
    captured = capsys.readouterr()
    assert captured.err == "bench: there is no group 'chanels'; did you mean 'channels'?\n"
    assert captured.out == ""


def test_a_name_like_no_other_gets_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("xyzzy", "--list") == 2
    assert "choose from beam, calls, channels, " in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_found_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "no such folder" / "out.json"
    assert run("channels", "--json", str(file)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"bench: cannot write {str(file)!r}: ")
    assert captured.out == ""


def test_the_list_shows_rows_and_goals_and_runs_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--list") == 0
    listed = capsys.readouterr().out
    assert "one by one" in listed
    assert "ratio to raw_trio >= 1.05 (1.15)" in listed
    assert "floors: " in listed


@pytest.mark.usefixtures("brief")
def test_a_run_prints_a_table_and_writes_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    code = run("channels", "--quick", "--seed", "5", "--json", str(file))
    captured = capsys.readouterr()
    assert "seed 5" in captured.out
    assert "measuring channels: one by one" in captured.err
    rivals = json.loads(file.read_text())["groups"][0]["rows"][0]["rivals"]
    assert {rival: form["status"] for rival, form in rivals.items()} == dict.fromkeys(
        ["raw_trio", "ours", "anyio_on_trio", "asyncio_queue"], "measured"
    )
    # Whether the ratio was reached in so brief a run decides nothing; that it was said does.
    assert ("FAIL" in captured.out or "rival suspect" in captured.out) is (code == 1)


@pytest.mark.parametrize(
    "interruption",
    [KeyboardInterrupt(), BaseExceptionGroup("from a nursery", [KeyboardInterrupt()])],
)
def test_an_interrupted_run_says_so_and_writes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    interruption: BaseException,
) -> None:
    def interrupt(*_arguments: object, **_options: object) -> RowResult:
        raise interruption

    monkeypatch.setattr("bench._run.measure_row", interrupt)
    file = tmp_path / "out.json"
    assert run("channels", "--quick", "--json", str(file)) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not file.exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def steps() -> list[Progress]:
    row = load_group("channels").rows[0]
    return [
        Progress(group="channels", row=row, done=done, total=2, rival=_model.OURS)
        for done in range(2)
    ]


def test_a_terminal_sees_one_line_that_changes(steps: list[Progress]) -> None:
    terminal = Terminal()
    line = ProgressLine(terminal)
    for step in steps:
        line.show(step)
    line.clear()
    shown = terminal.getvalue().split("\r\x1b[K")
    assert shown == ["", *(f"[{n}/2] channels: one by one: ours" for n in (0, 1)), ""]


def test_elsewhere_each_row_is_one_plain_line(steps: list[Progress]) -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    for step in steps:
        line.show(step)
    line.clear()
    assert stream.getvalue() == "measuring channels: one by one\n"
