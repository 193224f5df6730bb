"""`in_thread`: components out of blocking functions, in real threads."""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log


class Gate:
    """Blocks a thread until it is opened, and says which thread it is."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.reached = threading.Semaphore(0)
        self.threads: set[int] = set()

    def wait(self) -> None:
        self.threads.add(threading.get_ident())
        self.reached.release()
        assert self.opened.wait(30), "nobody has opened the gate"

    async def until_reached(self) -> None:
        """Wait, in the other world, for one more thread to be there."""
        await trio.to_thread.run_sync(self.reached.acquire)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A gate that is open at the end in any case, or no test could end."""
    gate = Gate()
    yield gate
    gate.opened.set()


def asks() -> None:
    """A blocking function that behaves: it asks whether it is to stop."""
    pause = threading.Event()
    while True:
        trio.from_thread.check_cancelled()
        pause.wait(0.001)


async def test_it_runs_with_its_arguments_and_is_done_when_it_returns(log: Log) -> None:
    seen: list[object] = []

    def work(a: int, *, b: str) -> str:
        seen.append((a, b, threading.current_thread() is threading.main_thread()))
        return "nobody gets that"

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(functools.partial(th.in_thread(work), 1, b="x"))
    assert seen == [(1, "x", False)]
    assert child.path == "s/work"
    assert log.lines == ["work 1 ready", "work 1 returned", "s ended"]


async def test_called_by_itself_it_gives_what_the_function_returns() -> None:
    def double(number: int) -> int:
        return 2 * number

    assert await th.in_thread(double)(4) == 8


async def test_an_error_is_a_crash_and_the_next_incarnation_is_called_anew(log: Log) -> None:
    numbers = itertools.count(1)

    def work() -> None:
        if (number := next(numbers)) < 3:
            raise Boom(f"number {number}")

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.in_thread(work))
    assert log.lines == [
        "work 1 ready",
        "work 1 crashed",
        "work 1 restarting",
        "work 2 ready",
        "work 2 crashed",
        "work 2 restarting",
        "work 3 ready",
        "work 3 returned",
        "s ended",
    ]


async def test_a_policy_by_type_sees_its_errors(log: Log) -> None:
    def work() -> None:
        raise Boom

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.in_thread(work), restart={Boom: "temporary", Exception: "permanent"})
    assert log.lines == ["work 1 ready", "work 1 crashed", "work 1 not-restarted", "s ended"]


async def test_a_supervisor_gives_up_over_it_with_the_real_errors(log: Log) -> None:
    numbers = itertools.count(1)

    def work() -> None:
        raise Boom(f"number {next(numbers)}")

    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=2, within=60, observer=log) as sup:
            sup.start_soon(th.in_thread(work), name="w")
    assert [str(error) for error in caught.value.exceptions] == ["number 1", "number 2", "number 3"]
    assert "s over w gave-up" in log.lines


async def test_it_is_parked_like_any_other(log: Log) -> None:
    def work() -> None:
        raise Boom

    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=1, exhausted="park", observer=log) as sup:
            child = sup.start_soon(th.in_thread(work), name="w")
            assert await child.wait("parked") == "parked"
    assert log.about("parked") == ["w 2 parked"]


async def test_one_that_asks_is_stopped_at_once(log: Log) -> None:
    seen: list[str] = []

    def work() -> None:
        try:
            asks()
        finally:
            seen.append("cleaned up")

    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(th.in_thread(work), grace=30)
        await child.stop()
        assert seen == ["cleaned up"]
    (ended,) = log.of(th.ChildEnded)
    assert ended.exit == th.Stopped("stopped by hand")


async def test_one_that_asks_ends_with_a_cancellation_from_outside() -> None:
    with trio.CancelScope() as scope:
        async with th.open_supervisor() as sup:
            await sup.start(th.in_thread(asks))
            scope.cancel()
    assert scope.cancelled_caught


async def test_one_that_does_not_ask_is_reported_with_where_its_thread_stands(
    autojump_clock: MockClock, gate: Gate
) -> None:
    stuck: list[th.ChildStuck] = []

    def observe(event: th.Event) -> None:
        if isinstance(event, th.ChildStuck):
            stuck.append(event)
            gate.opened.set()

    def reads_for_ever() -> None:
        gate.wait()

    async with th.open_supervisor("s", observer=observe) as sup:
        child = await sup.start(th.in_thread(reads_for_ever), grace=20)
        await gate.until_reached()
        await child.stop()
        assert trio.current_time() == 21
        assert gate.opened.is_set()  # it was waited for
        assert child.state == "stopped"
    (event,) = stuck
    lines = event.stack.splitlines()
    names = [line.rpartition(" in ")[2] for line in lines]
    # Outermost first: the task, which waits for the thread, and on from there.
    assert names.index("run_child") < names.index("reads_for_ever") < names.index("wait")
    at = names.index("reads_for_ever")
    assert names[at : at + 2] == ["reads_for_ever", "wait"]
    assert lines[at].startswith(f"{__file__}:")
    assert not any("_bootstrap" in name for name in names)  # nor what the thread began in


async def test_each_has_a_thread_of_its_own_and_takes_none_from_the_others(gate: Gate) -> None:
    trio.to_thread.current_default_thread_limiter().total_tokens = 1
    async with th.open_supervisor() as sup:
        for _ in range(3):
            sup.start_soon(th.in_thread(gate.wait))
        for _ in range(3):
            await gate.until_reached()  # which takes the one token
        gate.opened.set()
    assert len(gate.threads) == 3


async def test_it_may_say_itself_when_it_is_ready_and_with_what(gate: Gate) -> None:
    def serve(port: int, *, task_status: th.TaskStatus[str]) -> None:
        task_status.started(f"localhost:{port}")
        gate.wait()

    async def asks(*, server: str) -> None:
        assert server == "localhost:80"
        gate.opened.set()

    async with th.open_supervisor() as sup:
        child = await sup.start(th.in_thread(serve), 80)
        assert child.value == "localhost:80"
        sup.start_soon(asks, needs={"server": child}, restart="temporary")


async def test_it_gets_the_value_of_what_it_needs() -> None:
    seen: list[int] = []

    async def number(*, task_status: th.TaskStatus[int]) -> None:
        task_status.started(7)
        await trio.sleep_forever()

    def work(*, number: int) -> None:
        seen.append(number)

    async with th.open_supervisor() as sup:
        need = await sup.start(number, background=True)
        sup.start_soon(th.in_thread(work), needs={"number": need})
    assert seen == [7]


async def test_a_start_that_takes_too_long_says_where_the_thread_stands(
    mock_clock: MockClock, gate: Gate
) -> None:
    def connects(*, task_status: th.TaskStatus[None]) -> None:
        gate.wait()
        with contextlib.suppress(trio.Cancelled):  # it is too late
            task_status.started()

    async def passes_time() -> None:
        await gate.until_reached()
        mock_clock.jump(5)
        await trio.testing.wait_all_tasks_blocked()
        gate.opened.set()

    async with th.open_supervisor("s") as sup:
        sup.start_soon(passes_time)
        with pytest.raises(th.StartFailed, match=r"not ready within 5 s; .*threading.py"):
            await sup.start(th.in_thread(connects), start_within=5)


async def test_it_is_alive_as_long_as_it_beats(mock_clock: MockClock, log: Log) -> None:
    steps, beats = threading.Semaphore(0), threading.Semaphore(0)

    def work() -> None:
        for _ in range(5):
            steps.acquire()
            trio.from_thread.run_sync(th.beat)
            beats.release()
        trio.from_thread.run(trio.sleep_forever)

    async with th.open_supervisor("s", observer=log) as sup:
        health = th.Health(beat_within=3)
        child = await sup.start(th.in_thread(work), health=health, restart="temporary")
        for _ in range(5):
            mock_clock.jump(2)
            steps.release()
            await trio.to_thread.run_sync(beats.acquire)
            assert child.state == "ready"
        await trio.testing.wait_all_tasks_blocked(0.01)  # it has come to its last line
        mock_clock.jump(3)
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert isinstance(ended.exit.error, th.ChildSilent)
    assert ended.time == 13  # five beats, two seconds apart, and then no more
    assert ended.exit.error.where.endswith(".work")
    assert f"{__file__}:" in ended.exit.error.where


def numbers_from(start: int, numbers: th.SendChannel[int]) -> None:
    for number in range(start, start + 5):
        trio.from_thread.run(numbers.send, number)


async def test_channel_ends_are_handed_over_and_outlive_a_crash() -> None:
    seen: list[int] = []
    crashes = iter([Boom("once")])

    def takes(numbers: th.ReceiveChannel[int]) -> None:
        with contextlib.suppress(trio.EndOfChannel):
            while True:
                number = trio.from_thread.run(numbers.receive)
                if number == 2:
                    for crash in crashes:
                        raise crash
                seen.append(number)

    send, receive = th.open_channel(int, 2, max_deliveries=3)
    async with th.open_supervisor() as sup:  # ends by itself, when the source has
        sup.start_soon(th.in_thread(takes), receive)
        sup.start_soon(th.in_thread(numbers_from), 0, send)
    assert seen == [0, 1, 2, 3, 4]


async def test_a_channel_end_in_a_partial_is_handed_over_too() -> None:
    seen: list[int] = []

    async def takes(numbers: th.ReceiveChannel[int]) -> None:
        seen.extend([number async for number in numbers])

    send, receive = th.open_channel(int, 2)
    async with th.open_supervisor() as sup:
        sup.start_soon(takes, receive)
        sup.start_soon(th.in_thread(functools.partial(numbers_from, 3)), send)
        sup.start_soon(th.in_thread(functools.partial(numbers_from, 8, send.clone())))
    assert sorted(seen) == list(range(3, 13))


async def is_async() -> None:
    """As it says."""


async def yields_async() -> Any:
    yield


def yields() -> Any:
    yield


@pytest.mark.parametrize(
    ("fn", "problem"),
    [
        (is_async, r"in_thread\(is_async\): it is an async function; give it as it is, without"),
        (functools.partial(is_async), r"it is an async function"),
        (yields_async, r"it yields, so that a call of it runs nothing; give a function that does"),
        (yields, r"in_thread\(yields\): it yields"),
        (th.Component, r"it is a Component class; give the class itself"),
        (3, r"3 is not callable; give a function, and its arguments where it is started"),
    ],
)
def test_what_cannot_block_is_refused(fn: Callable[[], object], problem: str) -> None:
    with pytest.raises(th.ComponentTypeError, match=problem):
        th.in_thread(fn)


def test_a_call_of_an_async_function_is_refused() -> None:
    called: Any = is_async()
    with pytest.raises(th.ComponentTypeError, match="it is a coroutine; give a blocking function"):
        th.in_thread(called)


async def test_a_function_that_gives_a_coroutine_is_a_crash_with_a_sentence(log: Log) -> None:
    def work() -> object:
        return is_async()

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.in_thread(work), restart="temporary")
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert "expected a sync function" in str(ended.exit.error)
