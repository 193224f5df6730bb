"""Groups are measured in processes of their own; whatever becomes of one is told here."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import _run
from bench.__main__ import main
from bench._forked import CAN_FORK, ProcessDiedError, forked
from bench._measure import RowResult

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="this system forks no processes")


def test_what_a_process_tells_is_heard_in_order_and_at_once() -> None:
    heard: list[tuple[int, int]] = []
    acknowledged, acknowledge = os.pipe()

    def work(tell: Callable[[tuple[int, int]], None]) -> None:
        for number in range(100):
            tell((number, os.getpid()))
            assert os.read(acknowledged, 1) == b"."

    def hear(told: tuple[int, int]) -> None:
        heard.append(told)
        os.write(acknowledge, b".")

    forked("a test", work, hear)
    assert [number for number, _ in heard] == [*range(100)]
    (process,) = {process for _, process in heard}
    assert process != os.getpid()


def test_an_error_in_it_is_one_here(capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[int] = []

    def work(tell: Callable[[int], None]) -> None:
        tell(1)
        raise ValueError("a planned one")

    with pytest.raises(ProcessDiedError, match="the process of a test ended with exit code 1,"):
        forked("a test", work, heard.append)
    assert heard == [1]
    assert "ValueError: a planned one" in capfd.readouterr().err


def test_so_is_its_death() -> None:
    with pytest.raises(ProcessDiedError, match="with exit code -9"):
        forked("a test", lambda _: os.kill(os.getpid(), signal.SIGKILL), print)


def test_so_is_an_early_end_that_looks_like_a_good_one() -> None:
    with pytest.raises(ProcessDiedError, match="with exit code 0, not done"):
        forked("a test", lambda _: sys.exit(0), print)


def test_so_is_a_death_in_the_middle_of_a_word() -> None:
    def work(tell: Callable[[bytes], None]) -> None:
        threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGKILL]).start()
        while True:
            tell(bytes(64 * 1024 * 1024))

    with pytest.raises(ProcessDiedError, match="with exit code -9"):
        forked("a test", work, lambda _: None)


@pytest.mark.parametrize(
    "interruption",
    [
        KeyboardInterrupt(),
        BaseExceptionGroup("from a nursery", [KeyboardInterrupt()]),
        BaseExceptionGroup("from a nursery", [KeyboardInterrupt(), ValueError()]),
    ],
)
def test_an_interrupt_of_it_is_one_here(interruption: BaseException) -> None:
    def work(_: object) -> None:
        raise interruption

    with pytest.raises(KeyboardInterrupt):
        forked("a test", work, print)


def test_a_group_that_died_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_arguments: object, **_options: object) -> RowResult:
        os._exit(7)

    monkeypatch.setattr(_run, "measure_row", die)
    file = tmp_path / "out.json"
    assert main(["topic", "--quick", "--json", str(file)]) == 1
    said = "the process of the group 'topic' ended with exit code 7, not done, nothing is written"
    assert said in capsys.readouterr().err
    assert not file.exists()
