"""`Running.snapshot`, `watched` and `dump`: an application at one moment."""

from __future__ import annotations

import math
import os
import time
from typing import Any, Literal

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.harness._pieces import Order, forever, send_orders
from trioharness.harness.control import Snapshot


async def keeps(end: th.ReceiveChannel[Order]) -> None:
    """Hold an end open, and receive nothing."""
    await trio.sleep_forever()


async def test_it_is_the_state_of_that_moment(autojump_clock: MockClock) -> None:
    crashes = iter([ValueError("once")])

    async def shaky(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        task_status.started()
        await trio.sleep(4)
        for error in crashes:
            raise error
        await trio.sleep_forever()

    app = th.Harness("shop")
    app.add(shaky, backoff=th.Backoff(2, 2, jitter=0))
    async with app.open() as running:
        await trio.sleep(10)
        snapshot = running.snapshot()
        running.stop()
    assert (snapshot.harness, snapshot.pid, snapshot.phase) == ("shop", os.getpid(), "running")
    assert (snapshot.time, snapshot.seconds) == (11, 11)
    assert snapshot.health.condition == "degraded"
    (child,) = snapshot.tree.children
    assert (child.state, child.incarnation, child.restarts) == ("ready", 2, 1)
    times = snapshot.times["shop/shaky"]
    assert (times.state, times.since) == ("ready", 8)
    assert times.seconds == {"starting": 2, "ready": 7, "stopped": 0, "restarting": 2}
    assert snapshot.loop is None


async def test_it_has_the_figures_of_each_channel(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    out, orders = app.channel(Order, 2, name="orders", max_deliveries=2)
    endless, unread = app.channel(Order, math.inf, name="endless")

    async def take_one(orders: th.ReceiveChannel[Order]) -> None:
        await orders.receive()
        await trio.sleep_forever()

    app.add(take_one, orders)
    app.add(send_orders, out, range(5), name="source")
    app.add(send_orders, endless, range(3), name="more")
    app.add(keeps, unread)
    async with app.open() as running:
        await trio.sleep(1)
        running.snapshot()
        await trio.sleep(3)
        first, second = running.snapshot().channels
        running.stop()
    assert (first.name, first.kind, first.room) == ("orders", "channel", 2)
    assert (first.used, first.peak, first.sent, first.received) == (2, 2, 3, 1)
    assert (first.in_hand, first.dropped, first.dead, first.left) == (1, 0, 0, 2)
    assert (first.senders_waiting, first.senders_waiting_since) == (1, 1)
    assert first.oldest_age == 3
    assert (second.name, second.room, second.used) == ("endless", None, 3)


@pytest.mark.parametrize("form", ["json", "msgpack"])
async def test_a_codec_writes_and_reads_it(
    autojump_clock: MockClock, form: Literal["json", "msgpack"]
) -> None:
    app = th.Harness("shop")
    group = app.supervisor("inner")
    group.add(forever)
    publisher, news = app.topic(Order, name="news")
    app.add(send_orders, publisher, range(3))
    app.add(keeps, news.subscribe(3))
    codec = th.Codec(Snapshot, format=form)
    async with app.open() as running, running.watched() as watched:
        await trio.sleep(1)
        for snapshot in (running.snapshot(), watched()):
            assert codec.decode(codec.encode(snapshot)) == snapshot
        running.stop()


async def test_it_says_how_far_the_application_is(autojump_clock: MockClock) -> None:
    seen: list[str] = []
    app = th.Harness("shop")

    async def last(*, task_status: th.TaskStatus[None]) -> None:
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            seen.append(running.snapshot().phase)

    app.add(last)
    async with app.open() as running:
        seen.append(running.snapshot().phase)
        running.drain()
    assert seen == ["running", "draining"]
    async with app.open() as running:
        running.stop()
    assert seen == ["running", "draining", "stopping"]


async def test_a_child_is_found_at_any_depth(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    group = app.supervisor("inner")
    group.add(forever)
    async with app.open() as running:
        assert running.child("inner/forever").path == "shop/inner/forever"
        assert running.child("shop/inner/forever").path == "shop/inner/forever"
        for path in ("inner/other", "forever", "shop", "inner/forever/", ""):
            with pytest.raises(th.ChildNotFound, match="there is no child"):
                running.child(path)
        running.stop()


async def test_a_dump_has_each_task_and_what_it_waits_for(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    out, orders = app.channel(Order, 1, name="orders")

    async def stands() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever, name="inner task")
            await trio.sleep_forever()

    app.add(keeps, orders)
    app.add(send_orders, out, range(5))
    app.add(stands)
    async with app.open() as running:
        await trio.sleep(1)
        running.dump()
        await trio.sleep(2.5)
        lines = running.dump().splitlines()
        running.stop()
    assert lines[0] == "tasks of 'shop' at 3.500 s"
    (sender,) = [at for at, line in enumerate(lines) if " waits to " in line]
    assert lines[sender].strip() == (
        "shop/send_orders waits to send to 'orders', for 2.5 s or longer"
    )
    assert lines[sender + 1].strip().endswith(" in send_orders")
    assert any(line.strip() == "shop/stands" for line in lines)
    assert any(line.strip().endswith(".stands") for line in lines)


def blocked(seconds: float) -> None:
    """Let nobody else have a turn."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def test_what_blocks_the_loop_is_named_with_its_stack() -> None:
    app = th.Harness("shop")

    async def greedy() -> None:
        await trio.sleep(0.1)
        blocked(0.5)
        await trio.sleep_forever()

    app.add(greedy)
    with trio.fail_after(20):
        async with app.open() as running, running.watched() as snapshot:
            await trio.sleep(0.8)
            loop = snapshot().loop
            running.stop()
    assert loop is not None
    step = loop.slow[-1]
    assert step.task == "shop/greedy"
    assert 0.1 <= step.seconds < 10
    assert "in blocked" in step.stack
    assert loop.largest >= 0.1
    assert 0 <= loop.p50 <= loop.p99 <= loop.largest


async def test_nothing_is_left_of_a_watch() -> None:
    app = th.Harness("shop")
    app.add(forever)
    with trio.fail_after(20):
        async with app.open() as running:
            before = running.dump()
            async with running.watched() as first, running.watched() as second:
                await trio.sleep(0.2)
                assert first().loop is not None
                assert second().loop is not None
            assert running.snapshot().loop is None
            assert len(running.dump().splitlines()) == len(before.splitlines())
            running.stop()


async def test_it_looks_as_often_as_it_is_asked_to(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    app.add(forever)
    async with app.open() as running:
        async with running.watched(every=3600) as snapshot:
            await trio.sleep(3599)
            assert snapshot().loop is None
            await trio.sleep(2)
            loop = snapshot().loop
            assert loop is not None
            assert loop.watched == 3601
        running.stop()


@pytest.mark.parametrize("every", [0, -1, math.inf, math.nan, True, "often"])
async def test_what_is_no_pace_is_refused(every: Any) -> None:
    app = th.Harness("shop")
    app.add(forever)
    async with app.open() as running:
        with pytest.raises(th.ConfigurationError, match="give the seconds between two looks"):
            async with running.watched(every=every):
                pytest.fail("it watched")
        running.stop()
