"""The recorder: what it keeps, who it wakes, and how a wrong schedule reads."""

from __future__ import annotations

import contextlib

import pytest
import trio

import trioharness as th
from tests.testing.virtual import virtual
from trioharness.testing import EventRecorder, run


async def crash_after(seconds: float) -> None:
    await trio.sleep(seconds)
    raise ValueError("no")


def ready(path: str, incarnation: int = 1, time: float = 0.0) -> th.ChildReady:
    return th.ChildReady(path=path, incarnation=incarnation, time=time)


def restarting(path: str, time: float, delay: float = 0.0) -> th.ChildRestarting:
    return th.ChildRestarting(
        path=path, incarnation=1, time=time, delay=delay, restarts=1, max_restarts=5, because="x"
    )


async def crash_four_times(recorder: EventRecorder) -> None:
    """A child that crashes after a second of each life, restarted after 1, 2 and 4 s."""
    with contextlib.suppress(th.RestartLimitExceeded):
        async with th.open_supervisor("shop", max_restarts=3, observer=recorder) as sup:
            backoff = th.Backoff(1, 30, jitter=0)
            sup.start_soon(crash_after, 1.0, name="worker", backoff=backoff)


@virtual
async def test_it_keeps_all_that_a_tree_tells() -> None:
    recorder = EventRecorder()
    await crash_four_times(recorder)
    assert [event.time for event in recorder.of(th.ChildEnded)] == [1, 3, 6, 11]
    assert [event.incarnation for event in recorder.of(th.ChildReady, "shop/worker")] == [
        1,
        2,
        3,
        4,
    ]
    (gave_up,) = recorder.of(th.GaveUp, path="shop")
    assert gave_up.why == "intensity"
    assert recorder.of(th.GaveUp, path="shop/worker") == []
    assert isinstance(recorder.events[0], th.ChildStarting)
    assert isinstance(recorder.events[-1], th.SupervisorEnded)
    assert repr(recorder) == f"<EventRecorder: {len(recorder.events)} events>"


@virtual
async def test_the_schedule_of_real_restarts_is_exact() -> None:
    recorder = EventRecorder()
    await crash_four_times(recorder)
    assert recorder.restarts("shop/worker") == [2, 5, 10]
    recorder.assert_schedule("shop/worker", [2, 5, 10])
    recorder.assert_schedule("shop/worker", [1, 4, 9], start=1)


@virtual
async def test_a_wrong_schedule_shows_both() -> None:
    recorder = EventRecorder()
    await crash_four_times(recorder)
    with pytest.raises(AssertionError) as caught:
        recorder.assert_schedule("shop/worker", [1, 4.5], start=1)
    assert str(caught.value) == (
        "the restarts of 'shop/worker' are not on schedule, in seconds after 1:\n"
        "   #  expected    actual\n"
        "   1         1         1\n"
        "   2       4.5         4  <-\n"
        "   3         -         9  <-"
    )


def test_a_restart_that_did_not_come_is_shown() -> None:
    recorder = EventRecorder()
    recorder(restarting("a", 1))
    with pytest.raises(AssertionError, match=r"2         3         -  <-$"):
        recorder.assert_schedule("a", [1, 3])


def test_a_restart_too_many_is_shown() -> None:
    recorder = EventRecorder()
    recorder(restarting("a", 1))
    with pytest.raises(AssertionError, match=r"1         -         1  <-$"):
        recorder.assert_schedule("a", [])


def test_times_are_compared_to_a_microsecond() -> None:
    recorder = EventRecorder()
    recorder(restarting("a", 0.1, delay=0.2))
    recorder.assert_schedule("a", [0.3])
    recorder.assert_schedule("a", [0.3 + 9e-7])
    with pytest.raises(AssertionError, match=r"0\.300002       0\.3  <-"):
        recorder.assert_schedule("a", [0.300002])


def test_a_path_that_nobody_has_is_pointed_out() -> None:
    recorder = EventRecorder()
    recorder(ready("shop/a"))
    recorder(ready("shop/b"))
    recorder.assert_schedule("shop/a", [])
    for schedule in ([1], []):  # of a path that is misspelt nothing would be asserted
        with pytest.raises(AssertionError, match="there are 'shop/a', 'shop/b'"):
            recorder.assert_schedule("worker", schedule)
    with pytest.raises(AssertionError, match="no event has that path; there are none"):
        EventRecorder().assert_schedule("worker", [1])


@virtual
async def test_an_event_of_the_past_is_there_at_once() -> None:
    recorder = EventRecorder()
    await crash_four_times(recorder)
    event = await recorder.wait_for(th.ChildReady, path="shop/worker")
    assert event.incarnation == 1
    third = await recorder.wait_for(th.ChildReady, where=lambda event: event.incarnation == 3)
    assert third.time == 5


@virtual
async def test_an_event_of_the_future_is_waited_for() -> None:
    recorder = EventRecorder()
    async with th.open_supervisor("shop", observer=recorder) as sup:
        sup.start_soon(crash_after, 2.0, name="a", restart="temporary")
        sup.start_soon(crash_after, 3.0, name="b", restart="temporary")
        event = await recorder.wait_for(th.ChildEnded, path="shop/b")
        assert trio.current_time() == event.time == 3
        assert isinstance(event.exit, th.Crashed)


@virtual
async def test_an_event_that_is_not_kept_any_more_still_wakes_who_waited() -> None:
    recorder = EventRecorder(keep=1)
    got: list[int] = []

    async def wait() -> None:
        event = await recorder.wait_for(th.ChildReady, where=lambda event: event.incarnation == 2)
        got.append(event.incarnation)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(1, 5):
            recorder(ready("a", number))
    assert got == [2]


@virtual
async def test_several_tasks_may_wait() -> None:
    recorder = EventRecorder()
    got: list[str] = []

    async def wait(path: str) -> None:
        got.append((await recorder.wait_for(th.ChildReady, path=path)).path)

    async with trio.open_nursery() as nursery:
        for path in "aab":
            nursery.start_soon(wait, path)
        await trio.testing.wait_all_tasks_blocked()
        recorder(ready("b"))
        await trio.testing.wait_all_tasks_blocked()
        assert got == ["b"]
        recorder(ready("a"))
    assert got == ["b", "a", "a"]


@virtual
async def test_the_deadline_is_the_callers() -> None:
    recorder = EventRecorder()
    with pytest.raises(trio.TooSlowError), trio.fail_after(3):
        await recorder.wait_for(th.GaveUp)
    assert trio.current_time() == 3
    recorder(ready("a"))  # nobody waits any more, and it is kept all the same
    assert await recorder.wait_for(th.ChildReady) is recorder.events[0]


@pytest.mark.parametrize("kept", [True, False])
@virtual
async def test_waiting_is_a_checkpoint(kept: bool) -> None:
    recorder = EventRecorder()
    if kept:
        recorder(ready("a"))
    with trio.CancelScope() as scope:
        scope.cancel()
        await recorder.wait_for(th.ChildReady)
    assert scope.cancelled_caught
    with trio.testing.assert_checkpoints():
        recorder(ready("a"))
        await recorder.wait_for(th.ChildReady)


@virtual
async def test_an_error_of_the_condition_is_the_waiters_own() -> None:
    recorder = EventRecorder()

    def broken(event: th.ChildReady) -> bool:
        raise KeyError(event.path)

    async def work() -> None:
        await trio.sleep(1)

    async with th.open_supervisor("shop", observer=recorder) as sup:
        child = sup.start_soon(work, name="worker")
        with pytest.raises(KeyError, match="shop/worker"):
            await recorder.wait_for(th.ChildReady, where=broken)
        await child.wait("stopped")
    assert recorder.of(th.SupervisorEnded, "shop")


def test_bounded_it_forgets_the_oldest_and_says_so() -> None:
    recorder = EventRecorder(keep=2)
    for number in range(1, 6):
        recorder(ready("a", number))
    assert [event.incarnation for event in recorder.of(th.ChildReady)] == [4, 5]
    assert recorder.forgotten == 3
    with pytest.raises(AssertionError, match=r"\n3 older events are not kept \(keep=2\)$"):
        recorder.assert_schedule("a", [1])


@pytest.mark.parametrize("keep", [0, -1, 1.5, "2"])
def test_a_bound_that_is_none_is_refused(keep: int) -> None:
    with pytest.raises(th.ConfigurationError, match="is no number of events; give 1 or more"):
        EventRecorder(keep=keep)


def test_it_forwards() -> None:
    second = EventRecorder()
    first = EventRecorder(forward=second)
    first(ready("a"))
    assert first.events == second.events == (ready("a"),)


def test_a_dead_letter_is_found_by_its_channel() -> None:
    recorder = EventRecorder()
    letter = th.DeadLettered(channel="orders", time=1, message="1", attempts=3, error="no")
    recorder(letter)
    assert recorder.of(th.DeadLettered, path="orders") == [letter]
    assert recorder.of(th.DeadLettered, path="shop") == []


def test_a_channel_takes_it_as_its_observer_and_is_found_by_its_name() -> None:
    recorder = EventRecorder()

    async def overflow() -> None:
        send, _ = th.open_channel(int, 1, overflow="latest", name="prices", observer=recorder)
        await send.send_many([1, 2])

    run(overflow)
    dropped = th.MessagesDropped(channel="prices", time=0, overflow="latest", count=1, dropped=1)
    assert recorder.of(th.MessagesDropped, path="prices") == [dropped]


def test_a_harness_takes_it_as_its_observer() -> None:
    recorder = EventRecorder()
    app = th.Harness("shop", observer=recorder)

    async def work() -> None:
        await trio.lowlevel.checkpoint()

    app.add(work)
    app.run()
    assert recorder.of(th.ChildReady, "shop/work")
