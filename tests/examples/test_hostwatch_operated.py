"""Hostwatch in a process of its own, at work, looked at and steered through its control socket."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests._pages import PAGES, blocks_of, is_as_shown
from tests.examples._hostwatch import make_proc
from tests.examples.soak import COMPONENTS
from tests.examples.test_hostwatch_process import port_of, rows, watching
from tests.harness._process import Process
from trioharness.cli import main


class Operator:
    """Types commands beside it."""

    def __init__(self, process: Process, control: Path) -> None:
        self.process = process
        self.control = control

    def types(self, command: str, *, code: int = 0) -> str:
        """Return what a command prints."""
        words = [*command.split(), "--control", str(self.control)]
        result = CliRunner().invoke(main, words, prog_name="trioharness")
        assert result.exit_code == code, result.output
        return result.output

    def sent(self) -> dict[str, int]:
        """Return how much each channel has been sent, as `status` has it."""
        lines = [line.strip() for line in self.types("status --probe live").splitlines()]
        return {
            line.split("'")[1]: int(line.partition(" sent")[0].rpartition(" ")[2])
            for line in lines
            if " sent" in line
        }


@pytest.fixture
def operator(tmp_path: Path) -> Generator[Operator]:
    make_proc(tmp_path)
    with watching(tmp_path, "--log-format", "json", "--control", "ctl") as process:
        process.wait_for("memory.used is", "stderr")
        yield Operator(process, tmp_path / "ctl")


def balanced(process: Process) -> dict[str, dict[str, int]]:
    """Return what its receipt says of each channel, none of which has lost anything."""
    receipt: dict[str, Any] = json.loads(process.written["stderr"][-1])["receipt"]
    assert (receipt["ended"], receipt["overran"], receipt["unclean"]) == ("drained", [], [])
    channels: dict[str, dict[str, int]] = {each["name"]: each for each in receipt["channels"]}
    for each in channels.values():
        dealt_with = each["delivered"] + each["dropped"] + each["dead"] + each["left"]
        assert each["sent"] == dealt_with, each
        assert (each["left"], each["dead"], each["dropped"]) == (0, 0, 0), each
    return channels


def test_each_of_its_components_is_restarted_and_nothing_is_lost(
    operator: Operator, tmp_path: Path
) -> None:
    for path in COMPONENTS:
        before = operator.sent()
        said = operator.types(f"ctl restart {path} --reason maintenance")
        assert said == f"'hostwatch/{path}' is ready\n"
        assert operator.sent()["stored samples"] >= before["stored samples"]
    assert operator.types("ctl drain") == "it drains\n"
    assert operator.process.ends() == 0, operator.process.stderr
    channels = balanced(operator.process)
    samples, windows = channels["stored samples"], channels["stored windows"]
    assert samples["sent"] == channels["aggregated samples"]["sent"]
    assert windows["sent"] == channels["compared windows"]["sent"]
    assert rows(tmp_path, "count(*) FROM samples") == samples["delivered"] > 0
    assert rows(tmp_path, "count(*) FROM windows") == windows["delivered"] > 0
    assert rows(tmp_path, "sum(count) FROM windows") == channels["aggregated samples"]["delivered"]
    assert "no application listens" in operator.types("status", code=1)


def sessions() -> list[tuple[str, str]]:
    """Return what the pages show of it: each command, and what it prints."""
    typed = "\n".join(
        block.text
        for page in PAGES
        for block in blocks_of(page)
        if block.is_session and block.words == ("hostwatch",)
    )
    pairs = [part.partition("\n")[::2] for part in typed.split("$ trioharness ")[1:]]
    return [(command.removesuffix(" --control ctl"), shown) for command, shown in pairs]


def test_the_session_that_is_shown_of_it(operator: Operator) -> None:
    session = sessions()
    assert [command.split()[0] for command, _ in session] == ["tree", "status", "ctl", "ctl"]
    for command, shown in session:
        printed = operator.types(command)
        assert is_as_shown(shown, printed), (command, printed)
    assert operator.process.ends() == 0, operator.process.stderr


def test_what_is_shown_is_what_is(operator: Operator) -> None:
    first, second = operator.sent(), operator.sent()
    assert second["stored samples"] > first["stored samples"] > 0
    assert operator.types("status").startswith("hostwatch is healthy, running for ")
    _, *tree = operator.types("tree").splitlines()
    shown = {line.partition("── ")[2].split()[0]: line for line in tree}
    assert shown.keys() == {path.rpartition("/")[2] for path in COMPONENTS}
    assert [line for line in tree if " ready" not in line] == []
    dump = operator.types("ctl dump")
    assert dump.startswith("tasks of 'hostwatch' at ")
    assert "hostwatch/store-samples" in dump
    assert operator.types("ctl stop desk --reason holidays") == "'hostwatch/desk' is stopped\n"
    assert "'hostwatch/desk' is healthy: stopped: holidays" in operator.types("status")
    assert "holidays" in operator.types("tree")
    assert operator.types("ctl start desk") == "'hostwatch/desk' is ready\n"
    port_of(operator.process)
    assert operator.types("status").startswith("hostwatch is healthy")
    assert operator.types("ctl restart nobody", code=1).startswith("Error: there is no child")


def replace(path: Path, text: str) -> None:
    """Change a file in one step."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def test_a_crash_shows_in_events_status_and_tree(operator: Operator, tmp_path: Path) -> None:
    stat = tmp_path / "proc" / "stat"
    kept = stat.read_text()
    replace(stat, "cpu what\n")
    operator.process.wait_for("'hostwatch/samplers/cpu' crashed", "stderr")
    replace(stat, kept)
    operator.process.wait_for("'hostwatch/samplers/cpu' is ready again", "stderr")
    told = [json.loads(line) for line in operator.types("events --json").splitlines()]
    assert {"ChildEnded", "ChildRestarting", "ChildReady"} <= {each["event"] for each in told}
    assert "'hostwatch/samplers/cpu' is degraded: " in operator.types("status", code=1)
    assert "ValueError" in operator.types("tree")
    operator.types("status --probe ready")
