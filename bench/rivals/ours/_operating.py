"""Our harness while it is looked at."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import trio

import trioharness as th
from bench._sample import Clock, Sample, check_sum
from trioharness.harness.control import Snapshot

LOOKS = 20
LOOK_EVERY = 10_000
"""Messages from look to look, as many as go through in a tenth of a second at the most: a second is
no measure where instructions are counted, since the program is many times slower then."""
WATCH_EVERY = 0.5
"""Seconds between two looks of the watch, ten times as long as it takes by itself: the program is
some forty times slower, so that it still has four times its share."""


async def keeps(_send: th.SendChannel[int], _receive: th.ReceiveChannel[int]) -> None:
    """Hold both ends of a channel."""
    await trio.sleep_forever()


def snapshots(size: int, clock: Clock) -> Sample:
    """Take snapshots of an application of `size` components with a channel each."""
    app = th.Harness("bench")
    for number in range(size):
        send, receive = app.channel(int, 1, name=f"channel-{number}")
        app.add(keeps, send, receive, name=f"keeps-{number}")
    return trio.run(_look, app, size, clock)


async def _look(app: th.Harness, size: int, clock: Clock) -> Sample:
    async with app.open() as running:
        begun = clock()
        taken = [running.snapshot() for _ in range(LOOKS)]
        elapsed = clock() - begun
        running.stop()
    check_sum("components seen", sum(len(s.tree.children) for s in taken), LOOKS * size)
    check_sum("channels seen", sum(len(s.channels) for s in taken), LOOKS * size)
    return Sample(count=LOOKS, nanoseconds=elapsed)


def watched(size: int, clock: Clock) -> Sample:
    """Send `size` numbers, one by one, in an application that is watched and looked at."""
    return Numbers().through(size, clock, looked_at=True)


def unwatched(size: int, clock: Clock) -> Sample:
    """Send `size` numbers, one by one, in an application that nobody looks at."""
    return Numbers().through(size, clock, looked_at=False)


class Numbers:
    """An application of one source and one sink."""

    def __init__(self) -> None:
        self.go, self.done = trio.Event(), trio.Event()
        self.total = 0
        self.seen: list[int] = []
        """What each look has seen as sent."""
        self.look: Callable[[], Snapshot] | None = None

    def through(self, size: int, clock: Clock, *, looked_at: bool) -> Sample:
        """Send `size` numbers through it."""
        app = th.Harness("bench")
        send, receive = app.channel(int, 100)
        app.add(self._source, send, size)
        app.add(self._sink, receive)
        elapsed = trio.run(self._run, app, clock, looked_at)
        check_sum("sum of the numbers", self.total, size * (size - 1) // 2)
        check_sum("whether it was looked at", bool(self.seen), looked_at)
        return Sample(count=size, nanoseconds=elapsed)

    async def _source(self, send: th.SendChannel[int], size: int) -> None:
        await self.go.wait()
        for number in range(size):
            await send.send(number)
            if number % LOOK_EVERY == 0 and self.look is not None:
                self.seen.append(self.look().channels[0].sent)

    async def _sink(self, receive: th.ReceiveChannel[int]) -> None:
        async for number in receive:
            self.total += number
        self.done.set()

    async def _run(self, app: th.Harness, clock: Clock, looked_at: bool) -> int:
        async with app.open() as running, contextlib.AsyncExitStack() as stack:
            if looked_at:
                self.look = await stack.enter_async_context(running.watched(every=WATCH_EVERY))
            begun = clock()
            self.go.set()
            await self.done.wait()
            return clock() - begun
