"""Ctrl-C at any point of supervision's own code ends the program; it never hangs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Run

# Interrupts itself at a random point of starting children, many times over; a hang shows as the
# watchdog's exit code.
PROGRAM = """
import os, random, signal, sys, threading, time
import trio
import trioharness as th

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
chance = random.Random(int(sys.argv[1]))
beat = time.monotonic()


def watch():
    while time.monotonic() - beat < 30:
        time.sleep(0.2)
    os._exit(9)


async def idle(*, task_status):
    task_status.started()
    await trio.sleep_forever()


async def crash():
    raise ValueError


async def main():
    async with th.open_supervisor("b", max_restarts=10**9, observer=lambda event: None) as sup:
        signal.setitimer(signal.ITIMER_REAL, 0.001 + chance.random() * 0.01)
        sup.start_soon(crash)
        for number in range(100000):
            await sup.start(idle, name=f"i{number}")
            sup.start_soon(idle)


threading.Thread(target=watch, daemon=True).start()
interrupted = 0
for _ in range(25):
    beat = time.monotonic()
    try:
        trio.run(main)
    except* KeyboardInterrupt:
        interrupted += 1
    except* th.SupervisorClosed:
        pass  # the body was at a start when the interrupt ended the supervisor
print(interrupted)
"""


@pytest.mark.parametrize("seed", range(3))
def test_an_interrupt_ends_the_program(seed: int, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "interrupted.py"
    file.write_text(PROGRAM, encoding="utf-8")
    done = run(sys.executable, file, str(seed), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "25\n"
