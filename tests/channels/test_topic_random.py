"""Topics under random schedules: each subscriber can account for every message, in order.

The first subscription has no bound, so what it receives is what was published, in that order.
What another one receives, and what it is told that it missed, must add up to exactly that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import attrs
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from trioharness._errors import Lagged
from trioharness.channels import (
    ReceiveChannel,
    SendChannel,
    SendProgress,
    SubscriptionOverflow,
    open_topic,
)

FILTERS: list[Callable[[int], bool] | None] = [
    None,
    lambda number: number % 2 == 0,
    lambda number: number % 3 == 0,
]
EVERY = 12
"""Publishes of each publisher."""


@attrs.frozen
class Choice:
    """How somebody subscribes."""

    size: int
    overflow: SubscriptionOverflow
    where: int
    max_deliveries: int | None


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    overflows: list[SubscriptionOverflow] = ["wait", "drop_oldest", "drop_newest", "latest"]
    overflow = draw(st.sampled_from(overflows))
    size = 1 if overflow == "latest" else draw(st.integers(0, 3))
    return Choice(
        size, overflow, draw(st.integers(0, len(FILTERS) - 1)), draw(st.sampled_from([None, 2]))
    )


@attrs.define
class Subscriber:
    """One subscription, and what came of it."""

    end: ReceiveChannel[int]
    choice: Choice
    got: list[int | str] = attrs.field(factory=list[int | str])

    async def receive(self, random: Random) -> None:
        """Receive to the end, in all ways, and be cancelled now and then."""
        batches = self.end.batches(3, within=0.3)
        while True:
            way = random.randrange(3)
            await trio.sleep(random.choice([0, 0, 0.1, 0.5]))
            try:
                with trio.move_on_after(random.choice([0, 0.1, 1, 9])):
                    if way == 0:
                        self.got.append(await self.end.receive())
                    else:
                        more = self.end.receive_many(2) if way == 1 else anext(batches)
                        self.got.extend(await more)
            except Lagged as lagged:
                self.got.append(f"missed {lagged.count}")
            except (trio.EndOfChannel, StopAsyncIteration):
                return

    def account(self, published: list[int]) -> None:
        """Find everything that was published, or the number of what is missing in its place."""
        where = FILTERS[self.choice.where]
        wanted = [number for number in published if where is None or where(number)]
        place = 0
        for item in self.got:
            if isinstance(item, str):
                place += int(item.removeprefix("missed "))
            else:
                assert item == wanted[place], (self.choice, self.got, wanted)
                place += 1
        assert place == len(wanted), (self.choice, self.got, wanted)
        numbers = self.end.statistics()
        assert numbers.sent == numbers.received + numbers.dropped == len(wanted)


async def publish(
    end: SendChannel[int], random: Random, sent: list[int], numbers: list[int]
) -> None:
    """Publish in all ways, and be cancelled now and then; note what must have been published."""
    with end:
        while numbers:
            batch, progress = numbers[: random.randint(1, 5)], SendProgress()
            del numbers[: len(batch)]
            with trio.move_on_after(random.choice([0, 0.1, 9])):
                if random.random() < 0.7:
                    await end.send_many(batch, progress=progress)
                else:
                    for number in batch:
                        end.send_nowait(number) if random.random() < 0.3 else await end.send(number)
            sent += batch[: progress.sent]
            await trio.sleep(random.choice([0, 0, 0.1]))


async def publish_or_not(*arguments: Any) -> None:
    """Publish; where a publish without waiting has no room, publish what is left."""
    end, random, sent, numbers = arguments
    with end:
        while numbers:
            try:
                await publish(end.clone(), random, sent, numbers)
            except trio.WouldBlock:
                await trio.lowlevel.checkpoint()


async def run(random: Random, chosen: list[Choice]) -> list[Subscriber]:
    publisher, topic = open_topic(int)
    everything = topic.subscribe(math.inf)
    sent: list[int] = []
    subscribers = [
        Subscriber(
            topic.subscribe(
                choice.size,
                overflow=choice.overflow,
                where=FILTERS[choice.where],
                max_deliveries=choice.max_deliveries,
            ),
            choice,
        )
        for choice in chosen
    ]
    async with trio.open_nursery() as nursery:
        for first in range(3):
            numbers = [first + 3 * number for number in range(EVERY)]
            nursery.start_soon(publish_or_not, publisher.clone(), random, sent, numbers)
        for subscriber in subscribers:
            nursery.start_soon(subscriber.receive, random)
        publisher.close()
    published = [number async for number in everything]
    assert len(set(published)) == len(published) == publisher.statistics().sent
    assert set(sent) <= set(published)
    for subscriber in subscribers:
        subscriber.account(published)
    return subscribers


@given(st.integers(0, 2**32), st.lists(choices(), min_size=1, max_size=4))
def test_what_was_received_and_missed_is_what_was_published(
    seed: int, chosen: list[Choice]
) -> None:
    trio.run(partial(run, Random(seed), chosen), clock=MockClock(autojump_threshold=0))


def test_what_the_schedules_are_for_happens_in_them() -> None:
    """Or they would show nothing: a subscriber that is waited for misses what was cancelled."""
    chosen = [
        Choice(1, "wait", 0, None),
        Choice(1, "drop_newest", 1, 2),
        Choice(0, "wait", 2, None),
    ]
    missed = [0, 0, 0]
    for seed in range(20):
        ran = trio.run(partial(run, Random(seed), chosen), clock=MockClock(autojump_threshold=0))
        for place, subscriber in enumerate(ran):
            missed[place] += sum(isinstance(item, str) for item in subscriber.got)
    assert min(missed) > 0
