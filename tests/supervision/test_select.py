"""A select in a supervised component: restarts, deliveries, drain, and idleness."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, Log

WITHIN_5 = th.Health(beat_within=5)


async def test_nothing_is_lost_or_doubled_by_a_restart(autojump_clock: MockClock, log: Log) -> None:
    got: list[tuple[str, int]] = []
    crash_at = {"b3", "a5", "b7"}

    async def consumer(a: th.ReceiveChannel[int], b: th.ReceiveChannel[int]) -> None:
        async with th.select(a, b, th.every(0.25)) as ready:
            async for source, item in ready:
                if isinstance(source, th.Every):
                    continue
                name = "a" if source is a else "b"
                if f"{name}{item}" in crash_at:
                    crash_at.remove(f"{name}{item}")
                    raise Boom(f"{name}{item}")
                got.append((name, item))
                await trio.sleep(0.1)

    async def producer(send: th.SendChannel[int], pause: float) -> None:
        for number in range(10):
            await send.send(number)
            await trio.sleep(pause)

    send_a, a = th.open_channel(int, 0, max_deliveries=2)
    send_b, b = th.open_channel(int, 3, max_deliveries=2)
    async with th.open_supervisor("s", max_restarts=9, observer=log) as sup:
        child = sup.start_soon(consumer, a, b, name="c")
        sup.start_soon(producer, send_a, 0.3)
        sup.start_soon(producer, send_b, 0.1)
    assert child.restarts == 3
    for name in "ab":
        assert [item for source, item in got if source == name] == [*range(10)]


async def test_what_crashes_each_life_becomes_a_dead_letter_and_the_select_ends(
    autojump_clock: MockClock, log: Log
) -> None:
    got: list[int] = []

    async def consumer(a: th.ReceiveChannel[int], b: th.ReceiveChannel[int]) -> None:
        async with th.merge(a, b) as items:
            async for item in items:
                if item == 13:
                    raise Boom
                got.append(item)

    send_a, a = th.open_channel(int, 9, max_deliveries=2)
    send_b, b = th.open_channel(int, 9)
    await send_a.send_many([1, 13, 2])
    await send_b.send_many([101, 102])
    send_a.close()
    send_b.close()
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        sup.start_soon(consumer, a, b, name="c")
    assert sorted(got) == [1, 2, 101, 102]
    (letter,) = log.of(th.DeadLettered)
    assert (letter.channel, letter.message) == ("int", "13")


async def test_a_drain_ends_it_when_what_is_queued_is_done(autojump_clock: MockClock) -> None:
    got: list[int] = []

    async def consumer(a: th.ReceiveChannel[int], b: th.ReceiveChannel[int]) -> None:
        async with th.merge(a, b, th.every(1)) as items:
            async for item in items:
                got.append(item)
                await trio.sleep(0.5)

    send_a, a = th.open_channel(int, 9)
    send_b, b = th.open_channel(int, 9)
    async with th.open_supervisor("s", cancel_grace=60) as sup:
        child = sup.start_soon(consumer, a, b, grace=30)
        await send_a.send_many([10, 11])
        await send_b.send_many([20, 21])
        sup.drain()
    assert {10, 11, 20, 21} <= {*got}
    assert child.state == "complete"


@pytest.mark.parametrize("timers", [0, 1])
async def test_an_idle_select_is_not_silent_and_a_busy_one_is(
    autojump_clock: MockClock, log: Log, timers: int
) -> None:
    async def consumer(a: th.ReceiveChannel[float], b: th.ReceiveChannel[float]) -> None:
        async with th.select(a, b, *[th.every(50)] * timers) as ready:
            async for _, item in ready:
                if isinstance(item, float):
                    await trio.sleep(item)

    (send, a), (_keep, b) = th.open_channel(float, 9), th.open_channel(float, 9)
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(consumer, a, b, name="c", restart="temporary", health=WITHIN_5)
        await trio.sleep(1000)
        await send.send(4.0)
        await trio.sleep(1000)
        assert child.state == "ready"
        await send.send(6.0)
    assert log.about("crashed") == ["c 1 crashed"]
    assert log.times("crashed") == [2001]  # its fifth second of work without a beat


async def test_an_idle_select_wakes_nobody_up(autojump_clock: MockClock) -> None:
    async def consumer(a: th.ReceiveChannel[int], b: th.ReceiveChannel[int]) -> None:
        async with th.select(a, b) as ready:
            async for _ in ready:
                pass

    (send_a, a), (send_b, b) = th.open_channel(int, 9), th.open_channel(int, 9)
    async with th.open_supervisor("s") as sup:
        sup.start_soon(consumer, a, b)
        await wait_all_tasks_blocked()
        tasks = trio.lowlevel.current_statistics().tasks_living
        await send_a.send(1)
        await wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().tasks_living == tasks
        assert trio.lowlevel.current_statistics().seconds_to_next_deadline == float("inf")
        send_a.close()
        send_b.close()
