"""A handle can be read from any thread, and what is read is never torn."""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from types import FrameType
from typing import Any

import pytest
import trio
import trio.testing

import trioharness as th
from trioharness.rules import TRANSITIONS

STATES = {*TRANSITIONS.values(), th.State.PENDING}
ROUNDS = 200
MOST = 20
"""How often 200 restarts are tried, until one is seen."""


def let_others_run(frame: FrameType, event: str, arg: object) -> Any:
    """Have the interpreter change threads between any two steps: a trace function."""
    frame.f_trace_opcodes = True
    time.sleep(0)
    return let_others_run


class Reader:
    """A thread that reads all the time, and keeps what it finds wrong."""

    def __init__(self, read: Callable[[], None]) -> None:
        self.read = read
        self.rounds = 0
        self.wrong: list[BaseException] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        sys.settrace(let_others_run)  # in this thread alone
        while not self.stopped.is_set() and not self.wrong:
            try:
                self.read()
            except BaseException as error:
                self.wrong.append(error)
            self.rounds += 1

    async def rests(self) -> None:
        """Change nothing for so long that it has read everything once at least."""
        enough = self.rounds + 2
        while self.rounds < enough and not self.wrong:  # noqa: ASYNC110 - a thread sets no event
            await trio.lowlevel.checkpoint()


@contextlib.asynccontextmanager
async def reading(read: Callable[[], None]) -> AsyncGenerator[Reader]:
    reader = Reader(read)
    thread = threading.Thread(target=reader.run)
    thread.start()
    try:
        yield reader
        await reader.rests()
    finally:
        reader.stopped.set()
        thread.join()
    assert reader.wrong == []


async def crash(child: th.Child[object]) -> None:
    """End the incarnation by what is a crash, and wait for the next one."""
    number = child.incarnation
    child.kill()
    while child.incarnation == number:  # noqa: ASYNC110 - there is none for this
        await trio.lowlevel.checkpoint()
    await child.wait("ready")


async def restart_often(child: th.Child[object], reader: Reader, by: str) -> None:
    for number in range(ROUNDS):
        await (crash(child) if by == "crash" else child.restart())
        if number % 10 == 0:
            await reader.rests()


async def ready_with_a_number(numbers: Iterator[int], *, task_status: th.TaskStatus[int]) -> None:
    await trio.lowlevel.checkpoint()
    task_status.started(next(numbers))
    await trio.sleep_forever()


BY = pytest.mark.parametrize("by", ["crash", "hand"])


@BY
async def test_state_counts_and_errors_are_whole_while_a_child_restarts(by: str) -> None:
    last = [0, 0]

    async with th.open_supervisor(max_restarts=10**9, observer=lambda _: None) as sup:
        child = await sup.start(ready_with_a_number, itertools.count(1), name="c")

        def read() -> None:
            assert isinstance(child.state, th.State)
            counts = [child.incarnation, child.restarts]
            assert all(now >= before for now, before in zip(counts, last, strict=True))
            last[:] = counts
            assert child.last_error in {None, "ChildKilled: killed: killed by hand"}
            assert repr(child).startswith("<Child 'supervisor/c': ")
            assert (child.name, child.options.restart) == ("c", "transient")

        async with reading(read) as reader:
            await restart_often(child, reader, by)
        sup.cancel_scope.cancel()
    assert last[0] == ROUNDS + 1


@BY
async def test_each_state_that_is_seen_can_follow_the_one_before(by: str) -> None:
    seen: list[th.State] = []

    async with th.open_supervisor(max_restarts=10**9, observer=lambda _: None) as sup:
        child = await sup.start(ready_with_a_number, itertools.count(1))

        def read() -> None:
            if [state := child.state] != seen[-1:]:
                seen.append(state)

        async with reading(read) as reader:
            for _ in range(MOST):  # on a busy machine the thread may sleep through all of one
                await restart_often(child, reader, by)
                if len(set(seen)) > 1:
                    break
            await child.stop()
    assert seen[-1] == "stopped"
    assert len(set(seen)) > 2, "it was never seen between two lives"
    reachable = reach()
    for before, after in itertools.pairwise(seen):
        assert after in reachable[before]


def reach() -> dict[th.State, set[th.State]]:
    """Which states the table leads to from each, in one step or more."""
    found: dict[th.State, set[th.State]] = {state: set() for state in STATES}
    for _ in STATES:
        for (before, _cause), after in TRANSITIONS.items():
            found[before] |= {after} | found[after]
    return found


async def interrupted(
    read: Callable[[], object], at: int, meanwhile: Callable[[], Awaitable[None]]
) -> tuple[bool, object]:
    """Read in a thread, and hold that up before one of its steps until something has happened.

    Returns:
        Whether there are as many steps, and what was read or raised.
    """
    reached, goes_on = threading.Semaphore(0), threading.Semaphore(0)
    steps = 0
    result: list[object] = []

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        if steps == at and event == "opcode":
            reached.release()
            goes_on.acquire()
        return trace

    def run() -> None:
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            result.append(read())
        except th.ChildNotReady as error:
            result.append(error)
        finally:
            sys.settrace(before)
            reached.release()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, run)
        await trio.to_thread.run_sync(reached.acquire)
        await meanwhile()
        goes_on.release()
    return steps >= at, result[0]


@pytest.mark.parametrize("meanwhile", ["it ends", "it restarts"])
async def test_a_value_is_that_of_one_incarnation_or_there_is_none(meanwhile: str) -> None:
    numbers = itertools.count(1)
    may_be_ready = trio.Event()

    async def component(*, task_status: th.TaskStatus[int]) -> None:
        number = next(numbers)
        await may_be_ready.wait()
        task_status.started(number)
        await trio.sleep_forever()

    async def change() -> None:
        nonlocal may_be_ready
        if meanwhile == "it ends":
            may_be_ready = trio.Event()
        child.kill()
        await trio.testing.wait_all_tasks_blocked()

    got: set[str] = set()
    at = 0
    async with th.open_supervisor(max_restarts=10**9, observer=lambda _: None) as sup:
        child = sup.start_soon(component)
        for at in itertools.count(1):
            may_be_ready.set()
            await child.wait("ready")
            before = child.value
            was_reached, read = await interrupted(lambda: child.value, at, change)
            if not was_reached:
                break
            assert isinstance(read, th.ChildNotReady) or read in {before, before + 1}
            got.add(type(read).__name__)
        sup.cancel_scope.cancel()
    assert at > 20  # so many steps there are, and it came in between any two of them
    assert "int" in got


async def test_threads_ask_for_health_while_a_check_comes_and_goes() -> None:
    """What is asked by way of trio is of one moment, whoever asks, and however often."""
    fails = False
    words = {
        "": ("ready", "healthy", True),
        "its health check failed: OSError: no reply": ("ready", "degraded", False),
    }
    threads = 4
    seen: list[set[str]] = [set() for _ in range(threads)]

    async def check(_: object) -> None:
        nonlocal fails
        await trio.lowlevel.checkpoint()
        fails = not fails
        if fails:
            raise OSError("no reply")

    async def component() -> None:
        await trio.sleep_forever()

    def ask(number: int) -> None:
        while len(seen[number]) < len(words):
            health = trio.from_thread.run_sync(child.health)
            assert words[health.reason] == (health.state, health.condition, health.ready)
            tree = trio.from_thread.run_sync(sup.health)
            assert [c.path for c in tree.children] == ([] if tree.ready else [child.path])
            seen[number].add(health.reason)

    health = th.Health(check=check, check_every=0.001, healthy_after=0)
    async with th.open_supervisor(observer=lambda _: None) as sup:
        child = await sup.start(component, health=health)
        async with trio.open_nursery() as nursery:
            for number in range(threads):
                nursery.start_soon(trio.to_thread.run_sync, ask, number)
        sup.cancel_scope.cancel()
    assert seen == [set(words)] * threads


async def test_one_that_is_stopped_before_it_was_ready_has_no_value() -> None:
    async def never(*, task_status: th.TaskStatus[int]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            assert child.state == "stopping"
            with pytest.raises(th.ChildNotReady, match="'supervisor/never' is stopping and has no"):
                child.value  # noqa: B018
            refused.append(child.path)

    refused: list[str] = []
    async with th.open_supervisor() as sup:
        child = sup.start_soon(never)
        await trio.testing.wait_all_tasks_blocked()
        await child.stop()
    assert refused == ["supervisor/never"]
