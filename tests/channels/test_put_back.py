"""What cancelled batches had is put back in the order of sending, whoever lets go first."""

from __future__ import annotations

import math
import random
from contextlib import suppress
from itertools import permutations

import attrs
import pytest
import trio
import trio.testing

from trioharness.channels import ReceiveChannel, SendChannel, open_channel, open_topic

ACTIONS = ["gather", "cancel", "cancel", "send", "send", "many", "receive"]
BOTH_KINDS = pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])


@attrs.define(eq=False)
class Gatherers:
    """Tasks that each wait for a batch to become full, on an end of their own."""

    nursery: trio.Nursery
    receive: ReceiveChannel[int]
    got: list[list[int]] = attrs.field(factory=list[list[int]], init=False)

    async def add(self, limit: int = 99) -> trio.CancelScope:
        """Have one more; return what cancels it."""
        scope = trio.CancelScope()
        self.nursery.start_soon(self.gather, self.receive.clone(), limit, scope)
        await trio.testing.wait_all_tasks_blocked()
        return scope

    async def gather(self, end: ReceiveChannel[int], limit: int, scope: trio.CancelScope) -> None:
        with end, scope:
            self.got.append(await anext(end.batches(limit, within=math.inf)))


async def cancel(scope: trio.CancelScope) -> None:
    scope.cancel()
    await trio.testing.wait_all_tasks_blocked()


async def send_each(send: SendChannel[int], numbers: range) -> None:
    """Send one by one, so that those who wait get each in turn."""
    for number in numbers:
        await send.send(number)
        await trio.testing.wait_all_tasks_blocked()


def rest(end: ReceiveChannel[int]) -> list[int]:
    """Take what is in the channel."""
    return [end.receive_nowait() for _ in range(end.statistics().current_buffer_used)]


@BOTH_KINDS
@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_what_was_dealt_out_comes_back_in_order(
    max_deliveries: int | None, order: tuple[int, ...]
) -> None:
    send, receive = open_channel(int, math.inf, max_deliveries=max_deliveries)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, receive)
        scopes = [await gatherers.add() for _ in range(3)]
        await send_each(send, range(9))  # 0, 3, 6 to the first, and so on
        assert receive.statistics().current_buffer_used == 0
        # All leave the line before the first puts back, or it would go to those that still wait.
        for gatherer in order:
            scopes[gatherer].cancel()
        send.send_nowait(9)
        await trio.testing.wait_all_tasks_blocked()
        assert rest(receive) == [*range(10)]


@BOTH_KINDS
@pytest.mark.parametrize("first", [0, 1])
async def test_a_batch_that_is_given_what_another_had_is_in_order(
    max_deliveries: int | None, first: int
) -> None:
    send, receive = open_channel(int, math.inf, max_deliveries=max_deliveries)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, receive)
        scopes = [await gatherers.add(4), await gatherers.add(4)]
        await send_each(send, range(4))
        await cancel(scopes[first])
        assert gatherers.got == [[0, 1, 2, 3]]


@BOTH_KINDS
async def test_it_comes_back_in_front_of_what_was_never_taken_and_behind_what_is_older(
    max_deliveries: int | None,
) -> None:
    send, receive = open_channel(int, math.inf, max_deliveries=max_deliveries)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, receive)
        await send.send_many([0, 1])
        older = await gatherers.add()
        middle = await gatherers.add()
        await send_each(send, range(2, 4))  # each of them gets one
        newer = await gatherers.add()
        await send.send_many([4, 5])
        for scope in (middle, newer, older):
            scope.cancel()
        await send.send_many([6, 7, 8])
        await trio.testing.wait_all_tasks_blocked()
        assert await receive.receive_many(3) == [0, 1, 2]
        receive.ack()
        # What is there now came back in part, and in part was never away.
        again = await gatherers.add(3)
        assert rest(receive) == [6, 7, 8]
        assert gatherers.got == [[3, 4, 5]]
        assert not again.cancel_called


@BOTH_KINDS
async def test_what_comes_back_twice_is_still_in_order(max_deliveries: int | None) -> None:
    send, receive = open_channel(int, math.inf, max_deliveries=max_deliveries)
    await send.send_many(range(6))
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, receive)
        for _ in range(2):
            scopes = [await gatherers.add(), await gatherers.add()]
            for scope in scopes:
                scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
        assert receive.receive_nowait() == 0
        scope = await gatherers.add()
        scope.cancel()
        send.send_nowait(6)
        await trio.testing.wait_all_tasks_blocked()
        assert rest(receive) == [*range(1, 7)]


@BOTH_KINDS
async def test_what_was_away_and_what_never_was_come_back_together(
    max_deliveries: int | None,
) -> None:
    send, receive = open_channel(int, math.inf, max_deliveries=max_deliveries)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, receive)
        for first in (0, 3, 6):
            await send.send_many(range(first, first + 3))
            await cancel(await gatherers.add())
            assert receive.statistics().current_buffer_used == first + 3
        assert rest(receive) == [*range(9)]


@BOTH_KINDS
@pytest.mark.parametrize("first", [0, 1])
async def test_what_was_handed_over_whole_comes_back_from_several_in_order(
    max_deliveries: int | None, first: int
) -> None:
    send, receive = open_channel(int, math.inf, max_deliveries=max_deliveries)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, receive)
        whole = await gatherers.add()
        await send.send_many(range(4))
        await trio.testing.wait_all_tasks_blocked()
        parts = [await gatherers.add(), await gatherers.add()]
        await cancel(whole)  # what it puts back is dealt out
        for part in (first, 1 - first):
            parts[part].cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert rest(receive) == [*range(4)]


@BOTH_KINDS
@pytest.mark.parametrize("first", [0, 1])
async def test_latest_keeps_the_newest_of_what_comes_back(
    max_deliveries: int | None, first: int
) -> None:
    send, receive = open_channel(int, 1, overflow="latest", max_deliveries=max_deliveries)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, receive)
        scopes = [await gatherers.add(), await gatherers.add()]
        await send_each(send, range(4))
        for gatherer in (first, 1 - first):
            scopes[gatherer].cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert rest(receive) == [3]
        assert receive.statistics().dropped == 3


@BOTH_KINDS
async def test_a_subscription_puts_back_in_order(max_deliveries: int | None) -> None:
    publisher, topic = open_topic(int)
    receive = topic.subscribe(math.inf, max_deliveries=max_deliveries)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, receive)
        scopes = [await gatherers.add(), await gatherers.add()]
        await send_each(publisher, range(4))
        for scope in reversed(scopes):
            scope.cancel()
        await publisher.send_many([4, 5])
        await trio.testing.wait_all_tasks_blocked()
        assert rest(receive) == [*range(6)]


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_was_taken_and_let_go_of_what_is_left_is_in_order(seed: int) -> None:
    chance = random.Random(seed)
    send, receive = open_channel(int, chance.choice([2, 5, math.inf]))
    sent = 0
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, receive)
        scopes: list[trio.CancelScope] = []
        for _ in range(60):
            match chance.choice(ACTIONS):
                case "gather":
                    scopes.append(await gatherers.add(chance.choice([3, 9, 99])))
                case "cancel":
                    chance.shuffle(scopes)
                    for scope in scopes:
                        scope.cancel()
                    scopes.clear()
                case "receive":
                    with suppress(trio.WouldBlock):
                        receive.receive_nowait()
                case how:
                    for _ in range(4 if how == "many" else 1):
                        with suppress(trio.WouldBlock):
                            send.send_nowait(sent)
                            sent += 1
            if chance.random() < 0.7:
                await trio.testing.wait_all_tasks_blocked()
            if not scopes:
                await trio.testing.wait_all_tasks_blocked()
                expect_in_order(receive, gatherers)
        nursery.cancel_scope.cancel()


def expect_in_order(receive: ReceiveChannel[int], gatherers: Gatherers) -> None:
    """Take what is left, if nobody gathers just now, and look at it and at all batches."""
    if receive.statistics().tasks_waiting_receive == 0:
        left = rest(receive)
        assert left == sorted(left)
    for batch in gatherers.got:
        assert batch == sorted(batch)
