"""Timers: ticks that do not drift, missed ones that are counted, alone and beside channels."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, assert_checkpoints, wait_all_tasks_blocked

import trioharness as th


async def test_the_ticks_come_one_period_after_the_other(autojump_clock: MockClock) -> None:
    times: list[float] = []
    async for count in th.every(2.5):
        assert count == 1
        times.append(trio.current_time())
        if len(times) == 4:
            break
    assert times == [2.5, 5, 7.5, 10]


async def test_how_long_a_tick_takes_shifts_no_other_and_missed_ones_are_counted(
    autojump_clock: MockClock,
) -> None:
    got: list[tuple[float, int]] = []
    work = iter([0.9, 0.5, 2.75, 1.0, 0.0])
    async for count in th.every(1):
        got.append((trio.current_time(), count))
        if len(got) == 5:
            break
        await trio.sleep(next(work))
    assert got == [(1, 1), (2, 1), (3, 1), (5.75, 2), (6.75, 1)]


async def test_a_year_of_ticks_adds_up_no_error(mock_clock: MockClock) -> None:
    period = 0.1  # no sum of which is exact
    tick = th.every(period)
    total = 0
    async with th.merge(tick) as counts:
        for _ in range(100):
            mock_clock.jump(36_525.7)
            total += await anext(counts)
    assert abs(total * period - trio.current_time()) <= period


@pytest.mark.parametrize("period", [0.1, 0.3, 1 / 3, 1e-6])
async def test_a_tick_is_there_at_the_very_moment_at_which_it_is_due(
    period: float, mock_clock: MockClock
) -> None:
    mock_clock.jump(1234.56)
    source = th.every(period)._source()
    for _ in range(1000):
        due = source.watch(lambda: None)
        mock_clock.jump(due - trio.current_time())
        while trio.current_time() < due:
            mock_clock.jump(math.ulp(due))
        pair = source.take()
        assert pair is not None
        assert pair[1] == 1


@given(st.floats(1e-6, 1e6), st.lists(st.floats(0, 1e7), max_size=30))
def test_no_tick_is_lost_doubled_or_early(period: float, pauses: list[float]) -> None:
    clock = MockClock()

    async def main() -> None:
        tick = th.every(period)
        source = tick._source()
        source.watch(lambda: None)  # the first use
        begun = trio.current_time()
        ticks = 0
        for pause in pauses:
            clock.jump(pause)
            now = trio.current_time()
            pair = source.take()
            if pair is not None:
                assert pair[0] is tick
                assert pair[1] >= 1
                ticks += pair[1]
            due = source.watch(lambda: None)
            # What doubles can say of the time so far, and of the number of ticks.
            slack = 1e-9 * max(1, now) + 1e-12 * period
            assert ticks * period <= now - begun + slack
            assert due >= now - slack

    trio.run(main, clock=clock)


async def test_the_first_period_begins_when_it_is_first_used(autojump_clock: MockClock) -> None:
    tick, other = th.every(10), th.every(10)
    await trio.sleep(7)
    async with th.select(tick) as ready:
        await trio.sleep(2)
        assert await anext(ready) == (tick, 1)
        assert trio.current_time() == 17
    await trio.sleep(5)
    assert await anext(other) == 1
    assert trio.current_time() == 32
    # The one that was used goes on where it was.
    assert await anext(tick) == 1
    assert trio.current_time() == 32
    assert await anext(tick) == 1
    assert trio.current_time() == 37


async def test_it_ticks_while_channels_are_busy(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 1000)
    await send.send_many(range(1000))
    tick = th.every(1)
    counts: list[int] = []
    seen = 0
    async with th.select(receive, tick) as ready:
        async for source, item in ready:
            if source is tick:
                counts.append(item)
            else:
                seen += 1
                await trio.sleep(0.01)
            if seen == 1000:
                break
    assert sum(counts) in (9, 10)
    assert set(counts) == {1}


async def test_a_message_does_not_shift_the_ticks(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(str, 5)
    got: list[tuple[float, object]] = []

    async def select() -> None:
        async with th.merge(receive, th.every(1)) as items:
            async for item in items:
                got.append((trio.current_time(), item))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(select)
        for pause in (0.4, 0.4, 1.5):
            await trio.sleep(pause)
            await send.send("x")
        send.close()
    assert got == [(0.4, "x"), (0.8, "x"), (1, 1), (2, 1), (2.3, "x")]


async def test_timers_hold_no_select_open_unless_there_is_nothing_else(
    autojump_clock: MockClock,
) -> None:
    send, receive = th.open_channel(int, 5)
    send.close()
    async with th.select(receive, th.every(1)) as ready:
        with assert_checkpoints(), pytest.raises(StopAsyncIteration):
            await anext(ready)
    tick, tock = th.every(2), th.every(3)
    got: list[object] = []
    async with th.select(tick, tock) as ready:
        async for source, _ in ready:
            got.append(source)
            if len(got) == 7:
                break
    assert sorted(map(repr, got)) == ["every(2)"] * 4 + ["every(3)"] * 3


async def test_a_tick_that_is_due_goes_when_the_last_channel_has_ended(
    mock_clock: MockClock,
) -> None:
    send, receive = th.open_channel(int, 5)
    async with th.select(receive, th.every(1)) as ready:
        send.close()
        mock_clock.jump(1)
        with pytest.raises(StopAsyncIteration):
            await anext(ready)


async def test_with_priority_ticks_come_before_what_is_named_after_them(
    mock_clock: MockClock,
) -> None:
    send, receive = th.open_channel(str, 5)
    await send.send_many("xxx")
    async with th.merge(th.every(1), receive, priority=True) as items:
        assert await anext(items) == "x"
        mock_clock.jump(3)
        assert [await anext(items) for _ in range(3)] == [3, "x", "x"]


async def test_each_tick_goes_to_one_of_those_who_wait(autojump_clock: MockClock) -> None:
    tick = th.every(1)
    got: list[str] = []

    async def alone() -> None:
        async for _ in tick:
            got.append("alone")

    async def select() -> None:
        async with th.select(tick) as ready:
            async for _ in ready:
                got.append("select")

    with trio.move_on_after(20.5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(alone)
            nursery.start_soon(alone)
            nursery.start_soon(select)
    assert len(got) == 20


async def test_a_cancelled_wait_has_taken_no_tick(autojump_clock: MockClock) -> None:
    tick = th.every(1)
    with trio.move_on_after(0.5):
        await anext(tick)
    with trio.move_on_at(trio.current_time() + 0.5) as scope:  # just then it is due
        await anext(tick)
    assert scope.cancelled_caught
    assert await anext(tick) == 1
    assert trio.current_time() == 1
    with assert_checkpoints(), trio.move_on_after(0):
        await anext(tick)


async def test_an_idle_select_with_a_timer_can_be_cancelled(autojump_clock: MockClock) -> None:
    _send, receive = th.open_channel(int, 5)
    async with th.select(receive, th.every(5)) as ready, trio.open_nursery() as nursery:
        nursery.start_soon(ready.__anext__)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert trio.current_time() == 0


REFUSED: list[Any] = [0, -1, math.inf, math.nan, 1e-9, "1", None, True, 1j]


@pytest.mark.parametrize("seconds", REFUSED)
def test_what_is_no_period_is_refused(seconds: Any) -> None:
    with pytest.raises(th.ConfigurationError, match=r"^every: .* is no time between two ticks; "):
        th.every(seconds)


def test_it_says_what_it_is() -> None:
    assert repr(th.every(0.25)) == "every(0.25)"
