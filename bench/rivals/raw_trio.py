"""trio alone, used as its own documentation does: the baseline."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import trio

from bench._calls import Ask, calls_of, evenness_of
from bench._fan_out import ROOM, SUBSCRIBERS, deliveries_of, fan_out
from bench._flow import flow, part_of, send_each, strict, sum_each
from bench._imports import import_apart
from bench._neighbour import run
from bench._open_loop import ROOM as ROOM_WHEN_DUE
from bench._open_loop import calls_of as calls_due_of
from bench._open_loop import messages_of
from bench._sample import Clock, Sample
from bench._threads import sample_of, sums
from bench._threads import send_each as send_each_in_thread
from bench._whole import whole_process


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send `size` numbers through a memory channel, one by one."""
    return run(strict, trio.open_memory_channel[int](100), size, clock)


def without_room(size: int, clock: Clock) -> Sample:
    """The same, and each send waits for its receiver."""
    return run(strict, trio.open_memory_channel[int](0), size, clock)


def ten_producers(size: int, clock: Clock) -> Sample:
    """The same, from ten tasks."""
    return run(strict, trio.open_memory_channel[int](100), size, clock, 10)


def ten_consumers(size: int, clock: Clock) -> Sample:
    """The same, to ten tasks."""
    return run(strict, trio.open_memory_channel[int](100), size, clock, 1, 10)


def producers(many: int, size: int, clock: Clock) -> Sample:
    """The same, from so many tasks."""
    return run(strict, trio.open_memory_channel[int](100), size, clock, many)


def consumers(many: int, size: int, clock: Clock) -> Sample:
    """The same, to so many tasks."""
    return run(strict, trio.open_memory_channel[int](100), size, clock, 1, many)


@asynccontextmanager
async def _answered() -> AsyncGenerator[Ask]:
    """Have somebody answer calls, each of which brings a reply channel of its own."""
    asks, asked = trio.open_memory_channel[tuple[int, trio.MemorySendChannel[int]]](100)

    async def answer() -> None:
        async for number, reply in asked:
            await reply.send(number + 1)

    async def call(number: int) -> int:
        reply, replied = trio.open_memory_channel[int](1)
        await asks.send((number, reply))
        return await replied.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        yield call
        asks.close()


one_client, ten_clients = calls_of(_answered, 1), calls_of(_answered, 10)
evenness = evenness_of(_answered)


async def _forward(source: trio.MemoryReceiveChannel[int], to: trio.MemorySendChannel[int]) -> None:
    with to:
        async for number in source:
            await to.send(number)


def one_busy_of_11(size: int, clock: Clock) -> Sample:
    """Receive from one busy channel and 10 idle ones: a task for each puts all into one more."""
    others = [trio.open_memory_channel[int](100) for _ in range(10)]

    async def produce(end: trio.MemorySendChannel[int], numbers: range) -> None:
        await send_each(end, numbers)
        for other, _ in others:
            other.close()

    async def consume(end: trio.MemoryReceiveChannel[int]) -> int:
        merged, items = trio.open_memory_channel[int](0)
        total = 0
        async with trio.open_nursery() as nursery:
            with merged:
                for source in (end, *(receive for _, receive in others)):
                    nursery.start_soon(_forward, source, merged.clone())
            total = await sum_each(items)
        return total  # noqa: RET504 - out of the nursery

    transfer = partial(flow, produce=produce, consume=consume)
    return run(transfer, trio.open_memory_channel[int](100), size, clock)


def to_ten_subscribers(size: int, clock: Clock) -> Sample:
    """Send each number ten times, into a memory channel for each receiver."""
    return _to_subscribers(SUBSCRIBERS, size, clock)


def subscribers(many: int, size: int, clock: Clock) -> Sample:
    """Send numbers to so many receivers, until `size` have arrived in all."""
    return deliveries_of(_to_subscribers(many, size // many + 1, clock), many)


def _to_subscribers(many: int, size: int, clock: Clock) -> Sample:
    ends = [trio.open_memory_channel[int](ROOM) for _ in range(many)]

    async def publish(numbers: range) -> None:
        for number in numbers:
            for send, _ in ends:
                await send.send(number)
        for send, _ in ends:
            send.close()

    receives = [receive for _, receive in ends]
    return run(partial(fan_out, receives, size, clock, publish=publish, consume=sum_each))


fan_in = ten_producers
neighbour = part_of(one_by_one, 20)
to_ten_subscribers_in_batches = part_of(to_ten_subscribers, 40)
deliveries = one_by_one
batches_of_10 = part_of(one_by_one, 10)
batches_of_100 = part_of(one_by_one, 20)
batches_of_1000 = part_of(one_by_one, 50)


def from_a_thread(size: int, clock: Clock, room: int = 100) -> Sample:
    """Send `size` numbers by trio's own way into its loop."""
    return trio.run(_from_a_thread, size, clock, room)


async def _from_a_thread(size: int, clock: Clock, room: int) -> Sample:
    result: list[int] = []
    send, receive = trio.open_memory_channel[int](room)
    token = trio.lowlevel.current_trio_token()

    def each(number: int) -> None:
        trio.from_thread.run(send.send, number, trio_token=token)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(sums, receive, result)
        elapsed = await trio.to_thread.run_sync(send_each_in_thread, each, size, clock)
        send.close()
    return sample_of(size, elapsed, result)


from_a_thread_without_room = partial(from_a_thread, room=0)


def import_alone(size: int, clock: Clock) -> Sample:
    """Import trio."""
    return import_apart("import trio", size, clock)


def import_channels(size: int, clock: Clock) -> Sample:
    """Take what opens a memory channel."""
    return import_apart("import trio; trio.open_memory_channel", size, clock)


def import_supervision(size: int, clock: Clock) -> Sample:
    """Take what opens a nursery."""
    return import_apart("import trio; trio.open_nursery", size, clock)


def _program(work: str, size: int, clock: Clock) -> Sample:
    program = [sys.executable, "-m", "bench.rivals.ours_whole", work, str(size)]
    return whole_process(program, size, clock)


whole_one_by_one = partial(_program, "one_by_one_on_trio")
whole_calls = partial(_program, "calls_on_trio")


messages_due = messages_of(lambda: trio.open_memory_channel[int](ROOM_WHEN_DUE))
calls_due = calls_due_of(_answered)
