"""Components that several tests use, and short ways to look at what was observed."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

import trio
from trio.abc import Instrument
from trio.testing import MockClock

import trioharness as th

T = TypeVar("T")

REAL_RUN = trio.run
LONG = 1e6
"""Seconds after which a run in virtual time would go on for ever, which shows at once."""


def run_in_virtual_time(
    fn: Callable[..., Awaitable[T]], *args: object, instruments: Sequence[Instrument] = ()
) -> T:
    """Do what `trio.run` does, with time that passes only when nothing else can happen."""

    async def bounded() -> T:
        with trio.fail_after(LONG):
            return await fn(*args)

    return REAL_RUN(bounded, clock=MockClock(autojump_threshold=0), instruments=instruments)


@th.message("order")
class Order:
    number: int


async def send_all(end: th.SendChannel[int], numbers: Sequence[int]) -> None:
    for number in numbers:
        await end.send(number)


async def send_orders(end: th.SendChannel[Order], numbers: Sequence[int]) -> None:
    for number in numbers:
        await end.send(Order(number=number))


async def take_all(end: th.ReceiveChannel[int], into: list[int]) -> None:
    async for number in end:
        into.append(number)


async def forever() -> None:
    await trio.sleep_forever()


@contextlib.asynccontextmanager
async def noted(name: str, diary: list[str]) -> AsyncGenerator[str]:
    """A background component that writes down its entry and its exit."""
    diary.append(f"{name} enters")
    try:
        yield name
    finally:
        diary.append(f"{name} exits")


async def living(
    name: str, diary: list[str], *, task_status: th.TaskStatus[str], **_: object
) -> None:
    """A component that writes down its start and its end, and does not end by itself."""
    diary.append(f"{name} starts")
    task_status.started(name)
    try:
        await trio.sleep_forever()
    finally:
        diary.append(f"{name} ends")


def paths(events: Sequence[th.Event], kind: type[th.ChildReady] | type[th.ChildEnded]) -> list[str]:
    """Paths of the children that something happened to, in order."""
    return [event.path for event in events if isinstance(event, kind)]


def channel(receipt: th.Receipt, name: str) -> th.ChannelReceipt:
    """What a receipt says of one channel."""
    (found,) = (channel for channel in receipt.channels if channel.name == name)
    return found


def figures(receipt: th.Receipt, name: str) -> tuple[int, int, int, int]:
    """Sent, delivered, dead and left of one channel; the sum of the last three is the first."""
    one = channel(receipt, name)
    assert one.sent == one.delivered + one.dead + one.left
    return one.sent, one.delivered, one.dead, one.left
