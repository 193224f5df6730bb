"""Storms: random sends, receives, cancels, closes and crashes; afterwards every message is
accounted for.

What a component has acknowledged, what died and what is left are together exactly what was sent,
none of it twice; with one receiver it is also in the order of each sender.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import attrs
import pytest
import trio
import trio.testing

from trioharness.channels import ReceiveChannel, SendChannel, open_channel

CAPACITIES = (0, 1, 64, math.inf)
MESSAGES = 30

Message = tuple[int, int]
"""Which sender, and the number of the message with this sender."""


@attrs.define
class Storm:
    """One run: what the tasks do is drawn from `random`, what came of it is written down."""

    random: Random
    send: SendChannel[Message]
    receive: ReceiveChannel[Message]
    counted: bool
    poison: frozenset[Message] = frozenset()
    sent: list[Message] = attrs.field(factory=list[Message])
    done: list[Message] = attrs.field(factory=list[Message])
    dead: list[Message] = attrs.field(factory=list[Message])

    def pause(self) -> float:
        """Seconds that a task takes its time, or has until it is cancelled."""
        return self.random.choice((0, 0, 0.1, 0.3, 1))

    async def produce(self, sender: int, kept: SendChannel[Message]) -> None:
        end = kept.clone()
        number = 0
        while number < MESSAGES:
            with trio.move_on_after(self.pause()) as scope:
                await end.send((sender, number))
            if not scope.cancelled_caught:
                self.sent.append((sender, number))
                number += 1
            if self.random.random() < 0.1:
                end.close()
                end = kept.clone()
            await trio.sleep(self.pause() / 4)
        end.close()
        kept.close()

    async def consume(self) -> None:
        """Live one incarnation after the other until the channel ends."""
        living = True
        while living:
            life = self.live_counted if self.counted else self.live_plain
            living = await life(self.receive.clone())

    async def live_plain(self, end: ReceiveChannel[Message]) -> bool:
        take = self.taking(end)
        with end:
            while self.random.random() > 0.1:
                with trio.move_on_after(self.pause()):  # noqa: ASYNC912 - whether it waits is drawn
                    try:
                        self.done += await take()
                    except (trio.EndOfChannel, StopAsyncIteration):
                        return False
                await trio.sleep(self.pause() / 4)
        return True

    async def live_counted(self, end: ReceiveChannel[Message]) -> bool:
        take = self.taking(end)
        hand: list[Message] = []
        while self.random.random() > 0.2:
            self.done += hand  # acknowledged by calling receive, whatever comes of the call
            hand = []
            with trio.move_on_after(self.pause()):  # noqa: ASYNC912 - whether it waits is drawn
                try:
                    hand = await take()
                except (trio.EndOfChannel, StopAsyncIteration):
                    end.close()
                    return False
            if self.poison.intersection(hand):
                await self.end_life(end, hand, "crash")
                return True
            await trio.sleep(self.pause() / 4)
        await self.end_life(
            end, hand, self.random.choice(("return", "crash", "stop", "close", "ack"))
        )
        return True

    async def end_life(self, end: ReceiveChannel[Message], hand: list[Message], how: str) -> None:
        if how in {"return", "ack"}:
            self.done += hand
        if how == "ack":
            end.ack()
        if how == "close":
            end.close()
        error = ValueError(hand) if how in {"crash", "close"} else None
        if self.random.random() < 0.5 and how != "close":
            with suppress(ValueError), trio.CancelScope() as scope, end:
                if error is not None:
                    raise error
                if how == "stop":
                    scope.cancel()
                await trio.lowlevel.checkpoint()
        told = end.settle(error, stopped=how == "stop")
        end.close()
        assert len(told) == (0 if how == "ack" else len(hand))
        assert end.settle(ValueError()) == ()

    def taking(self, end: ReceiveChannel[Message]) -> Callable[[], Awaitable[list[Message]]]:
        """Choose how this incarnation receives."""

        async def one() -> list[Message]:
            return [await end.receive()]

        async def now() -> list[Message]:
            with suppress(trio.WouldBlock):
                return [end.receive_nowait()]
            await trio.sleep(0.1)
            return []

        async def many() -> list[Message]:
            return await end.receive_many(3)

        batches = end.batches(4, within=self.random.choice((None, 0, 0.2, 5)))
        return self.random.choice((one, now, many, batches.__anext__))


async def run_storm(storm: Storm, *, senders: int, receivers: int) -> None:
    with trio.fail_after(100_000):
        async with trio.open_nursery() as nursery:
            if storm.counted:
                nursery.start_soon(_bury, storm)
            async with trio.open_nursery() as work:
                for sender in range(senders):
                    work.start_soon(storm.produce, sender, storm.send.clone())
                for _ in range(receivers):
                    work.start_soon(storm.consume)
                storm.send.close()
            storm.receive.close()


async def _bury(storm: Storm) -> None:
    async for letter in storm.receive.channel.dead:
        await trio.sleep(0.1)
        storm.dead.append(letter.message)


def check(storm: Storm, *, receivers: int) -> None:
    statistics = storm.send.statistics()
    assert len(storm.sent) > 0
    assert sorted(storm.done + storm.dead) == sorted(storm.sent)
    assert statistics.sent == len(storm.sent)
    assert statistics.received == len(storm.done)
    assert statistics.dead == len(storm.dead)
    assert statistics.left == statistics.in_hand == statistics.current_buffer_used == 0
    assert statistics.tasks_waiting_send == statistics.tasks_waiting_receive == 0
    if receivers == 1:
        for sender in range(3):
            numbers = [number for who, number in storm.done if who == sender]
            assert numbers == sorted(numbers)


@pytest.mark.parametrize("seed", range(40))
def test_a_storm_of_cancels_loses_doubles_and_reorders_nothing(seed: int) -> None:
    send, receive = open_channel(tuple[int, int], CAPACITIES[seed % 4])
    storm = Storm(Random(seed), send, receive, counted=False)
    receivers = 1 + seed // 4 % 3
    trio.run(
        lambda: run_storm(storm, senders=3, receivers=receivers),
        clock=trio.testing.MockClock(autojump_threshold=0),
    )
    check(storm, receivers=receivers)


@pytest.mark.parametrize("seed", range(40))
def test_a_storm_of_crashes_loses_doubles_and_reorders_nothing(seed: int) -> None:
    random = Random(seed)
    send, receive = open_channel(tuple[int, int], CAPACITIES[seed % 4], max_deliveries=3)
    poison = frozenset((random.randrange(3), random.randrange(MESSAGES)) for _ in range(5))
    storm = Storm(random, send, receive, counted=True, poison=poison)
    receivers = 1 + seed // 4 % 3
    trio.run(
        lambda: run_storm(storm, senders=3, receivers=receivers),
        clock=trio.testing.MockClock(autojump_threshold=0),
    )
    check(storm, receivers=receivers)
    assert poison <= set(storm.dead)
