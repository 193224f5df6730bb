"""Our supervisor and its components."""

from __future__ import annotations

import io
import logging
from collections.abc import Generator
from contextlib import contextmanager

import trio

import trioharness as th
from bench._sample import Clock, Sample, check_items, check_sum
from bench.rivals.ours._messages import Order, make_orders

MILLISECOND = 1_000_000


def start(size: int, clock: Clock) -> Sample:
    """Start `size` components one after another; the stop is not timed."""
    return trio.run(_start, size, clock)


async def _start(size: int, clock: Clock) -> Sample:
    running = 0

    async def idle(*, task_status: th.TaskStatus[None]) -> None:
        nonlocal running
        running += 1
        task_status.started()
        await trio.sleep_forever()

    async with th.open_supervisor("bench") as supervisor:
        begun = clock()
        for number in range(size):
            await supervisor.start(idle, name=f"idle-{number}")
        elapsed = clock() - begun
        supervisor.cancel_scope.cancel()
    check_sum("components started", running, size)
    return Sample(count=size, nanoseconds=elapsed)


def pipeline(size: int, clock: Clock) -> Sample:
    """Pass `size` messages through three components that end by themselves."""
    return trio.run(_pipeline, size, clock)


async def _pipeline(size: int, clock: Clock) -> Sample:
    orders = make_orders(size)
    received: list[Order] = []
    begun = clock()
    async with th.open_supervisor("bench") as supervisor:
        into_work, work = th.open_channel(Order, 100)
        into_store, store = th.open_channel(Order, 100)
        supervisor.start_soon(_source, orders, into_work)
        supervisor.start_soon(_forward, work, into_store)
        supervisor.start_soon(_store, store, received)
    elapsed = clock() - begun
    check_items("message received", received, orders)
    return Sample(count=size, nanoseconds=elapsed)


async def _source(orders: list[Order], send: th.SendChannel[Order]) -> None:
    for order in orders:
        await send.send(order)


async def _forward(receive: th.ReceiveChannel[Order], send: th.SendChannel[Order]) -> None:
    async for order in receive:
        await send.send(order)


async def _store(receive: th.ReceiveChannel[Order], received: list[Order]) -> None:
    received.extend([order async for order in receive])


def latency(size: int, clock: Clock) -> Sample:
    """Send one message a millisecond, whether or not the earlier ones have arrived.

    A lap runs from the moment a message was *due* to its receipt. A sender that is held up thus
    pays for every message that waits behind it; timing from the send itself would hide that.
    """
    return trio.run(_latency, size, clock)


async def _latency(size: int, clock: Clock) -> Sample:
    laps: list[int] = []
    send, receive = th.open_channel(int, 1_000)
    begun = clock()

    async def source(send: th.SendChannel[int]) -> None:
        for due in range(begun, begun + size * MILLISECOND, MILLISECOND):
            if (ahead := due - clock()) > 0:
                await trio.sleep(ahead / 1e9)
            await send.send(due)

    async def sink(receive: th.ReceiveChannel[int]) -> None:
        laps.extend([clock() - due async for due in receive])

    async with th.open_supervisor("bench") as supervisor:
        supervisor.start_soon(source, send)
        supervisor.start_soon(sink, receive)
    check_sum("messages received", len(laps), size)
    return Sample(count=size, nanoseconds=clock() - begun, laps=tuple(laps))


def recovery(size: int, clock: Clock) -> Sample:
    """Crash a ready component `size` times in a row.

    A lap runs from just before the raise to the first step of the next incarnation. The log of each
    restart, crash story and all, is written and paid for, as in a real application.
    """
    with _log_in_memory() as log:
        sample = trio.run(_recovery, size, clock)
    check_sum("a logged crash", "planned crash" in log.getvalue(), True)
    return sample


async def _recovery(size: int, clock: Clock) -> Sample:
    laps: list[int] = []
    raised = 0

    async def crash(*, task_status: th.TaskStatus[None]) -> None:
        nonlocal raised
        if raised:
            laps.append(clock() - raised)
        task_status.started()
        await trio.lowlevel.checkpoint()
        if len(laps) < size:
            raised = clock()
            raise RuntimeError("planned crash")

    begun = clock()
    async with th.open_supervisor("bench", max_restarts=size, within=3600.0) as supervisor:
        supervisor.start_soon(crash)
    elapsed = clock() - begun
    check_sum("recoveries", len(laps), size)
    return Sample(count=size, nanoseconds=elapsed, laps=tuple(laps))


@contextmanager
def _log_in_memory() -> Generator[io.StringIO]:
    """Send the log of trioharness to memory, so that thousands of crashes do not fill a screen."""
    log = io.StringIO()
    logger = logging.getLogger("trioharness")
    handler = logging.StreamHandler(log)
    propagate = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield log
    finally:
        logger.propagate = propagate
        logger.removeHandler(handler)
