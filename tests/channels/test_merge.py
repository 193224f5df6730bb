"""The items of several sources alone; what holds for `select` is in test_select."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

import trioharness as th


async def test_it_gives_the_items_alone_and_in_turn() -> None:
    send_a, a = th.open_channel(int, 5)
    send_b, b = th.open_channel(str, 5)
    with send_a, send_b:
        await send_a.send_many([1, 2, 3])
        await send_b.send_many("xy")
    async with th.merge(a, b) as items:
        assert [item async for item in items] == [1, "x", 2, "y", 3]


async def test_items_that_are_false_are_items() -> None:
    send, receive = th.open_channel(object, 5)
    with send:
        await send.send_many([None, 0, "", False])
    async with th.merge(receive) as items:
        assert [item async for item in items] == [None, 0, "", False]


async def test_it_keeps_the_order_of_each_source(autojump_clock: MockClock) -> None:
    channels = [th.open_channel(tuple[int, int], size) for size in (0, 1, 7, 100)]

    async def produce(send: th.SendChannel[tuple[int, int]], who: int) -> None:
        with send:
            for number in range(50):
                await send.send((who, number))
                if number % (who + 2) == 0:
                    await trio.sleep(0.01 * who)

    got: list[tuple[int, int]] = []
    async with trio.open_nursery() as nursery:
        for who, (send, _) in enumerate(channels):
            nursery.start_soon(produce, send, who)
        async with th.merge(*(receive for _, receive in channels)) as items:
            got += [item async for item in items]
    for who in range(len(channels)):
        assert [number for sender, number in got if sender == who] == [*range(50)]


def test_it_refuses_in_its_own_name() -> None:
    with pytest.raises(th.ConfigurationError, match=r"^merge: it was given nothing to take from"):
        th.merge()
    _, receive = th.open_channel(int, 5)
    with pytest.raises(th.ConfigurationError, match=r"write merge\(\*sources\)"):
        th.merge([receive])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
