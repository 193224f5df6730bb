"""What an application leaves behind is named in its receipt."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
import trio

import trioharness as th
from tests.harness._pieces import forever, send_all, take_all

if TYPE_CHECKING:
    from tests.conftest import Run

KEPT: list[object] = []
"""Holds what is left behind, so that Python does not let go of it."""


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    KEPT.clear()


def ran(component: Callable[..., object], *args: object) -> tuple[str, ...]:
    app = th.Harness("shop")
    app.add(component, *args, name="it")
    return app.run().left_behind


def test_an_application_that_ends_in_order_leaves_nothing(tmp_path: Path) -> None:
    app = th.Harness("shop", dead_letters=tmp_path / "dead", control=tmp_path / "ctl")
    out, numbers = app.channel(int, 1)
    got: list[int] = []

    async def works_in_threads() -> None:
        await trio.to_thread.run_sync(len, "abc")
        with open(tmp_path / "file", "w") as file:  # noqa: ASYNC230, PTH123
            file.write("x")  # noqa: ASYNC232
        await trio.run_process([sys.executable, "-c", ""])
        async with contextlib.aclosing(counting()) as numbers:
            async for _ in numbers:
                break

    app.add(take_all, numbers, got)
    app.add(send_all, out, [1, 2, 3])
    app.add(works_in_threads)
    receipt = app.run()
    assert got == [1, 2, 3]
    assert receipt.left_behind == ()
    assert "left behind" not in str(receipt)


def test_a_task() -> None:
    async def spawns() -> None:
        trio.lowlevel.spawn_system_task(forever, name="stray")
        await trio.lowlevel.checkpoint()

    (left,) = ran(spawns)
    assert left.startswith("task 'stray', which stands at ")
    assert left.endswith(" in forever")


def test_a_thread() -> None:
    over = threading.Event()

    async def starts() -> None:
        thread = threading.Thread(target=over.wait, name="stray")
        thread.start()
        KEPT.append(thread)
        await trio.lowlevel.checkpoint()

    assert ran(starts) == ("thread 'stray'",)
    over.set()


def test_a_call_in_a_thread_that_was_abandoned() -> None:
    over = threading.Event()

    async def abandons() -> None:
        with trio.move_on_after(0.05):
            await trio.to_thread.run_sync(over.wait, abandon_on_cancel=True, thread_name="stray")

    assert ran(abandons) == ("thread 'stray'",)
    over.set()


def test_a_process() -> None:
    processes: list[subprocess.Popen[bytes]] = []

    async def starts() -> None:
        command = [sys.executable, "-c", "input()"]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE))  # noqa: ASYNC220
        await trio.lowlevel.checkpoint()

    left = ran(starts)
    (process,) = processes
    process.communicate(b"\n")
    assert f"process {process.pid} ({sys.executable} -c input())" in left
    assert [line.split()[0] for line in left] == ["process", "file"]  # the pipe to it


WITH_A_FORK_SERVER = """
import multiprocessing

import trio
import trioharness as th


async def starts() -> None:
    process = multiprocessing.get_context("forkserver").Process(target=len, args=("abc",))
    process.start()
    await trio.to_thread.run_sync(process.join)
    process.close()
    await trio.lowlevel.checkpoint()


if __name__ == "__main__":
    app = th.Harness("shop")
    app.add(starts)
    print(app.run().left_behind)
"""


def test_the_helpers_that_python_starts_once_are_passed_over(run: Run, tmp_path: Path) -> None:
    """The fork server, and what tracks its resources; they end with the interpreter."""
    script = tmp_path / "shop.py"
    script.write_text(WITH_A_FORK_SERVER)
    done = run(sys.executable, script)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "()\n")


def test_a_file(tmp_path: Path) -> None:
    opened: list[IO[str]] = []

    async def opens() -> None:
        opened.append(open(tmp_path / "it", "w"))  # noqa: ASYNC230, PTH123, SIM115
        await trio.lowlevel.checkpoint()

    (left,) = ran(opens)
    assert left == f"file '{tmp_path / 'it'}' (descriptor {opened[0].fileno()})"
    opened[0].close()


async def counting() -> AsyncGenerator[int]:
    yield 1
    yield 2


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
def test_an_async_generator() -> None:
    async def begins() -> None:
        generator = counting()
        KEPT.append(generator)
        await anext(generator)

    (left,) = ran(begins)
    assert left.startswith(f"async generator 'counting' ({__file__}:")


def test_channel_ends() -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 1, name="numbers")

    async def clones(end: th.SendChannel[int]) -> None:
        KEPT.extend((end.clone(), end.clone()))
        await trio.lowlevel.checkpoint()

    async def takes(end: th.ReceiveChannel[int]) -> None:
        await trio.lowlevel.checkpoint()

    app.add(clones, out)
    app.add(takes, numbers)
    receipt = app.run()
    assert receipt.left_behind == ("2 open send ends of 'numbers'",)
    assert str(receipt).endswith("\n  left behind: 2 open send ends of 'numbers'")


def test_what_was_there_before_is_not_named(tmp_path: Path) -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    with open(tmp_path / "it", "w"):  # noqa: PTH123
        assert ran(trio.lowlevel.checkpoint) == ()
    over.set()


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_nobody_can_reach_is_not_named(tmp_path: Path) -> None:
    class Circle:
        """Refers to itself, so that only the collector lets go of it."""

        def __init__(self) -> None:
            self.me = self
            self.file = open(tmp_path / "it", "w")  # noqa: PTH123, SIM115

    async def loses() -> None:
        Circle()
        await trio.lowlevel.checkpoint()

    assert ran(loses) == ()
