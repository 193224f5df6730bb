"""Whoever asks is told of each wait on a receive end: when it begins, and that it is over."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th


class Meter:
    """It writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def wait_began(self) -> None:
        self.told.append("began")

    def wait_ended(self) -> None:
        self.told.append("ended")


@pytest.mark.parametrize("many", [False, True])
async def test_a_wait_is_told_of_and_a_receive_that_need_not_wait_is_not(many: bool) -> None:
    send, receive = th.open_channel(int, 10)
    meter = Meter()
    receive.watch(meter)

    async def take() -> None:
        await (receive.receive_many(2) if many else receive.receive())

    await send.send(1)
    await take()
    assert meter.told == []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        await wait_all_tasks_blocked()
        assert meter.told == ["began"]
        await send.send(2)
    assert meter.told == ["began", "ended"]


@pytest.mark.parametrize("how", ["cancel", "close", "end", "finish"])
async def test_a_wait_is_over_however_it_ends(how: str) -> None:
    send, receive = th.open_channel(int, 10)
    meter = Meter()
    receive.watch(meter)

    async def wait() -> None:
        with pytest.raises((trio.EndOfChannel, trio.ClosedResourceError)):
            await receive.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        match how:
            case "cancel":
                nursery.cancel_scope.cancel()
            case "close":
                receive.close()
            case "end":
                send.close()
            case _:
                receive.finish()
    assert meter.told == ["began", "ended"]


async def test_the_waits_for_a_fuller_batch_are_waits_too(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 10, max_deliveries=3)
    meter = Meter()
    receive.watch(meter)

    async def batch() -> None:
        async for items in receive.batches(2, within=10):
            assert items == [1, 2]
            break

    async with trio.open_nursery() as nursery:
        nursery.start_soon(batch)
        for number in (1, 2):
            await trio.sleep(1)
            await send.send(number)
    assert meter.told == ["began", "ended"] * 2


async def test_clones_have_the_meter_of_their_origin_until_they_are_given_another() -> None:
    send, receive = th.open_channel(int, 10)
    meter = Meter()
    receive.watch(meter)
    clone, other = receive.clone(), receive.clone()
    other.watch(None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clone.receive)
        nursery.start_soon(other.receive)
        await wait_all_tasks_blocked()
        assert meter.told == ["began"]
        await send.send(1)
        await send.send(2)
    assert meter.told == ["began", "ended"]


async def test_a_meter_that_is_taken_away_is_still_told_of_the_end_of_a_wait() -> None:
    send, receive = th.open_channel(int, 10)
    meter = Meter()
    receive.watch(meter)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive.receive)
        await wait_all_tasks_blocked()
        receive.watch(None)
        await send.send(1)
    assert meter.told == ["began", "ended"]
