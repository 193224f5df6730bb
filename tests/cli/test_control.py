"""``trioharness status``, ``tree``, ``events`` and ``ctl``, beside an application that runs."""

from __future__ import annotations

import json
import socket
import textwrap
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import Invoke
from tests.harness._process import HARNESS, Process
from trioharness.harness._protocol import answering
from trioharness.harness.control import Missed

APP = """
import trio
import trioharness as th

app = th.Harness("shop")
out, numbers = app.channel(int, 3, name="numbers", max_deliveries=1)
group = app.supervisor("inner")

async def source(end):
    for number in (1, 2, 13):
        await end.send(number)
    await trio.sleep_forever()

async def sink(end):
    async for number in end:
        if number == 13:
            raise ValueError("unlucky")
    print("sink is done", flush=True)

async def idle():
    print("idle", flush=True)
    await trio.sleep_forever()

group.add(idle)
group.add(idle, name="spare")
app.add(source, out)
app.add(sink, numbers)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(textwrap.dedent(APP))
    return folder


@pytest.fixture(scope="module")
def shop(folder: Path) -> Generator[Path]:
    """The control socket of an application in a process of its own, in which one has crashed."""
    path = folder / "ctl"
    process = Process(*HARNESS, "run", "--control", str(path), "shop:app", cwd=folder)
    try:
        process.wait_for("is ready again", "stderr")
        yield path
    finally:
        process.kill()


def test_status(shop: Path, invoke: Invoke) -> None:
    result = invoke("status", "--control", str(shop))
    first, *rest = result.stdout.splitlines()
    assert first.startswith("shop is degraded, running for ")
    assert rest[0].startswith("  'shop/sink' is degraded: back for only ")
    assert rest[0].endswith("ValueError: unlucky")
    assert rest[1] == "  channel 'numbers': 0 of 3 wait, 3 sent, 2 received, 1 dead"
    assert result.exit_code == 1


def test_probes(shop: Path, invoke: Invoke) -> None:
    """One has crashed, and is back: it works, though it is not healthy for long enough yet."""

    def probe(word: str) -> int:
        return invoke("status", "--probe", word, "--control", str(shop)).exit_code

    assert [probe("startup"), probe("ready"), probe("live")] == [0, 0, 0]
    assert invoke("ctl", "restart", "inner/idle", "--control", str(shop)).exit_code == 0
    assert [probe("startup"), probe("ready"), probe("live")] == [0, 0, 0]


def test_probes_while_it_starts(tmp_path: Path, invoke: Invoke) -> None:
    control = str(tmp_path / "ctl")
    app = "tests.harness._apps:starts"
    process = Process(*HARNESS, "run", "--control", control, "--factory", app)
    try:
        process.wait_for("slow starts")
        probes = {
            word: invoke("status", "--probe", word, "--control", control).exit_code
            for word in ("startup", "ready", "live")
        }
    finally:
        process.kill()
    assert probes == {"startup": 1, "ready": 1, "live": 0}


def test_tree(shop: Path, invoke: Invoke) -> None:
    result = invoke("tree", "--control", str(shop))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "shop (one_for_one)"
    assert any(line.startswith("│   └── spare") for line in lines)


def test_events(shop: Path, invoke: Invoke) -> None:
    result = invoke("events", "--control", str(shop))
    assert result.exit_code == 0
    assert "'shop/sink' crashed (incarnation 1, after it was ready)" in result.stdout
    assert "ValueError: unlucky" in result.stdout
    told = [
        json.loads(line)
        for line in invoke("events", "--json", "--control", str(shop)).stdout.splitlines()
    ]
    assert [each["event"] for each in told][:2] == ["ChildEnded", "DeadLettered"]
    assert told[0]["path"] == "shop/sink"


def test_components_are_steered(shop: Path, invoke: Invoke) -> None:
    def steer(action: str, *more: str) -> Result:
        return invoke("ctl", action, "inner/spare", "--control", str(shop), *more)

    assert steer("restart").stdout == "'shop/inner/spare' is ready\n"
    assert steer("stop", "--reason", "maintenance").stdout == "'shop/inner/spare' is stopped\n"
    assert "maintenance" in invoke("status", "--control", str(shop)).stdout
    assert steer("start").stdout == "'shop/inner/spare' is ready\n"
    refused = steer("start")
    assert refused.exit_code == 1
    assert refused.stderr == "Error: 'shop/inner/spare' is ready; stop it first\n"


def test_a_dump(shop: Path, invoke: Invoke) -> None:
    lines = invoke("ctl", "dump", "--control", str(shop)).stdout.splitlines()
    assert lines[0].startswith("tasks of 'shop' at ")
    (sink,) = [line for line in lines if "shop/sink" in line]
    assert "waits to receive from 'numbers'" in sink
    assert any(line.strip().endswith(" in idle") for line in lines)


def test_a_drain_ends_it(folder: Path, invoke: Invoke) -> None:
    path = folder / "other"
    process = Process(*HARNESS, "run", "--control", str(path), "shop:app", cwd=folder)
    try:
        process.wait_for("is ready again", "stderr")
        assert invoke("ctl", "drain", "--control", str(path)).stdout == "it drains\n"
        assert process.ends() == 0
    finally:
        process.kill()
    assert "sink is done" in process.stdout
    assert "'shop' drained after" in process.stderr
    assert not path.exists()


@pytest.mark.parametrize("command", ["status", "tree", "events", "ctl dump", "ctl drain"])
def test_where_nobody_listens_it_says_so(command: str, tmp_path: Path, invoke: Invoke) -> None:
    path = tmp_path / "nobody"
    result = invoke(*command.split(), "--control", str(path))
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: no application listens at {str(path)!r} (No such file or directory); "
        f"run one with control= or --control\n"
    )


def answered(path: Path, said: bytes) -> threading.Thread:
    """Listen at a path, take one connection, and say something there."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(said)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_what_is_no_application_is_refused(tmp_path: Path, invoke: Invoke) -> None:
    path = tmp_path / "other"
    thread = answered(path, b"HTTP/1.0 400 Bad Request\r\n\r\n" * 10)
    result = invoke("status", "--control", str(path))
    thread.join()
    assert result.exit_code == 1
    assert f"what listens at {str(path)!r} is no application of this version" in result.stderr


def test_one_that_ends_meanwhile_is_named(tmp_path: Path, invoke: Invoke) -> None:
    path = tmp_path / "ended"
    thread = answered(path, b"")
    result = invoke("tree", "--control", str(path))
    thread.join()
    assert result.exit_code == 1
    assert f"the application at {str(path)!r} ended without an answer" in result.stderr


def test_what_was_missed_is_told(tmp_path: Path, invoke: Invoke) -> None:
    path = tmp_path / "busy"
    side = answering()
    said = side.write(Missed(count=7))
    thread = answered(path, said)
    result = invoke("events", "--follow", "--control", str(path))
    thread.join()
    assert result.stdout.strip() == "7 events were missed here; this terminal is too slow"
