"""Publishers and subscriptions that are handed over: restarts, ends and drains as for channels."""

from __future__ import annotations

import itertools

import pytest
import trio
from trio.testing import MockClock

import trioharness as th

Ticks = th.ReceiveChannel[int]


async def source(publisher: th.SendChannel[int], numbers: range) -> None:
    for number in numbers:
        await publisher.send(number)


async def test_a_subscription_survives_the_restart_of_its_component(
    autojump_clock: MockClock,
) -> None:
    got: list[int] = []
    other: list[int] = []

    async def fragile(ticks: Ticks) -> None:
        async for tick in ticks:
            got.append(tick)
            if tick == 2:
                raise ValueError(tick)

    async def robust(ticks: Ticks) -> None:
        async for tick in ticks:
            other.append(tick)

    publisher, topic = th.open_topic(int)
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(fragile, topic.subscribe(2), backoff=th.Backoff(1, jitter=0))
        sup.start_soon(robust, topic.subscribe(2))
        sup.start_soon(source, publisher, range(9))
    assert (got, other) == (list(range(9)), list(range(9)))
    assert child.restarts == 1
    assert topic.statistics().open_receive_channels == 0


async def test_with_max_deliveries_the_tick_in_hand_comes_again(autojump_clock: MockClock) -> None:
    got: list[int] = []

    async def fragile(ticks: Ticks) -> None:
        async for tick in ticks:
            got.append(tick)
            if got.count(1) == 1 and tick == 1:
                raise ValueError(tick)

    publisher, topic = th.open_topic(int)
    async with th.open_supervisor("s") as sup:
        sup.start_soon(fragile, topic.subscribe(2, max_deliveries=3))
        sup.start_soon(source, publisher, range(3))
    assert got == [0, 1, 1, 2]


async def test_what_is_missed_crashes_who_is_not_ready_for_it_and_it_goes_on_behind_it(
    autojump_clock: MockClock,
) -> None:
    lives: list[list[int]] = []

    async def slow(ticks: Ticks) -> None:
        lives.append([])
        async for tick in ticks:
            lives[-1].append(tick)
            await trio.sleep(1)

    publisher, topic = th.open_topic(int)
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(slow, topic.subscribe(2, overflow="drop_oldest"))
        await trio.testing.wait_all_tasks_blocked()
        with publisher:
            await publisher.send(0)
            await publisher.send_many(range(1, 9))
    assert lives == [[0], [7, 8]]
    assert child.restarts == 1


async def test_subscribers_end_when_the_source_is_complete_and_not_before(
    autojump_clock: MockClock,
) -> None:
    got: list[int] = []

    async def crashing_source(publisher: th.SendChannel[int]) -> None:
        await publisher.send(len(got))
        await trio.sleep(1)
        if len(got) < 3:
            raise ValueError(len(got))

    async def sink(ticks: Ticks) -> None:
        async for tick in ticks:
            got.append(tick)

    publisher, topic = th.open_topic(int)
    async with th.open_supervisor("s") as sup:
        sup.start_soon(sink, topic.subscribe(9))
        sup.start_soon(crashing_source, publisher)
    assert got == [0, 1, 2]


@pytest.mark.parametrize("fed", ["inside", "outside"])
async def test_a_drain_loses_nothing_that_was_published(
    autojump_clock: MockClock, fed: str
) -> None:
    got: list[int] = []
    published = 0

    async def listening_source(publisher: th.SendChannel[int]) -> None:
        nonlocal published
        with th.stop_on_drain() as scope:
            for number in itertools.count():
                await publisher.send(number)
                published += 1
                await trio.sleep(0.1)
        assert scope.cancelled_caught
        await trio.sleep(5)
        await publisher.send(published)
        published += 1

    async def sink(ticks: Ticks) -> None:
        async for tick in ticks:
            await trio.sleep(1)
            got.append(tick)

    publisher, topic = th.open_topic(int)
    async with th.open_supervisor("s") as sup:
        sup.start_soon(sink, topic.subscribe(3))
        if fed == "inside":
            sup.start_soon(listening_source, publisher)
            await trio.sleep(10)
        else:
            await publisher.send_many([0, 1, 2, 3])
            published = 4
        sup.drain()
    assert got == list(range(published))
    assert len(got) >= 4
