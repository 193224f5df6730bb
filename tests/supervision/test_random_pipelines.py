"""Random pipelines: whatever crashes, is killed, restarted or drained, no message is lost."""

from __future__ import annotations

import contextlib
import itertools
import random

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom

Send = th.SendChannel[int]
Receive = th.ReceiveChannel[int]


class Pipeline:
    """One run: sources, stages and sinks with two channels between them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.numbers = itertools.count()
        self.sent: set[int] = set()
        self.got: set[int] = set()
        self.dead: set[int] = set()

    async def maybe_crash(self, share: float) -> None:
        await trio.sleep(self.chance.choice([0, 0, 0.1, 1]))
        if self.chance.random() < share:
            raise Boom

    async def source(self, send: Send, *, pool: object = None) -> None:
        with th.stop_on_drain() if self.chance.random() < 0.5 else contextlib.nullcontext():
            for _ in range(self.chance.choice([5, 50])):
                number = next(self.numbers)
                await send.send(number)
                self.sent.add(number)
                await self.maybe_crash(0.05)

    async def stage(self, receive: Receive, send: Send, *, pool: object = None) -> None:
        async for number in receive:
            await self.maybe_crash(0.1)
            await send.send(number)
            await self.maybe_crash(0.1)

    async def sink(self, receive: Receive, *, pool: object = None) -> None:
        while True:
            try:
                batch = await receive.receive_many(self.chance.choice([1, 1, 4]))
            except trio.EndOfChannel:
                return
            await self.maybe_crash(0.2)
            self.got.update(batch)

    async def bury(self, letters: th.ReceiveChannel[th.DeadLetter[int]]) -> None:
        async for letter in letters:
            self.dead.add(letter.message)

    async def pool(self, *, task_status: th.TaskStatus[str]) -> None:
        await trio.sleep(self.chance.choice([0, 0, 2]))
        task_status.started("pool")
        await trio.sleep(self.chance.choice([1, 5, 1000]))
        raise Boom

    async def trouble(self, sup: th.Supervisor) -> None:
        for _ in range(self.chance.choice([0, 10])):
            await trio.sleep(self.chance.choice([0, 0.3, 1]))
            workers = [
                child
                for name, child in sup.children.items()
                if not name.startswith("bury") and child.state not in ("stopped", "complete")
            ]
            if not workers:
                return
            child = self.chance.choice(workers)
            if self.chance.random() < 0.5:
                child.kill()
            else:
                with contextlib.suppress(th.SupervisionError), trio.move_on_after(1):
                    await child.restart()

    async def run(self) -> None:
        chance = self.chance
        first_in, first_out = th.open_channel(int, chance.choice([0, 1, 10]), max_deliveries=3)
        second_in, second_out = th.open_channel(int, chance.choice([0, 1, 10]), max_deliveries=2)
        backoff = chance.choice([None, th.Backoff(0.5, 2)])
        with trio.fail_after(3000):
            async with th.open_supervisor(max_restarts=100_000) as sup:
                pool = sup.start_soon(self.pool, name="pool", background=True, backoff=backoff)
                needs = {"pool": pool} if chance.random() < 0.5 else {}
                for end in (first_out, second_out):
                    sup.start_soon(self.bury, end.channel.dead, name=f"bury-{id(end)}")
                for _ in range(chance.randint(1, 2)):
                    sup.start_soon(self.sink, second_out, needs=needs, backoff=backoff)
                for _ in range(chance.randint(1, 3)):
                    sup.start_soon(self.stage, first_out, second_in, needs=needs)
                for _ in range(chance.randint(1, 2)):
                    sup.start_soon(self.source, first_in, backoff=backoff)
                await self.trouble(sup)
                await trio.sleep(chance.choice([0, 1, 10]))
                if chance.random() < 0.7:
                    sup.drain()
        for end in (first_out, second_out):
            statistics = end.channel.statistics()
            assert (statistics.current_buffer_used, statistics.in_hand) == (0, 0), statistics
        assert self.sent <= self.got | self.dead, self.sent - self.got - self.dead


@given(seed=st.integers(0, 2**32))
@settings(max_examples=100)
def test_no_message_is_lost(seed: int) -> None:
    trio.run(Pipeline(seed).run, clock=MockClock(autojump_threshold=0))
