"""Requests that nobody has seen are put back in the order of asking, whoever lets go first."""

from __future__ import annotations

import math
import random
from contextlib import suppress
from itertools import permutations

import attrs
import pytest
import trio

import trioharness as th

from .requests import Client, Server, ask, books, settle_down


@attrs.define(eq=False)
class Gatherers:
    """Responders that each wait for a batch to become full, on an end of their own."""

    nursery: trio.Nursery
    server: Server
    got: list[list[int]] = attrs.field(factory=list[list[int]], init=False)

    async def add(self, limit: int = 99) -> trio.CancelScope:
        """Have one more; return what cancels it."""
        scope = trio.CancelScope()
        self.nursery.start_soon(self.gather, self.server.clone(), limit, scope)
        await settle_down()
        return scope

    async def gather(self, end: Server, limit: int, scope: trio.CancelScope) -> None:
        with end, scope:
            requests = await anext(end.batches(limit, within=math.inf))
            self.got.append([request.message for request in requests])
            for request in requests:
                request.reply(str(request.message))


async def cast_each(client: Client, numbers: range) -> None:
    """Ask one by one, so that those who wait get each in turn."""
    for number in numbers:
        await client.cast(number)
        await settle_down()


async def call(nursery: trio.Nursery, client: Client, number: int) -> trio.CancelScope:
    """Have a task call; return what cancels it."""
    scope = trio.CancelScope()

    async def caller() -> None:
        with scope:
            await ask(client, number, [])

    nursery.start_soon(caller)
    await settle_down()
    return scope


def rest(server: Server) -> list[int]:
    """Take what is in the channel, and answer it."""
    requests = [server.receive_nowait() for _ in range(server.statistics().current_buffer_used)]
    for request in requests:
        request.reply("late")
    return [request.message for request in requests]


@pytest.mark.parametrize("calls", [False, True])
@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_what_was_dealt_out_comes_back_in_order(order: tuple[int, ...], calls: bool) -> None:
    client, server = th.open_requests(int, str, math.inf)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, server)
        scopes = [await gatherers.add() for _ in range(3)]
        for number in range(9):  # 0, 3, 6 to the first, and so on
            if calls:
                await call(nursery, client, number)
            else:
                await cast_each(client, range(number, number + 1))
        assert server.statistics().current_buffer_used == 0
        for gatherer in order:
            scopes[gatherer].cancel()
        client.send_nowait(9)
        await settle_down()
        assert rest(server) == [*range(10)]
    books(client)


@pytest.mark.parametrize("first", [0, 1])
async def test_a_batch_that_is_given_what_another_had_is_in_order(first: int) -> None:
    client, server = th.open_requests(int, str)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, server)
        scopes = [await gatherers.add(4), await gatherers.add(4)]
        await cast_each(client, range(4))
        scopes[first].cancel()
        await settle_down()
        assert gatherers.got == [[0, 1, 2, 3]]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("batch", [False, True])
async def test_what_was_on_its_way_to_ends_that_close_comes_back_in_order(
    first: int, batch: bool
) -> None:
    client, server = th.open_requests(int, str)
    ends = [server.clone(), server.clone()]

    async def responder(end: Server) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await (end.receive_many(9) if batch else end.receive())

    async with trio.open_nursery() as nursery:
        for end in ends:
            nursery.start_soon(responder, end)
            await settle_down()
        for number in range(3):
            client.send_nowait(number)
        assert server.statistics().current_buffer_used == 1
        for place in (first, 1 - first):
            ends[place].close()
        assert rest(server) == [0, 1, 2]


LEFT = {"young": [0, 1, 2, 4, 5], "old": [0, 1, 3, 4, 5], "queued": [2, 3, 4, 5]}


@pytest.mark.parametrize("gone", [*LEFT])
async def test_calls_that_were_taken_back_leave_the_others_in_order(gone: str) -> None:
    """Whether they were in a batch, had been, or were never away."""
    client, server = th.open_requests(int, str, math.inf)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, server)
        scopes = [await gatherers.add(), await gatherers.add()]
        callers = [await call(nursery, client, number) for number in range(4)]
        scopes[0].cancel()  # 0 and 2 go to the other
        await settle_down()
        callers[{"young": 3, "old": 2, "queued": 0}[gone]].cancel()
        await settle_down()
        scopes[1].cancel()
        await settle_down()
        callers += [await call(nursery, client, number) for number in (4, 5)]
        if gone == "queued":
            callers[1].cancel()
            await settle_down()
        again = [await gatherers.add(2), await gatherers.add()]
        assert not again[0].cancel_called
        again[1].cancel()
        await settle_down()
        left = [number for batch in gatherers.got for number in batch] + rest(server)
        assert left == LEFT[gone]
    books(client)


async def test_a_copy_that_asks_as_well_comes_first() -> None:
    """The order is that of the queue, not that in which copies began to be made."""

    def copy(number: int) -> int:
        if number == 1:
            client.send_nowait(5)
        return number

    client, server = th.open_requests(int, str, math.inf, copy=copy)
    async with trio.open_nursery() as nursery:
        gatherers = Gatherers(nursery, server)
        await client.send_many([0, 1])
        scope = await gatherers.add()
        assert server.statistics().current_buffer_used == 0
        scope.cancel()
        await settle_down()
        assert rest(server) == [5, 0, 1]


@attrs.define(eq=False)
class Busy:
    """Whoever asks and gathers at random, on one channel of requests."""

    chance: random.Random
    nursery: trio.Nursery
    client: Client
    server: Server
    gatherers: Gatherers
    asked: int = 0
    gathering: list[trio.CancelScope] = attrs.field(factory=list[trio.CancelScope])
    calling: list[trio.CancelScope] = attrs.field(factory=list[trio.CancelScope])

    def cancel(self, scopes: list[trio.CancelScope], share: float) -> None:
        self.chance.shuffle(scopes)
        for _ in range(math.ceil(share * len(scopes))):
            scopes.pop().cancel()

    async def step(self) -> None:
        """Do one thing."""
        match self.chance.choice(["gather", "let go", "cast", "cast", "call", "call", "abandon"]):
            case "gather":
                self.gathering.append(await self.gatherers.add(self.chance.choice([3, 9, 99])))
            case "let go":
                self.cancel(self.gathering, 1)
            case "cast":
                with suppress(trio.WouldBlock):
                    self.client.send_nowait(self.asked)
                    self.asked += 1
            case "call":
                self.calling.append(await call(self.nursery, self.client, self.asked))
                self.asked += 1
            case _:
                self.cancel(self.calling, 0.3)
        if self.chance.random() < 0.7:
            await settle_down()


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_was_taken_and_let_go_of_what_is_left_is_in_order(seed: int) -> None:
    chance = random.Random(seed)
    client, server = th.open_requests(int, str, chance.choice([2, 5, math.inf]))
    async with trio.open_nursery() as nursery:
        busy = Busy(chance, nursery, client, server, Gatherers(nursery, server))
        for _ in range(60):
            await busy.step()
            if not busy.gathering:
                await settle_down()
                if server.statistics().tasks_waiting_receive == 0:
                    left = rest(server)
                    assert left == sorted(left)
            books(client)
            for batch in busy.gatherers.got:
                assert batch == sorted(batch)
        nursery.cancel_scope.cancel()
