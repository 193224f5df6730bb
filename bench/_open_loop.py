"""Latency under a load that does not wait: everything is due at a time that is fixed beforehand.

A sender that waits for each answer before it asks again stops asking while the system is slow, and
so leaves out the worst of it. Here a message (or call) is due each so many nanoseconds whether or
not the earlier ones have arrived, and its lap runs from when it was due. Percentiles are of all
laps, and exact (`bench._statistics`): HdrHistogram would round them to three digits, and there
are not so many laps that they would have to be put together in one.

A load is so many per cent of what trio alone can do at most, in the same form, on this machine.
Until the next one is due the sender gives way, turn after turn: a sleep ends a millisecond late. So
the process never waits, and time can be its processor time, in which others do not get in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeAlias, cast

import attrs
import trio

from bench._calls import Answered, Ask
from bench._flow import End
from bench._model import CLOCKS
from bench._neighbour import run
from bench._sample import Clock, Sample, WorkloadOf, check_sum
from bench.rivals import load_workload

ROOM = 1_000
"""For messages; a sender that has to wait nevertheless is late from then on, which counts."""

_AT_ONCE = 2_000
_ATTEMPTS = 5

GiveWay: TypeAlias = Callable[[], Awaitable[object]]
"""Lets the others of the loop have their turn."""

Do: TypeAlias = Callable[[int, int], Awaitable[object]]
"""``await do(number, due)`` sends a message or starts a call, and gives way."""


@cache
def most(workload: str) -> float:
    """Return how many a nanosecond trio does at most: the best of some attempts."""
    flat_out = cast("WorkloadOf", load_workload("raw_trio", workload))
    samples = [flat_out(0, _AT_ONCE, CLOCKS["cpu"]) for _ in range(_ATTEMPTS)]
    return max(sample.count / sample.nanoseconds for sample in samples)


@attrs.define
class Load:
    """What is due when, and how late it was."""

    period: float
    """Nanoseconds from one to the next."""
    size: int
    clock: Clock
    laps: list[int] = attrs.field(factory=list[int])
    began: int = 0

    @classmethod
    def of(cls, workload: str, percent: int, size: int, clock: Clock) -> Load:
        """Return a load of so many per cent; at 0 all are due at once, one after the other."""
        return cls(100 / percent / most(workload) if percent else 0, size, clock)

    async def go(self, give_way: GiveWay, do: Do) -> None:
        """Do each when it is due, or as soon after that as `do` lets the next one be done."""
        self.began = self.clock()
        for number in range(self.size):
            due = self.began + round(number * self.period)
            while self.clock() < due:
                await give_way()
            await do(number, due)

    def done(self, due: int) -> None:
        """Note that what was due then is done."""
        self.laps.append(self.clock() - due)

    def sample(self) -> Sample:
        """Return what was measured."""
        check_sum("done", len(self.laps), self.size)
        elapsed = self.clock() - self.began
        return Sample(count=self.size, nanoseconds=elapsed, laps=tuple(self.laps))


def messages_of(
    open_ends: Callable[[], tuple[End, End]], loop: Callable[..., Sample] = trio.run
) -> WorkloadOf:
    """Return a workload that sends messages, each of which holds when it was due."""

    def messages(percent: int, size: int, clock: Clock) -> Sample:
        load = Load.of("messages_due", percent, size, clock)
        return run(_send, load, *open_ends(), loop=loop)

    return messages


async def _send(load: Load, send: End, receive: End) -> Sample:
    sent = received = 0

    async def send_one(_number: int, due: int) -> None:
        nonlocal sent
        sent += due
        await send.send(due)

    async def source() -> None:
        with send:
            await load.go(trio.lowlevel.checkpoint, send_one)

    async with trio.open_nursery() as nursery, receive:
        nursery.start_soon(source)
        async for due in receive:
            load.done(due)
            received += due
    check_sum("sum of the messages", received, sent)
    return load.sample()


def calls_of(answered: Answered) -> WorkloadOf:
    """Return a workload that calls from a task for each call, as a server does for each client."""

    def calls(percent: int, size: int, clock: Clock) -> Sample:
        return run(_call, Load.of("calls_due", percent, size, clock), answered)

    return calls


async def _call(load: Load, answered: Answered) -> Sample:
    async def call(ask: Ask, number: int, due: int) -> None:
        reply = await ask(number)
        load.done(due)
        check_sum("reply", reply, number + 1)

    async with answered() as ask, trio.open_nursery() as nursery:

        async def start(number: int, due: int) -> None:
            nursery.start_soon(call, ask, number, due)
            await trio.lowlevel.checkpoint()

        await load.go(trio.lowlevel.checkpoint, start)
    return load.sample()
