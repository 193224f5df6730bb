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


# Interrupts a child at one step of its task after another, from the end of its first incarnation to
# the beginning of its second. The steps are those where Python looks for signals in what runs the
# incarnations: what it calls has returned, or what it awaits goes on.
BETWEEN = """
import inspect
import sys
import trio
import trioharness as th
from trio.testing import MockClock

LIVES = ("run_child", "_live_on")
DRAINED = [("a", 2), ("b", 2)]  # by the drain, which tells all that take nothing from a channel


class Case:
    def __init__(self, at, when):
        self.left, self.before_ready = at, when == "before it is ready"
        self.drains = when == "while it is drained"
        self.between = self.interrupted = False
        self.lives = 0
        self.ended = []

    async def crash(self, source, *, task_status):
        self.lives += 1
        self.between = False
        if self.lives == 1 and self.before_ready:
            await self.fail()
        task_status.started()
        if self.lives == 1:
            await self.fail()
        await trio.sleep_forever()

    async def fail(self):
        await trio.sleep(1)
        self.between = True
        raise ValueError

    def trace(self, frame, event, arg):
        caller = frame.f_back
        runs_lives = caller is not None and caller.f_code.co_name in LIVES
        if self.between and runs_lives and trio.lowlevel.current_task().name == "s/c":
            if frame.f_code.co_flags & inspect.CO_COROUTINE:
                self.step()  # it begins, or goes on
            else:
                return self.returns

    def returns(self, frame, event, arg):
        if event == "return" and self.between:
            self.step()
        return self.returns

    def step(self):
        self.left -= 1
        if self.left < 0:
            self.between, self.interrupted = False, True
            raise KeyboardInterrupt

    async def sibling(self, name, *, task_status):
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await trio.sleep(1)
                self.ended.append((name, trio.current_time()))

    async def main(self):
        source, _ = th.open_channel(int, 5)

        def observe(event):
            if self.drains and isinstance(event, th.ChildRestarting):
                sup.drain(grace=5)

        async with th.open_supervisor("s", observer=observe) as sup:
            await sup.start(self.sibling, "a")
            child = sup.start_soon(self.crash, source, name="c")
            await sup.start(self.sibling, "b")
            await trio.sleep(2)
            sup.cancel_scope.cancel()


def interrupt(at, when):
    case = Case(at, when)
    sys.settrace(case.trace)
    try:
        trio.run(case.main, clock=MockClock(autojump_threshold=0))
    except* KeyboardInterrupt:
        assert case.interrupted
        in_order = case.ended == [("b", 2), ("a", 3)]
        assert in_order or (case.drains and sorted(case.ended) == DRAINED), case.ended
        assert case.lives == 1
    else:
        assert not case.interrupted
        if case.drains:
            assert sorted(case.ended) == DRAINED, case.ended
        else:
            assert case.ended == [("b", 3), ("a", 4)], case.ended
            assert case.lives == 2
    finally:
        sys.settrace(None)
    return case.interrupted


steps = 0
while interrupt(steps, sys.argv[1]):
    steps += 1
print(steps)
"""


@pytest.mark.parametrize("when", ["once it was ready", "before it is ready", "while it is drained"])
def test_between_two_incarnations_the_others_stop_in_order_all_the_same(
    when: str, run: Run, tmp_path: Path
) -> None:
    """What leaves a child there is held back like what leaves its component."""
    file = tmp_path / "interrupted.py"
    file.write_text(BETWEEN, encoding="utf-8")
    done = run(sys.executable, file, when, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 5
