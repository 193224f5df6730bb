"""Whole runs of `hostwatch` as a user starts them: rows and receipt, alerts, words, exit codes."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.examples._hostwatch import make_proc
from tests.harness._process import HARNESS, Process, running

FAST = ("period=0.01", "window=0.05", 'limits=[{metric="memory.used", above=70}]')
ASKED_AT = "alerts are asked for at port "


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    return make_proc(tmp_path)


@contextmanager
def watching(folder: Path, *options: str, sets: tuple[str, ...] = FAST) -> Generator[Process]:
    flags = [word for each in (*sets, "proc=proc") for word in ("--set", each)]
    with running(
        sys.executable, "-m", "examples.hostwatch", *flags, *options, cwd=folder
    ) as process:
        yield process


def port_of(process: Process) -> str:
    line = process.wait_for(ASKED_AT, "stderr")
    return line.partition(ASKED_AT)[2].split('"')[0].strip()


def ask(folder: Path, *words: str) -> str:
    with running(sys.executable, "-m", "examples.hostwatch.ask", *words, cwd=folder) as asking:
        assert asking.ends() == 0, asking.stderr
    return asking.stdout


def rows(folder: Path, what: str) -> int:
    with closing(sqlite3.connect(folder / "hostwatch.sqlite3")) as connection:
        (number,) = connection.execute(f"SELECT {what}").fetchone()
    return int(number)


@pytest.mark.usefixtures("proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_it_with_a_receipt_that_agrees_with_the_database(
    tmp_path: Path, number: signal.Signals
) -> None:
    with watching(tmp_path, "--log-format", "json") as process:
        process.wait_for("memory.used is", "stderr")
        process.tell(number)
        assert process.ends() == -number, process.stderr
    receipt: dict[str, Any] = json.loads(process.written["stderr"][-1])["receipt"]
    assert (receipt["ended"], receipt["overran"], receipt["unclean"]) == ("drained", [], [])
    channels: dict[str, dict[str, int]] = {each["name"]: each for each in receipt["channels"]}
    for each in channels.values():
        dealt_with = each["delivered"] + each["dropped"] + each["dead"] + each["left"]
        assert each["sent"] == dealt_with
        assert (each["left"], each["dead"]) == (0, 0)
    samples, windows = channels["stored samples"], channels["stored windows"]
    assert samples["sent"] == channels["aggregated samples"]["sent"] > 0
    assert windows["sent"] == channels["compared windows"]["sent"] > 0
    assert rows(tmp_path, "count(*) FROM samples") == samples["delivered"]
    assert rows(tmp_path, "count(*) FROM windows") == windows["delivered"]
    assert rows(tmp_path, "sum(count) FROM windows") == channels["aggregated samples"]["delivered"]


@pytest.mark.usefixtures("proc")
def test_a_second_run_adds_to_the_rows_of_the_first(tmp_path: Path) -> None:
    stored = 0
    for _ in range(2):
        with watching(tmp_path, "--log-format", "json") as process:
            process.wait_for("memory.used is", "stderr")
            process.tell(signal.SIGTERM)
            process.ends()
        channels = json.loads(process.written["stderr"][-1])["receipt"]["channels"]
        stored += sum(each["delivered"] for each in channels if each["name"] == "stored samples")
        assert rows(tmp_path, "count(*) FROM samples") == stored


@pytest.mark.usefixtures("proc")
def test_alerts_are_asked_for_and_acknowledged(tmp_path: Path) -> None:
    with watching(tmp_path) as process:
        port = port_of(process)
        process.wait_for("memory.used is 75.0, above 70", "stderr")
        alert = ask(tmp_path, port)
        assert alert.startswith("memory.used is 75.0, above 70, since ")
        assert ask(tmp_path, port, "cpu.busy") == alert, "there is no such alert"
        assert ask(tmp_path, port, "memory.used") == alert.replace("\n", ", acknowledged\n")
        with socket.create_connection(("127.0.0.1", int(port))) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
            stranger.shutdown(socket.SHUT_WR)
            assert stranger.recv(100) == b"", "it is hung up on"
        process.wait_for("a connection is closed: ", "stderr")
        assert "acknowledged" in ask(tmp_path, port), "and nobody else is"
        process.tell(signal.SIGTERM)
        assert process.ends() == -signal.SIGTERM
    assert "'asks': 4 sent, 4 delivered; 4 calls: 4 replied" in process.stderr
    assert "restarts" not in process.stderr


def test_an_alert_is_cleared(tmp_path: Path, proc: Path) -> None:
    with watching(tmp_path) as process:
        port = port_of(process)
        process.wait_for("memory.used is 75.0, above 70", "stderr")
        relieved = (proc / "meminfo").read_text().replace("250", "900")
        (tmp_path / "new").write_text(relieved)
        (tmp_path / "new").replace(proc / "meminfo")
        process.wait_for("memory.used is well again", "stderr")
        assert ask(tmp_path, port) == "no alerts\n"


def test_what_this_host_does_not_have_is_said_and_the_rest_is_watched(
    tmp_path: Path, proc: Path
) -> None:
    (proc / "diskstats").unlink()
    with watching(tmp_path) as process:
        line = process.wait_for("hostwatch/samplers/disks", "stderr")
        assert "declined to start: proc/diskstats: No such file or directory" in line
        process.wait_for("memory.used is", "stderr")
        process.tell(signal.SIGTERM)
        assert process.ends() == -signal.SIGTERM
    assert "drained after" in process.stderr
    assert rows(tmp_path, "count(*) FROM samples WHERE metric LIKE 'disk.%'") == 0
    assert rows(tmp_path, "count(*) FROM samples WHERE metric LIKE 'network.%'") > 0


@pytest.mark.usefixtures("proc")
def test_the_probe_is_a_process_whose_output_is_in_the_log(tmp_path: Path) -> None:
    with watching(tmp_path) as process:
        process.wait_for("hostwatch/probe  stdout: probing every 10 s", "stderr")
        process.wait_for("hostwatch/probe  stdout: load ", "stderr")


@pytest.mark.parametrize(
    ("sets", "code", "sentence"),
    [
        (("period=0",), 2, "'period'"),
        (("perod=1",), 2, "flag 'perod': there is no setting 'perod'"),
        (('limits=[{metric="a", above=1}, {metric="a", above=2}]',), 2, "limits: two are for one"),
        (("database=proc",), 3, "'hostwatch/database' could not start: OperationalError: "),
    ],
)
@pytest.mark.usefixtures("proc")
def test_what_cannot_be_is_one_sentence(
    tmp_path: Path, sets: tuple[str, ...], code: int, sentence: str
) -> None:
    with watching(tmp_path, sets=sets) as process:
        assert process.ends() == code
    last = process.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert sentence in last
    assert "Traceback" not in process.stderr


def test_the_wiring_has_no_faults() -> None:
    with running(*HARNESS, "check", "examples.hostwatch:app") as process:
        assert process.ends() == 0
    assert "no errors" in process.stdout
