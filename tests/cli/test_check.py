"""``trioharness check``: the findings, one a line, and what the exit code says of them."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke, Write
from tests.harness._process import HARNESS, running
from trioharness.harness import CODES

WELL = """
    app = th.Harness("shop")
    out, numbers = app.channel(int, 4, name="numbers")

    async def source(out: th.SendChannel[int]) -> None:
        raise AssertionError("nothing is to run")

    async def sink(numbers: th.ReceiveChannel[int]) -> None:
        raise AssertionError("nothing is to run")

    app.add(source, out)
    app.add(sink, numbers)
"""

FAULTY = (
    WELL.replace("ReceiveChannel[int]", "ReceiveChannel[str]")
    + """
    app.add(sink, name="bare")
"""
)

CIRCLE = (
    WELL
    + """
    async def again(numbers, out):
        pass

    app.add(again, numbers, out)
"""
)


def test_all_is_well(write: Write, invoke: Invoke) -> None:
    write("shop.py", WELL)
    result = invoke("check", "shop:app")
    assert (result.exit_code, result.stdout) == (0, "'shop': no warnings, no errors\n")


def test_errors_are_lines_with_a_code(write: Write, invoke: Invoke) -> None:
    write("shop.py", FAULTY)
    result = invoke("check", "shop:app")
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first.startswith(
        "TH101 error: component 'sink': numbers is annotated ReceiveChannel[str]"
    )
    assert second.startswith("TH105 error: component 'bare': ")


def test_a_run_is_refused_for_the_same(write: Write, invoke: Invoke) -> None:
    write("shop.py", FAULTY)
    result = invoke("run", "shop:app")
    assert result.exit_code == 2
    assert "TH101 error: component 'sink'" in result.stderr
    assert "nothing was started" in result.stderr


def test_warnings_are_no_errors_unless_asked_for(write: Write, invoke: Invoke) -> None:
    write("shop.py", CIRCLE)
    result = invoke("check", "shop:app")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("TH104 warning: component 'again'")
    assert result.stdout.splitlines()[-1] == "'shop': 1 warning, no errors"
    assert invoke("check", "shop:app", "--strict").exit_code == 1


def test_stubs_that_hide_trios_types(
    write: Write, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.metadata.distribution

    def distribution(name: str) -> importlib.metadata.Distribution:
        return real("trio" if name == "trio-typing" else name)

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    write("shop.py", WELL)
    result = invoke("check", "shop:app")
    assert result.exit_code == 0
    assert "TH106 warning: the environment: trio-typing is installed" in result.stdout


def test_a_run_logs_the_warnings_and_starts(
    write: Write, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    trio = importlib.metadata.distribution("trio")

    def distribution(_: str) -> importlib.metadata.Distribution:
        return trio

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    code = """
        app = th.Harness("shop")
        out, numbers = app.channel(int, 4, name="numbers")

        async def again(numbers, out):
            pass

        app.add(again, numbers, out)
    """
    write("shop.py", code)
    result = invoke("run", "shop:app")
    assert result.exit_code == 0
    first, second, *_ = result.stderr.splitlines()
    assert " warning shop  TH106 warning: the environment: " in first
    assert " warning shop  TH104 warning: component 'again': it can wait for itself" in second
    result = invoke("run", "--log-format", "json", "shop:app")
    told = json.loads(result.stderr.splitlines()[1])
    assert (told["event"], told["path"], told["code"]) == ("Finding", "shop", "TH104")
    assert "TH10" not in invoke("run", "--log-level", "error", "shop:app").stderr


def test_what_cannot_be_loaded_is_a_sentence(write: Write, invoke: Invoke) -> None:
    write("shop.py", WELL)
    result = invoke("check", "shop:nothing")
    assert result.exit_code == 2
    assert "there is no 'nothing' in 'shop'" in result.stderr
    result = invoke("check", "shop:app", "1")
    assert result.exit_code == 2
    assert "it takes no arguments" in result.stderr


def test_what_a_factory_gives_is_checked(write: Write, invoke: Invoke) -> None:
    write("shop.py", WELL + "\n    def make(kind):\n        return app\n")
    assert invoke("check", "--factory", "shop:make", "test").exit_code == 0


# a planted fault of each kind, found by a process before anything runs

BEGIN = """
    print("imported")

    async def nothing_may_run(*args, **needs):
        print("it runs")

    async def sink(numbers: th.ReceiveChannel[int]) -> None:
        await nothing_may_run()

    app = th.Harness("shop")
    out, numbers = app.channel(int, 4, name="numbers")
"""

SOUND = """
    app.add(nothing_may_run, out, name="source")
    app.add(sink, numbers)
"""

WARNINGS = {"TH104", "TH106"}

PLANTED: dict[str, tuple[str, str]] = {
    "TH101": (SOUND + "    app.add(sink, out, name='other')", "component 'other': numbers is ann"),
    "TH102": ("    app.add(sink, numbers)", "channel 'numbers': a component receives from it, and"),
    "TH103": (
        SOUND
        + "    app.add(nothing_may_run, name='a', needs={'x': 'b'})\n"
        + "    app.add(nothing_may_run, name='b', needs={'x': 'a'})",
        "child 'a': needs go round in a circle: a -> b -> a",
    ),
    "TH104": (SOUND + "    app.add(nothing_may_run, numbers, out, name='x')", "x -(numbers)-> x"),
    "TH105": (SOUND + "    app.add(sink, name='bare')", "missing a required argument: 'numbers'"),
    "TH107": (
        """
    app = th.Harness("shop", dead_letters="dead.jsonl")
    out, items = app.channel(object, 4, max_deliveries=2, name="items")
    app.add(nothing_may_run, out, name="source")
    app.add(nothing_may_run, items)
""",
        "its dead letters cannot be written",
    ),
    "TH106": (
        SOUND,
        "the environment: trio-typing is installed, whose stubs hide trio's own types",
    ),
}


@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_fault_is_found_before_anything_runs(
    write: Write, tmp_path: Path, code: str
) -> None:
    fault, words = PLANTED[code]
    write("shop.py", BEGIN + fault)
    if code == "TH106":
        info = tmp_path / "trio_typing-0.10.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: trio-typing\nVersion: 0.10.0\n"
        )
    with running(*HARNESS, "check", "shop:app", cwd=tmp_path) as process:
        ended = process.ends()
    imported, finding, *_ = process.stdout.splitlines()
    kind = "warning" if code in WARNINGS else "error"
    assert (ended, imported) == (int(kind == "error"), "imported")
    assert finding.startswith(f"{code} {kind}: ")
    assert words in finding
    assert "it runs" not in process.stdout
    assert process.stderr == ""
    if kind == "error":
        with running(*HARNESS, "run", "shop:app", cwd=tmp_path) as process:
            assert process.ends() == 2
        assert process.stdout == "imported\n"
        assert process.stderr.startswith("Error: ")


def test_each_kind_of_fault_was_planted() -> None:
    assert PLANTED.keys() == CODES.keys()
