"""Virtual time: a run of its own, and a clock that a test moves by hand."""

from __future__ import annotations

import random
import threading
from functools import partial

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from trioharness.testing import ChannelProbe, EventRecorder, VirtualClock, run, virtual_clock

# Both kinds of clock: one that jumps by itself, and one that only moves when it is told to.
CLOCKS = [
    pytest.param(partial(MockClock, autojump_threshold=0), id="jumps"),
    pytest.param(MockClock, id="stands"),
]


async def at(seconds: float, diary: list[tuple[str, float]], what: str) -> None:
    await trio.sleep(seconds)
    diary.append((what, trio.current_time()))


def test_a_run_gives_the_result_in_no_time() -> None:
    async def sleep(seconds: float) -> float:
        await trio.sleep(seconds)
        return trio.current_time()

    assert run(sleep, 3e6) == 3e6


def test_a_run_raises_what_the_function_raises() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run(fail)


@given(st.floats(0, 1e6))
def test_each_example_of_a_property_has_its_own_time(seconds: float) -> None:
    async def sleep() -> float:
        assert trio.current_time() == 0
        await trio.sleep(seconds)
        return trio.current_time()

    assert run(sleep) == pytest.approx(seconds)


async def shuffled() -> tuple[list[int], int]:
    """The order in which trio runs twenty tasks, and what Python's `random` says."""
    order: list[int] = []
    gate = trio.Event()  # keeps those who wait in a set

    async def note(number: int) -> None:
        await gate.wait()
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(note, number)
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
    return order, random.randrange(2**32)


@pytest.mark.parametrize("under_hypothesis", [True, False])
def test_a_seed_makes_the_schedule(under_hypothesis: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING"
    monkeypatch.setattr(name, under_hypothesis)
    before = random.getstate()
    runs = [run(shuffled, seed=seed) for seed in (1, 2, 3)]
    assert random.getstate() == before
    assert trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING is under_hypothesis
    run(shuffled)
    assert [run(shuffled, seed=seed) for seed in (1, 2, 3)] == runs
    (order, number), *others = runs
    assert all(order != other and number != drawn for other, drawn in others)


def test_a_trio_without_a_schedule_to_seed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("trio._core._run._r")
    with pytest.raises(th.ConfigurationError, match="leave seed= out"):
        run(shuffled, seed=1)


@pytest.mark.parametrize("clock", CLOCKS)
def test_what_is_due_meanwhile_happens_in_its_order(clock: type[MockClock]) -> None:
    async def main() -> None:
        diary: list[tuple[str, float]] = []
        time = virtual_clock()
        async with trio.open_nursery() as nursery:
            for seconds in (3.5, 1, 2, 2.5):
                nursery.start_soon(at, seconds, diary, f"{seconds}")
            await time.advance(2.5)
            assert time.now == trio.current_time() == 2.5
            assert diary == [("1", 1), ("2", 2), ("2.5", 2.5)]
            await time.advance(0.75)
            assert (time.now, len(diary)) == (3.25, 3)
            await time.advance(0.25)
        assert diary[-1] == ("3.5", 3.5)

    trio.run(main, clock=clock())


@pytest.mark.parametrize("clock", CLOCKS)
def test_what_follows_at_the_end_has_happened_too(clock: type[MockClock]) -> None:
    async def main() -> None:
        diary: list[tuple[str, float]] = []

        async def chain() -> None:
            for _ in range(50):
                await trio.sleep(0.1)
                await trio.lowlevel.checkpoint()
            await at(0, diary, "done")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(chain)
            await virtual_clock().advance(5.000001)
            assert [what for what, _ in diary] == ["done"]
            assert virtual_clock().now == 5.000001

    trio.run(main, clock=clock())


@pytest.mark.parametrize("clock", CLOCKS)
def test_zero_seconds_let_happen_what_is_due_now(clock: type[MockClock]) -> None:
    async def main() -> None:
        diary: list[tuple[str, float]] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(at, 0, diary, "now")
            nursery.start_soon(at, 1e-9, diary, "later")
            await virtual_clock().advance(0)
            assert diary == [("now", 0)]
            await virtual_clock().advance(1)

    trio.run(main, clock=clock())


async def test_a_deadline_ends_an_advance_where_it_is(autojump_clock: MockClock) -> None:
    with trio.move_on_after(2) as scope:
        await virtual_clock().advance(5)
    assert scope.cancelled_caught
    assert trio.current_time() == 2


async def test_two_tasks_may_advance_at_once(autojump_clock: MockClock) -> None:
    ends: list[float] = []

    async def advance(seconds: float) -> None:
        await virtual_clock().advance(seconds)
        ends.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(advance, 3)
        nursery.start_soon(advance, 5)
    assert min(ends) >= 3
    assert max(ends) == 5


@pytest.mark.parametrize("clock", CLOCKS)
def test_run_until_gives_the_moment(clock: type[MockClock]) -> None:
    async def main() -> None:
        diary: list[tuple[str, float]] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(at, 2, diary, "a")
            nursery.start_soon(at, 7, diary, "b")
            assert await virtual_clock().run_until(lambda: diary, within=10) == 2
            assert await virtual_clock().run_until(lambda: diary, within=0) == 2
            assert await virtual_clock().run_until(lambda: len(diary) == 2, within=5) == 7

    trio.run(main, clock=clock())


async def test_what_does_not_become_true_is_named(autojump_clock: MockClock) -> None:
    def all_is_well() -> bool:
        return trio.current_time() > 4

    with pytest.raises(AssertionError) as caught:
        await virtual_clock().run_until(all_is_well, within=4)
    assert str(caught.value) == "'all_is_well' did not become true within 4 s; it is 4 s now"


async def meet_a_thread_at_work(words: str) -> None:
    """Fail to see what does not happen while a thread is at work; `words` end the errors."""
    done, recorder = threading.Event(), EventRecorder()

    async def wait_in_a_thread() -> None:
        await trio.to_thread.run_sync(done.wait)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait_in_a_thread)
        try:
            await wait_all_tasks_blocked()
            with pytest.raises(AssertionError, match=words):
                recorder.assert_schedule("shop/worker", [1])
            with ChannelProbe(int) as probe, pytest.raises(AssertionError, match=words):
                _ = probe.send_end
                await probe.next(within=0.01)
        finally:
            done.set()


def test_time_that_did_not_wait_for_a_thread_is_pointed_out() -> None:
    words = r"\na thread is at work .*; use real time, or a fake in its place$"
    run(meet_a_thread_at_work, words)
    trio.run(meet_a_thread_at_work, r"(there are none|no message before)$")


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), True, "3"])
async def test_what_is_no_duration_is_refused(seconds: float, autojump_clock: MockClock) -> None:
    with pytest.raises(th.ConfigurationError, match="is no duration; give seconds"):
        await virtual_clock().advance(seconds)
    with pytest.raises(th.ConfigurationError, match="is no duration; give seconds"):
        await virtual_clock().run_until(lambda: True, within=seconds)
    assert trio.current_time() == 0


async def test_real_time_cannot_be_moved() -> None:
    with pytest.raises(th.ConfigurationError, match=r"run the test with trioharness\.testing\.run"):
        virtual_clock()


def test_outside_of_trio_there_is_no_clock() -> None:
    with pytest.raises(RuntimeError):
        virtual_clock()


async def test_its_repr_says_the_time(autojump_clock: MockClock) -> None:
    await virtual_clock().advance(1.5)
    assert repr(virtual_clock()) == "<VirtualClock at 1.5 s>"
    assert isinstance(virtual_clock(), VirtualClock)
