"""A component that gives no sign of life, and how a child and a tree are."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, Log, crashes, deaf, forever, sleeps, slow_to_start

WITHIN_5 = th.Health(beat_within=5)


def error_of(log: Log) -> Exception:
    """The error of the first crash."""
    exit = log.of(th.ChildEnded)[0].exit
    assert isinstance(exit, th.Crashed)
    return exit.error


async def test_a_component_that_is_silent_for_too_long_counts_as_crashed_and_is_restarted(
    autojump_clock: MockClock, log: Log
) -> None:
    async def hangs() -> None:
        await trio.sleep(1)
        th.beat()
        await trio.sleep_forever()

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(hangs, name="w", health=WITHIN_5)
        await trio.sleep(7)
        sup.cancel_scope.cancel()
    assert log.lines[:4] == [
        "w 1 ready",
        "w 1 crashed",
        "w 1 restarting",
        "w 2 ready",
    ]
    assert log.times("crashed") == [6]
    error = error_of(log)
    assert isinstance(error, th.ChildSilent)
    assert (error.path, error.seconds) == ("s/w", 5)
    assert f"{__file__}:" in error.where
    assert "in test_a_component_that_is_silent" in error.where
    assert error.where.endswith("hangs")
    assert str(error).startswith("'s/w' was silent for 5 s; it stood at ")
    assert "beat_within" in str(error)


async def test_silence_counts_against_the_restarts(autojump_clock: MockClock, log: Log) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=2, within=60, observer=log) as sup:
            sup.start_soon(forever, health=WITHIN_5)
    assert [type(error) for error in caught.value.exceptions] == [th.ChildSilent] * 3
    assert log.times("crashed") == [5, 10, 15]


async def test_who_beats_in_time_goes_on(autojump_clock: MockClock, log: Log) -> None:
    async def alive() -> None:
        for _ in range(100):
            await trio.sleep(4.9)
            th.beat()

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(alive, health=WITHIN_5)
    assert log.about("crashed") == []


async def test_a_beat_may_come_from_any_task_of_the_component(
    autojump_clock: MockClock, log: Log
) -> None:
    async def beats() -> None:
        for _ in range(10):
            await trio.sleep(4)
            th.beat()

    async def component() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(beats)

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(component, health=WITHIN_5)
    assert log.lines == ["component 1 ready", "component 1 returned", "s ended"]


@pytest.mark.parametrize("may_be_abandoned", [False, True])
async def test_a_beat_may_come_from_a_thread_of_the_component(
    mock_clock: MockClock, log: Log, may_be_abandoned: bool
) -> None:
    def works() -> None:
        for _ in range(3):
            trio.from_thread.run_sync(mock_clock.jump, 4)
            trio.from_thread.run_sync(th.beat)
        trio.from_thread.run_sync(mock_clock.jump, 6)

    async def component() -> None:
        await trio.to_thread.run_sync(works, abandon_on_cancel=may_be_abandoned)
        await trio.sleep_forever()

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(component, restart="temporary", health=WITHIN_5)
    assert log.times("crashed") == [18]


async def test_a_beat_inside_of_a_component_is_no_beat_of_that(
    autojump_clock: MockClock, log: Log
) -> None:
    async def beats() -> None:
        while True:
            await trio.sleep(1)
            th.beat()

    async def shop() -> None:
        async with th.open_supervisor("in") as inner:
            inner.start_soon(beats)

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(shop, restart="temporary", health=WITHIN_5)
    assert log.times("crashed") == [5]


async def test_the_error_tells_of_the_tasks_of_the_component_too(
    autojump_clock: MockClock, log: Log
) -> None:
    async def reads() -> None:
        await trio.sleep_forever()

    async def component() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reads)
            nursery.start_soon(reads)
            nursery.start_soon(trio.sleep_forever)

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(component, health=WITHIN_5)
        await trio.sleep(6)
        sup.cancel_scope.cancel()
    error = error_of(log)
    assert isinstance(error, th.ChildSilent)
    main, _, tasks = error.where.partition(", its tasks at ")
    assert main.endswith("component")
    assert tasks.endswith("reads")
    assert "," not in tasks  # of two that stand at one place, one is told


async def test_the_tasks_of_children_inside_are_not_its_own(
    autojump_clock: MockClock, log: Log
) -> None:
    async def shop() -> None:
        async with th.open_supervisor("in") as inner:
            inner.start_soon(forever)
            await trio.sleep_forever()

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(shop, restart="temporary", health=WITHIN_5)
    error = next(e.exit.error for e in log.of(th.ChildEnded) if isinstance(e.exit, th.Crashed))
    assert isinstance(error, th.ChildSilent)
    assert error.where.endswith("shop")


async def test_where_no_code_of_the_user_runs_there_is_nothing_to_see(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(trio.sleep_forever, name="w", health=WITHIN_5)
        await trio.sleep(6)
        sup.cancel_scope.cancel()
    assert str(error_of(log)).startswith("'s/w' was silent for 5 s; call ")


async def test_a_beat_where_nobody_asked_for_it_does_nothing(autojump_clock: MockClock) -> None:
    async def component() -> None:
        th.beat()
        await trio.lowlevel.checkpoint()

    async with th.open_supervisor() as sup:
        sup.start_soon(component)
        sup.start_soon(component, health=th.Health())
        sup.start_soon(component, start_within=5)


async def test_a_beat_outside_of_a_component_is_an_error() -> None:
    with pytest.raises(th.SupervisionError, match=r"beat\(\) was called outside"):
        th.beat()


async def test_an_idle_consumer_is_not_a_silent_one(autojump_clock: MockClock, log: Log) -> None:
    seen: list[int] = []

    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        async for number in numbers:
            seen.append(number)

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(consumer, receive, health=WITHIN_5)
        with send:
            await trio.sleep(1000)
            await send.send(1)
            await trio.sleep(1000)
    assert seen == [1]
    assert log.about("crashed") == []


async def test_a_consumer_that_hangs_with_a_message_is_ended_so_much_later_to_the_second(
    autojump_clock: MockClock, log: Log
) -> None:
    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        async for number in numbers:
            await trio.sleep(math.inf if number == 3 else 1)

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(consumer, receive, health=WITHIN_5)
        with send:
            await trio.sleep(1000)
            await send.send(3)
            await trio.sleep(6)
    assert log.times("crashed") == [1005]


async def test_waiting_does_not_count_but_the_work_before_and_after_does(
    autojump_clock: MockClock, log: Log
) -> None:
    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        await trio.sleep(2)
        async for _ in numbers:
            await trio.sleep(2)

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(consumer, receive, name="c", health=WITHIN_5)
        with send:
            await trio.sleep(100)
            await send.send(1)  # its second and third second of work: until 102
            await trio.sleep(100)
            await send.send(2)  # at 200; one more second is the fifth
            await trio.sleep(3)
            await sup.children["c"].stop()
    assert log.times("crashed") == [201]


def ends_at(day: list[tuple[str, int]], within: float) -> float:
    """When somebody with this day has worked for so long without a beat; inf if never."""
    now = worked = 0.0
    for what, seconds in day:
        if what == "work" and worked + seconds > within:
            return now + within - worked
        now += seconds
        worked = 0.0 if what == "beat" else worked + (seconds if what == "work" else 0)
    return math.inf


days = st.lists(
    st.tuples(st.sampled_from(["work", "work", "wait"]), st.integers(0, 4)) | st.just(("beat", 0)),
    max_size=12,
)


@given(days)
@settings(max_examples=60)
def test_it_is_ended_exactly_when_it_has_worked_for_so_long_without_a_beat(
    day: list[tuple[str, int]],
) -> None:
    within = 5.5  # no whole number, so that nothing falls together with it
    ended: list[float] = []

    async def component(numbers: th.ReceiveChannel[int]) -> None:
        try:
            for what, seconds in day:
                match what:
                    case "work":
                        await trio.sleep(seconds)
                    case "wait":
                        with trio.move_on_after(seconds):
                            await numbers.receive()
                    case _:
                        th.beat()
            ended.append(math.inf)
        finally:
            ended.append(trio.current_time())

    async def main() -> None:
        send, receive = th.open_channel(int, 1)
        async with th.open_supervisor(observer=Log()) as sup:
            health = th.Health(beat_within=within)
            sup.start_soon(component, receive, restart="temporary", health=health)
        send.close()

    trio.run(main, clock=MockClock(autojump_threshold=0))
    assert ended[0] == ends_at(day, within)


@pytest.mark.parametrize("how", ["receive", "receive_many", "batches", "batches within"])
async def test_every_way_to_receive_is_a_wait(
    autojump_clock: MockClock, log: Log, how: str
) -> None:
    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        match how:
            case "receive":
                await numbers.receive()
            case "receive_many":
                await numbers.receive_many(10)
            case "batches":
                async for _ in numbers.batches(10):
                    break
            case _:
                async for batch in numbers.batches(2, within=100):
                    assert len(batch) == 2
                    break
        await trio.sleep_forever()

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(consumer, receive, health=WITHIN_5)
        await trio.sleep(50)
        await send.send(1)
        if how == "batches within":
            await trio.sleep(50)
            await send.send(1)
        await child.wait("stopping")
        assert trio.current_time() == (105 if how == "batches within" else 55)
        await child.stop()


async def test_waits_that_overlap_count_as_one(autojump_clock: MockClock, log: Log) -> None:
    async def take(numbers: th.ReceiveChannel[int]) -> None:
        await numbers.receive()

    async def consumer(left: th.ReceiveChannel[int], right: th.ReceiveChannel[int]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(take, left)
            await trio.sleep(2)
            nursery.start_soon(take, right.clone())  # a clone of its own is watched as well
        await trio.sleep_forever()

    send_left, left = th.open_channel(int, 10)
    send_right, right = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(consumer, left, right, health=WITHIN_5)
        await trio.sleep(100)
        await send_left.send(1)
        await trio.sleep(100)
        await send_right.send(1)
        await child.wait("stopping")
        assert trio.current_time() == 205
        await child.stop()


async def test_a_wait_that_is_cancelled_is_over(autojump_clock: MockClock, log: Log) -> None:
    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        with trio.move_on_after(100):
            await numbers.receive()
        await trio.sleep_forever()

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(consumer, receive, health=WITHIN_5)
        await child.wait("stopping")
        assert trio.current_time() == 105
        await child.stop()
        send.close()


async def test_a_wait_on_an_end_that_is_closed_is_over(autojump_clock: MockClock, log: Log) -> None:
    async def close(numbers: th.ReceiveChannel[int]) -> None:
        await trio.sleep(100)
        numbers.close()

    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(close, numbers)
            with pytest.raises(trio.ClosedResourceError):
                await numbers.receive()
        await trio.sleep_forever()

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(consumer, receive, health=WITHIN_5)
        await child.wait("stopping")
        assert trio.current_time() == 105
        await child.stop()
        send.close()


async def test_waits_of_somebody_else_do_not_count(autojump_clock: MockClock, log: Log) -> None:
    handed_on: list[th.ReceiveChannel[int]] = []

    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        handed_on.append(numbers.clone())
        await trio.sleep_forever()

    async def other(numbers: th.ReceiveChannel[int]) -> None:
        async for _ in numbers:
            raise AssertionError

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(consumer, receive, health=WITHIN_5)
        sup.start_soon(other, handed_on[0])
        await child.wait("stopping")
        assert trio.current_time() == 5
        await child.stop()
        send.close()


async def test_the_clock_stands_still_during_the_start(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child: th.Child[object] = await sup.start(slow_to_start(100), health=WITHIN_5)
        assert trio.current_time() == 100
        await child.wait("stopping")
        assert trio.current_time() == 105
        await child.stop()


async def test_the_clock_stands_still_during_a_drain(autojump_clock: MockClock, log: Log) -> None:
    done: list[int] = []

    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        async for number in numbers:
            await trio.sleep(60)
            done.append(number)

    async def source(numbers: th.SendChannel[int]) -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        await trio.sleep(30)  # told of the drain, it takes its time
        await numbers.send(2)

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        await send.send(1)
        sup.start_soon(source, send, health=WITHIN_5)
        sup.start_soon(consumer, receive, health=WITHIN_5)
        await trio.sleep(1)
        sup.drain()
    assert done == [1, 2]
    assert log.about("crashed") == []


async def test_a_drain_further_up_counts_too(autojump_clock: MockClock, log: Log) -> None:
    async def inner() -> None:
        await trio.sleep(20)

    async def outer() -> None:
        with th.stop_on_drain():
            await trio.sleep(1)
            await trio.sleep_forever()
        async with th.open_supervisor("in") as nested:
            nested.start_soon(inner, health=WITHIN_5)

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(outer)
        await trio.sleep(1)
        sup.drain()
    assert log.about("crashed") == []
    assert trio.current_time() == 21


async def test_a_silent_component_has_its_grace(autojump_clock: MockClock, log: Log) -> None:
    cleaned: list[float] = []

    async def component() -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup() as scope:
                assert scope.deadline == 8
                await trio.sleep(2)
                cleaned.append(trio.current_time())

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(component, name="w", health=WITHIN_5, grace=3)
        await trio.sleep(7.5)
        assert cleaned == [7]
        await sup.children["w"].stop()
    assert log.times("crashed") == [7]


async def test_a_silent_context_manager_is_left_in_order(
    autojump_clock: MockClock, log: Log
) -> None:
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def pool() -> AsyncGenerator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(beats_once)
            yield
            await trio.sleep(1)
            seen.append(f"left at {trio.current_time():g}")
            nursery.cancel_scope.cancel()

    async def beats_once() -> None:
        await trio.sleep(100)  # until then it is only held open, and nobody asks it for a beat
        th.beat()
        await trio.sleep_forever()

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(pool, health=WITHIN_5, background=False)
        await trio.sleep(107)
        assert seen == ["left at 106"]
        sup.cancel_scope.cancel()
    assert isinstance(error_of(log), th.ChildSilent)


async def test_a_clean_up_that_raises_is_told_of_in_a_note(
    autojump_clock: MockClock, log: Log
) -> None:
    async def component() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Boom("in the clean-up")

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(component, restart={Boom: "transient"}, health=WITHIN_5)
        await trio.sleep(6)
        sup.cancel_scope.cancel()
    error = error_of(log)
    assert isinstance(error, th.ChildSilent)
    assert error.__notes__ == ["while it was ended for that, it raised Boom: in the clean-up"]


async def test_the_policy_can_tell_silence_from_other_crashes(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(forever, restart={th.ChildSilent: "temporary"}, health=WITHIN_5)
    assert log.lines == [
        "forever 1 ready",
        "forever 1 crashed",
        "forever 1 not-restarted",
        "s ended",
    ]


async def test_a_silent_component_that_ignores_its_cancellation_is_reported_as_stuck(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(deaf(100), name="w", health=WITHIN_5, grace=2)
        await trio.sleep(7.5)
        assert child.health().condition == "degraded"
        await trio.sleep(1)
        health = sup.health()
        assert health.condition == "down"
        assert [named.path for named in health.children] == ["s/w"]
        assert "stuck" in str(health)
        assert health.children[0].since == 8
        await trio.sleep(100)
        sup.cancel_scope.cancel()
    assert log.times("stuck")[:1] == [8]
    assert log.of(th.ChildStuck)[0].stack
    assert log.times("crashed") == [100]
    assert sup.overran[:1] == ("s/w",)


async def test_a_stop_takes_over_from_a_silent_component_that_is_stuck(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(deaf(20), name="w", health=WITHIN_5, grace=2)
        await trio.sleep(6)
        await child.stop()
        assert trio.current_time() == 20
        assert child.state == "stopped"
    assert log.times("stuck") == [8]
    assert log.about("crashed", "stopping", "stopped") == ["w 1 stopping", "w 1 stopped"]
    assert log.times("stopping") == [6]


async def test_a_silent_component_that_is_being_stopped_anyway_is_just_stopped(
    autojump_clock: MockClock, log: Log
) -> None:
    async def component() -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await trio.sleep(20)

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(component, name="w", health=WITHIN_5, grace=30)
        await trio.sleep(4)
        await child.stop()
    assert log.about("crashed", "stopped") == ["w 1 stopped"]
    assert trio.current_time() == 24


async def test_a_message_that_a_component_was_silent_over_comes_again_and_dies_in_the_end(
    autojump_clock: MockClock, log: Log
) -> None:
    seen: list[int] = []

    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        async for number in numbers:
            if number == 13:
                await trio.sleep_forever()
            seen.append(number)

    send, receive = th.open_channel(int, 10, max_deliveries=2)
    async with th.open_supervisor("s", observer=log) as sup:
        with send:
            for number in (1, 13, 2):
                await send.send(number)
        sup.start_soon(consumer, receive, health=WITHIN_5)
    assert seen == [1, 2]
    assert log.times("crashed") == [5, 10]
    assert len(log.of(th.DeadLettered)) == 1


async def test_several_are_watched_each_by_its_own_clock(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        for seconds in (7, 3, 5):
            health = th.Health(beat_within=seconds)
            sup.start_soon(forever, name=f"w{seconds}", restart="temporary", health=health)
        sup.start_soon(sleeps(4), name="ends", health=WITHIN_5)
    assert log.about("crashed") == ["w3 1 crashed", "w5 1 crashed", "w7 1 crashed"]
    assert log.times("crashed") == [3, 5, 7]


async def test_who_comes_while_the_last_one_goes_is_watched(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(forever, name="a", restart="temporary", health=WITHIN_5)
        await trio.sleep(100)
        sup.start_soon(forever, name="b", restart="temporary", health=WITHIN_5)
    assert log.times("crashed") == [5, 105]


def wakes_in() -> float:
    return trio.lowlevel.current_statistics().seconds_to_next_deadline


async def test_without_health_nothing_wakes_up(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        sup.start_soon(forever)
        sup.start_soon(crashes(1), health=th.Health(healthy_after=5))
        await wait_all_tasks_blocked()
        tasks = trio.lowlevel.current_statistics().tasks_living
        assert wakes_in() == math.inf
        sup.start_soon(forever, restart="temporary", health=WITHIN_5)
        await wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().tasks_living == tasks + 2  # and who watches
        assert wakes_in() == 5
        await trio.sleep(6)
        await wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().tasks_living == tasks
        assert wakes_in() == math.inf
        sup.cancel_scope.cancel()


async def test_an_idle_consumer_wakes_nobody_up(autojump_clock: MockClock) -> None:
    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        async for _ in numbers:
            await trio.lowlevel.checkpoint()

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor() as sup:
        sup.start_soon(consumer, receive, health=WITHIN_5)
        await wait_all_tasks_blocked()
        await trio.sleep(6)  # once it looks, and finds that it has nothing to wait for
        await wait_all_tasks_blocked()
        assert wakes_in() == math.inf
        await send.send(1)
        await wait_all_tasks_blocked()
        assert wakes_in() == 5
        send.close()


@pytest.mark.parametrize("component", ["start", "start_soon", "Spec", "add"])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"health": 5}, "health=5 is no Health; give Health(beat_within=seconds)"),
        ({"start_within": -1}, "start_within=-1 is no duration; give seconds, 0 or more, or None"),
        ({"start_within": "5"}, "start_within='5' is no duration"),
    ],
)
async def test_options_that_cannot_be(component: str, options: Any, sentence: str) -> None:
    async with th.open_supervisor() as sup:
        with pytest.raises(th.ConfigurationError) as caught:
            match component:
                case "start":
                    await sup.start(forever, **options)
                case "start_soon":
                    sup.start_soon(forever, **options)
                case "Spec":
                    th.Spec(forever, **options)
                case _:
                    th.Harness().add(forever, **options)
    assert sentence in str(caught.value)


async def test_specs_pass_it_on(autojump_clock: MockClock, log: Log) -> None:
    group = th.Group("g", [th.Spec(forever, restart="temporary", health=WITHIN_5)])
    pool = th.Pool("p", th.Spec(forever, restart="temporary", health=WITHIN_5))
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(group, name="g")
        instances = (await sup.start(pool, name="p")).value
        await instances.start()
        assert instances.health().condition == "healthy"
        await trio.sleep(6)
        sup.cancel_scope.cancel()
    assert sorted(log.about("crashed")) == ["g/forever 1 crashed", "p/forever-1 1 crashed"]


def test_a_harness_passes_it_on(log: Log) -> None:
    app = th.Harness("h", observer=log)
    app.add(forever, restart="temporary", health=th.Health(beat_within=0.01))
    app.run()
    assert log.about("crashed") == ["forever 1 crashed"]


async def test_a_child_is_degraded_until_it_has_been_back_for_long_enough(
    autojump_clock: MockClock,
) -> None:
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(
            crashes(1, after=1),
            name="c",
            backoff=th.Backoff(10, jitter=0),
            health=th.Health(healthy_after=20),
        )
        await wait_all_tasks_blocked()
        assert sup.health() == th.SupervisorHealth(
            path="s", condition=th.Condition.HEALTHY, started=True, ready=True
        )
        await child.wait("restarting")
        assert str(child.health()) == "'s/c' is degraded: restarting in 10 s: Boom: number 1"
        assert child.health().since == 1
        await trio.sleep(7.5)
        assert child.health().reason == "restarting in 2.5 s: Boom: number 1"
        assert not child.health().ready
        assert str(sup.health()).startswith("'s' is degraded, not ready\n  's/c' is degraded: ")
        await child.wait("ready")
        await trio.sleep(19)
        assert child.health() == th.ChildHealth(
            path="s/c",
            state=th.State.READY,
            condition=th.Condition.DEGRADED,
            reason="back for only 19 s: Boom: number 1",
            since=11,
            started=True,
            ready=True,
        )
        assert sup.health().condition == "degraded"
        await trio.sleep(1)
        assert child.health().condition == "healthy"
        assert sup.health().children == ()
        sup.cancel_scope.cancel()


async def test_a_parked_child_is_down_and_named_and_who_needs_it_waits(
    autojump_clock: MockClock,
) -> None:
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=1, within=5, exhausted="park") as sup:
            db = sup.start_soon(crashes(after=1), name="db")
            web = sup.start_soon(forever, name="web", needs={})
            sup.start_soon(forever, name="late", after=[db])

            async def user(db: object) -> None:
                await trio.sleep_forever()

            needy = sup.start_soon(user, name="user", needs={"db": db})
            await db.wait("parked")
            await wait_all_tasks_blocked()
            health = sup.health()
            assert health.condition == "down"
            assert [(c.path, c.condition, c.reason) for c in health.children] == [
                ("s/db", "down", "parked after more than 1 restart in 5 s; restart it by hand"),
                ("s/user", "degraded", "waiting for 's/db'"),
            ]
            assert [child.since for child in health.children] == [2, 2]
            assert (health.started, health.ready, health.live) == (True, False, False)
            assert web.health().condition == "healthy"
            assert needy.health().condition == "degraded"
            sup.cancel_scope.cancel()


async def test_a_child_that_was_stopped_by_hand_is_named_but_not_unhealthy(
    autojump_clock: MockClock,
) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(forever, name="w")
        await trio.sleep(3)
        await child.stop("lunch")
        assert sup.health() == th.SupervisorHealth(
            path="s",
            condition=th.Condition.HEALTHY,
            started=True,
            ready=True,
            children=(
                th.ChildHealth(
                    path="s/w",
                    state=th.State.STOPPED,
                    condition=th.Condition.HEALTHY,
                    reason="stopped: lunch",
                    since=3,
                    started=True,
                    ready=False,
                ),
            ),
        )


async def test_a_restart_by_hand_is_no_reason_for_worry(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(crashes(1, after=1), name="w")
        await trio.sleep(2)
        assert child.health().condition == "degraded"
        await child.restart()
        assert child.health().condition == "healthy"
        sup.cancel_scope.cancel()


async def test_health_reaches_into_nested_supervisors(autojump_clock: MockClock) -> None:
    async def shop() -> None:
        async with th.open_supervisor("inner", max_restarts=0, exhausted="park") as inner:
            inner.start_soon(crashes(after=1), name="broken")
            await trio.sleep_forever()

    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(shop, restart="temporary")
        await trio.sleep(2)
        assert [named.path for named in sup.health().children] == ["s/shop/inner/broken"]
        assert child.health().condition == "down"
        assert child.health().reason.startswith("'s/shop/inner/broken' inside of it: parked")
        assert child.health().since == 1
        sup.cancel_scope.cancel()


async def test_what_is_only_held_open_need_not_beat(autojump_clock: MockClock, log: Log) -> None:
    @contextlib.asynccontextmanager
    async def pool() -> AsyncGenerator[None]:
        yield

    class Held(th.Component):
        pass

    async with th.open_supervisor("s", observer=log) as sup:
        held = [sup.start_soon(pool, health=WITHIN_5), sup.start_soon(Held, health=WITHIN_5)]
        await trio.sleep(1000)
        assert [child.incarnation for child in held] == [1, 1]
        sup.cancel_scope.cancel()


async def test_a_wait_on_a_channel_of_another_library_counts(
    autojump_clock: MockClock, log: Log
) -> None:
    """Only our own ends tell when somebody waits on them; the documentation says so."""

    async def consumer(numbers: trio.MemoryReceiveChannel[int]) -> None:
        async for _ in numbers:
            th.beat()

    send, receive = trio.open_memory_channel[int](1)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(consumer, receive, health=WITHIN_5)
        await trio.sleep(6)
        sup.cancel_scope.cancel()
    send.close()
    assert isinstance(error_of(log), th.ChildSilent)
