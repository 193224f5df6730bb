"""A program with our work alone, and trio's: what is started and measured beside the BEAM.

It imports no more than it needs, as a program would: starting is part of what is measured.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

import outcome
import trio

import trioharness as th
from bench._batches import send_batches, send_lists, sum_batches, sum_lists
from bench._calls import Ask, calls_of
from bench._flow import ROOM_IN_BATCHES, flow, strict
from bench._sample import Clock, Sample, check_sum

CLIENTS = 100


def one_by_one(size: int, clock: Clock) -> Sample:
    """Send numbers one by one."""
    return trio.run(strict, th.open_channel(int, 100), size, clock)


def one_by_one_on_trio(size: int, clock: Clock) -> Sample:
    """The same through a channel of trio's."""
    return trio.run(strict, trio.open_memory_channel[int](100), size, clock)


def lists_on_trio(of: int, size: int, clock: Clock) -> Sample:
    """Send numbers in lists through a channel of trio's."""
    ends = trio.open_memory_channel[list[int]](ROOM_IN_BATCHES)
    produce = partial(send_lists, of=of)
    return trio.run(partial(flow, ends, size, clock, produce=produce, consume=sum_lists))


def batches(of: int, size: int, clock: Clock) -> Sample:
    """Send numbers in batches."""
    ends = th.open_channel(int, ROOM_IN_BATCHES * of)
    produce, consume = partial(send_batches, of=of), partial(sum_batches, of=of)
    return trio.run(partial(flow, ends, size, clock, produce=produce, consume=consume))


@asynccontextmanager
async def _answered() -> AsyncGenerator[Ask]:
    client, server = th.open_requests(int, int, CLIENTS)  # none of them waits for room

    async def answer() -> None:
        async for batch in server.batches(CLIENTS):
            for request in batch:
                request.reply(request.message + 1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        yield client.call
        client.close()


def calls(size: int, clock: Clock) -> Sample:
    """Call from up to 100 tasks at once."""
    return calls_of(_answered, min(CLIENTS, size))(size, clock)


@asynccontextmanager
async def _answered_on_trio() -> AsyncGenerator[Ask]:
    """Answer with the least that it takes on trio: no type, no count, no call is taken back."""
    asked: deque[tuple[int, trio.lowlevel.Task]] = deque()
    waiting: list[trio.lowlevel.Task] = []

    def abort(_: object) -> trio.lowlevel.Abort:
        return trio.lowlevel.Abort.SUCCEEDED

    async def ask(number: int) -> int:
        await trio.lowlevel.checkpoint_if_cancelled()
        asked.append((number, trio.lowlevel.current_task()))
        if waiting:
            trio.lowlevel.reschedule(waiting.pop())
        reply: int = await trio.lowlevel.wait_task_rescheduled(abort)
        return reply

    async def answer() -> None:
        while True:  # noqa: ASYNC913 - it waits when it has answered all
            if not asked:
                waiting.append(trio.lowlevel.current_task())
                await trio.lowlevel.wait_task_rescheduled(abort)
            while asked:
                number, caller = asked.popleft()
                trio.lowlevel.reschedule(caller, outcome.Value(number + 1))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        yield ask
        nursery.cancel_scope.cancel()


def calls_on_trio(size: int, clock: Clock) -> Sample:
    """Call from up to 100 tasks at once, by trio's low-level functions."""
    return calls_of(_answered_on_trio, min(CLIENTS, size))(size, clock)


def children(size: int, clock: Clock) -> Sample:
    """Start children until all are ready, and stop them in reverse order."""
    return trio.run(_children, size, clock)


async def _children(size: int, clock: Clock) -> Sample:
    stopped: list[int] = []

    async def idle(number: int, *, task_status: th.TaskStatus[int]) -> None:
        task_status.started(number)
        try:
            await trio.sleep_forever()
        finally:
            stopped.append(number)

    begun = clock()
    async with th.open_supervisor("bench") as supervisor:
        started = [supervisor.start_soon(idle, number) for number in range(size)]
        for child in started:
            if child.state is not th.State.READY:
                await child.wait(th.State.READY)
        check_sum("values given", sum(child.value for child in started), size * (size - 1) // 2)
        supervisor.cancel_scope.cancel()
    check_sum("order of the stops", stopped, list(reversed(range(size))))
    return Sample(count=size, nanoseconds=clock() - begun)


WORKS: Mapping[str, Callable[[int, Clock], Sample]] = {
    "one_by_one": one_by_one,
    "one_by_one_on_trio": one_by_one_on_trio,
    "batches_of_100": partial(batches, 100),
    "batches_of_1000": partial(batches, 1_000),
    "lists_of_100_on_trio": partial(lists_on_trio, 100),
    "lists_of_1000_on_trio": partial(lists_on_trio, 1_000),
    "calls": calls,
    "calls_on_trio": calls_on_trio,
    "children": children,
}

if __name__ == "__main__":
    print(WORKS[sys.argv[1]](int(sys.argv[2]), time.process_time_ns).count)
