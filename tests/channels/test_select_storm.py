"""Storms of selects over channels of every kind: each message is accounted for.

Selects, plain receivers and receivers of batches share some channels; they are cancelled, crash,
and have their ends closed under them. In the end each channel's sent messages are those that
selects took, that others took, that were dropped or died, and what is left.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from random import Random
from typing import Any, TypeAlias

import attrs
import pytest
import trio

import trioharness as th
from trioharness.testing import run

SEEDS = 240
GROUPS = 12
"""In so many tests, which run twenty seeds each."""
SECONDS = 3.0
PATIENCE = (0, 0.05, 0.3, 2, math.inf, math.inf)
KINDS: list[dict[str, Any]] = [
    {"max_buffer_size": 0},
    {"max_buffer_size": 0, "max_deliveries": 3},
    {"max_buffer_size": 1},
    {"max_buffer_size": 5, "max_deliveries": 2},
    {"max_buffer_size": math.inf},
    {"max_buffer_size": 2, "overflow": "drop_oldest"},
    {"max_buffer_size": 2, "overflow": "drop_newest", "max_deliveries": 2},
    {"max_buffer_size": 1, "overflow": "latest"},
    {"max_buffer_size": 3, "overflow": "error", "max_deliveries": 3},
]


class Crash(Exception):
    """What a life of a storm ends with on purpose."""


@attrs.define(eq=False)
class Line:
    """One channel, and what became of its messages."""

    send: th.SendChannel[int]
    receive: th.ReceiveChannel[int]
    counted: bool
    sent: list[int] = attrs.field(factory=list[int])
    selected: list[int] = attrs.field(factory=list[int])
    received: list[int] = attrs.field(factory=list[int])
    """By others than selects."""
    left: list[int] = attrs.field(factory=list[int])
    dead: list[int] = attrs.field(factory=list[int])
    next: int = 0

    def numbers(self, count: int) -> list[int]:
        self.next += count
        return [*range(self.next - count, self.next)]

    def balance(self) -> None:
        accounted = Counter([*self.selected, *self.received, *self.left, *self.dead])
        assert max(accounted.values(), default=1) == 1, "a message came twice"
        assert accounted.keys() <= {*self.sent}, "a message came that was not sent"
        statistics = self.receive.statistics()
        assert len(self.sent) == accounted.total() + statistics.dropped
        assert statistics.sent == len(self.sent)
        assert (statistics.in_hand, statistics.dead) == (0, len(self.dead))


Held: TypeAlias = tuple[Line, th.ReceiveChannel[int], int]


@attrs.define(eq=False)
class Life:
    """One life of whoever receives, with clones of its own."""

    storm: Storm
    lines: dict[th.ReceiveChannel[int], Line]
    hand: Held | None = None
    behind: list[Held] = attrs.field(factory=list[Any])
    closed: set[object] = attrs.field(factory=set[object])

    def has(self, end: th.ReceiveChannel[int], number: int) -> None:
        self.hand = self.lines[end], end, number
        if not self.lines[end].counted:
            self.done()

    def done(self) -> None:
        """Book what is in hand: whoever asks for more, or returns, acknowledges it."""
        if self.hand is not None:
            line, end, number = self.hand
            if end in self.closed:  # it went back
                self.behind.append(self.hand)
            else:
                line.selected.append(number)
        self.hand = None

    def ended_well(self) -> None:
        """Book what is in hand, and what was when its end was closed and nobody has had since."""
        self.done()
        for line, end, number in self.behind:
            line.selected += [number for told in end.settle(None) if told.fate == "acknowledged"]

    def close_one(self) -> None:
        end = self.storm.random.choice([*self.lines])
        end.close()
        if self.lines[end].counted:
            self.closed.add(end)


@attrs.define(eq=False)
class Storm:
    """Some channels, and all that happens to them, drawn from `random`."""

    random: Random
    lines: list[Line] = attrs.field(factory=list[Line])
    lives: list[Life] = attrs.field(factory=list[Life])
    scopes: list[trio.CancelScope] = attrs.field(factory=list[trio.CancelScope])
    ticks: int = 0
    cancelled: int = 0
    crashes: int = 0

    @property
    def goes_on(self) -> bool:
        return trio.current_time() < SECONDS

    async def rage(self) -> None:
        for _ in range(1 + self.random.randrange(4)):
            kind = self.random.choice(KINDS)
            send, receive = th.open_channel(int, **kind)
            self.lines.append(Line(send, receive, "max_deliveries" in kind))
        with trio.fail_after(100 * SECONDS):
            async with trio.open_nursery() as nursery:
                for line in self.lines:
                    nursery.start_soon(self.send, line)
                    nursery.start_soon(self.receive, line)
                    if line.counted:
                        nursery.start_soon(self.bury, line)
                for _ in range(1 + self.random.randrange(3)):
                    nursery.start_soon(self.select)
                nursery.start_soon(self.strike)
            for line in self.lines:
                line.balance()

    async def pause(self) -> None:
        await trio.sleep(self.random.choice((0, 0, 0.1, 0.3, 1)))

    @contextlib.contextmanager
    def patience(self) -> Any:
        with trio.move_on_after(self.random.choice(PATIENCE)) as scope:
            self.scopes.append(scope)
            try:
                yield
            finally:
                self.scopes.remove(scope)
        self.cancelled += scope.cancelled_caught

    async def send(self, line: Line) -> None:
        while self.goes_on:
            count = self.random.choice((1, 1, 1, 2, 7))
            numbers = line.numbers(count)
            progress = th.SendProgress()
            with self.patience(), contextlib.suppress(trio.WouldBlock):
                if count == 1 and self.random.random() < 0.3:
                    line.send.send_nowait(*numbers)
                    line.sent += numbers
                elif count == 1:
                    await line.send.send(*numbers)
                    line.sent += numbers
                else:
                    await line.send.send_many(numbers, progress=progress)
            line.sent += numbers[: progress.sent]
            await self.pause()
        await line.send.aclose()

    async def receive(self, line: Line) -> None:
        """Be another receiver, at times; take what is left at the end."""
        ended = contextlib.suppress(trio.EndOfChannel, StopAsyncIteration)
        while self.goes_on:
            within = self.random.choice((None, 0.2))
            with line.receive.clone() as end, self.patience(), ended:
                if self.random.random() < 0.5:
                    line.received.append(await end.receive())
                else:
                    line.received += await anext(end.batches(3, within=within))
            await trio.sleep(self.random.choice((0.1, 1, 3)))
        await trio.sleep(SECONDS)  # the selects have gone, or wait for the end
        async for number in line.receive:
            line.left.append(number)
        line.receive.close()

    async def bury(self, line: Line) -> None:
        async for letter in line.receive.channel.dead:
            line.dead.append(letter.message)
            await self.pause()

    async def select(self) -> None:
        """Live one life after the other, until all channels have ended."""
        while self.goes_on:
            chosen = self.random.sample(self.lines, 1 + self.random.randrange(len(self.lines)))
            life = Life(self, {line.receive.clone(): line for line in chosen})
            self.lives.append(life)
            try:
                with self.patience():
                    await self.live(life)
                    life.ended_well()
            except Crash:
                self.crashes += 1
            except trio.ClosedResourceError:
                assert life.closed or any(not line.counted for line in chosen)
            finally:
                self.lives.remove(life)

    async def live(self, life: Life) -> None:
        sources: list[Any] = [*life.lines, *[th.every(0.3)] * self.random.randrange(2)]
        async with contextlib.AsyncExitStack() as stack:
            for end in life.lines:
                stack.enter_context(end)
            priority = self.random.random() < 0.3
            ready = await stack.enter_async_context(th.select(*sources, priority=priority))
            while self.random.random() > 0.05:
                life.done()
                with self.patience():
                    try:
                        source, item = await anext(ready)
                    except StopAsyncIteration:
                        return
                    if isinstance(source, th.Every):
                        self.ticks += item
                    else:
                        life.has(source, item)
                if self.random.random() < 0.3:
                    await self.pause()
                if self.random.random() < 0.05:
                    raise Crash

    async def strike(self) -> None:
        """Cancel and close under those who are in the middle of something."""
        while self.goes_on:
            for _ in range(self.random.randrange(12)):
                await trio.lowlevel.checkpoint()
            if self.scopes and self.random.random() < 0.8:
                self.random.choice(self.scopes).cancel(reason="a storm of cancels")
            elif self.lives:
                self.random.choice(self.lives).close_one()
            await self.pause()


def rage(seed: int) -> Storm:
    storm = Storm(Random(seed))
    run(storm.rage, seed=seed)
    return storm


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_storm_of_selects_loses_and_doubles_nothing(group: int) -> None:
    storms = [rage(seed) for seed in range(group, SEEDS, GROUPS)]
    lines = [line for storm in storms for line in storm.lines]
    # What storms are for happens in them, or they would show nothing.
    assert sum(len(line.selected) for line in lines) > 100
    assert sum(len(line.received) for line in lines) > 20
    assert min(sum(storm.ticks for storm in storms), sum(s.crashes for s in storms)) > 0
    assert sum(storm.cancelled for storm in storms) > 50
