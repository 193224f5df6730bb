"""A drain where children wait for each other to end: a circle is one node of what drains."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Log, forever

Send = th.SendChannel[int]
Receive = th.ReceiveChannel[int]


async def count_down(receive: Receive, send: Send, got: list[int]) -> None:
    """Send each number on, less one, until it is none; a drain refuses that in the end."""
    async for number in receive:
        await trio.sleep(1)
        got.append(number)
        if number > 0:
            try:
                await send.send(number - 1)
            except trio.BrokenResourceError:
                got.append(-number)  # what it could not send


@pytest.mark.parametrize("copies", [1, 3])
async def test_who_sends_to_itself_finishes_what_is_queued(
    autojump_clock: MockClock, log: Log, copies: int
) -> None:
    got: list[int] = []
    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        for _ in range(copies):
            sup.start_soon(count_down, receive, send.clone(), got)
        for number in (0, 5, 0, 7):
            await send.send(number)
        send.close()
        await trio.lowlevel.checkpoint()
        sup.drain(grace=60)
    assert sorted(got) == [-7, -5, 0, 0, 5, 7]
    assert log.about("returned") == log.about("returned", "stopped", "crashed")
    assert sup.overran == ()


async def test_of_a_circle_the_first_is_finished_and_the_others_follow(
    autojump_clock: MockClock, log: Log
) -> None:
    """What goes on within the circle is still taken, but for what would go round again."""
    first_got: list[int] = []
    second_got: list[int] = []
    first_in, first_out = th.open_channel(int, 10)
    second_in, second_out = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(count_down, first_out, second_in, first_got, name="first")
        sup.start_soon(count_down, second_out, first_in.clone(), second_got, name="second")
        for number in (4, 6):
            await first_in.send(number)
        first_in.close()
        sup.drain(grace=60)
    assert first_got == [4, 6]
    assert second_got == [3, -3, 5, -5]
    assert log.about("returned", "stopped") == ["first 1 returned", "second 1 returned"]


async def test_a_circle_ends_after_who_sends_to_it(autojump_clock: MockClock, log: Log) -> None:
    """Be it a source, or another circle."""
    got: list[list[int]] = [[], []]

    async def source(send: Send) -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        await trio.sleep(5)
        await send.send(1)

    async def between(receive: Receive, again: Send, send: Send) -> None:
        async for number in receive:
            got[0].append(number)
            await send.send(number + 1)

    first_in, first_out = th.open_channel(int, 10)
    second_in, second_out = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(count_down, second_out, second_in.clone(), got[1], name="last")
        sup.start_soon(between, first_out, first_in.clone(), second_in, name="between")
        sup.start_soon(source, first_in, name="source")
        await trio.testing.wait_all_tasks_blocked()
        sup.drain(grace=60)
    assert got == [[1], [2, -2]]
    assert [line.split()[0] for line in log.about("returned")] == ["source", "between", "last"]


@pytest.mark.parametrize("told", [True, False])
async def test_a_source_ends_although_its_own_consumer_needs_it(
    autojump_clock: MockClock, log: Log, told: bool
) -> None:
    got: list[int] = []
    used: list[str] = []

    async def source(send: Send, *, task_status: th.TaskStatus[str]) -> None:
        task_status.started("a source")
        for number in range(5):
            await send.send(number)
        if told:
            with th.stop_on_drain():
                await trio.sleep_forever()
            await send.send(5)
        else:
            await trio.sleep_forever()

    async def consume(receive: Receive, *, origin: str) -> None:
        async for number in receive:
            await trio.sleep(1)
            got.append(number)
        used.append(origin)

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        origin = await sup.start(source, send, name="source")
        sup.start_soon(consume, receive, needs={"origin": origin}, name="consumer")
        await trio.testing.wait_all_tasks_blocked()
        sup.drain(grace=60)
    assert got == [*range(5), 5][: 5 + told]
    assert used == ["a source"]
    ends = ["source 1 returned", "consumer 1 returned"]
    if not told:  # nothing that is needed is cancelled before those that need it
        ends = ["consumer 1 returned", "source 1 stopped"]
    assert log.about("returned", "stopped") == ends


async def test_a_circle_may_go_through_what_has_no_ends(
    autojump_clock: MockClock, log: Log
) -> None:
    got: list[int] = []
    seen: list[str] = []

    async def source(send: Send) -> None:
        for number in range(3):
            await send.send(number)
        await trio.sleep_forever()

    async def consume(receive: Receive, *, between: str) -> None:
        async for number in receive:
            await trio.sleep(1)
            got.append(number)
        seen.append("consumer done")

    @contextlib.asynccontextmanager
    async def between(*, origin: None) -> AsyncGenerator[str]:
        yield "between"
        seen.append("between left")

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        origin = await sup.start(source, send)
        middle = await sup.start(between, needs={"origin": origin})
        await sup.start(consume, receive, needs={"between": middle})
        await trio.testing.wait_all_tasks_blocked()
        sup.drain(grace=60)
    assert got == [0, 1, 2]
    assert seen == ["consumer done", "between left"]
    assert log.about("stopping") == ["between 1 stopping", "source 1 stopping"]


async def test_what_is_only_held_open_holds_nothing_up(autojump_clock: MockClock, log: Log) -> None:
    """It would wait for its need to end, which would wait for it."""

    @contextlib.asynccontextmanager
    async def meter(*, origin: None) -> AsyncGenerator[None]:
        yield

    async with th.open_supervisor("s", observer=log) as sup:
        origin = await sup.start(forever)
        await sup.start(meter, needs={"origin": origin})
        sup.drain(grace=60)
    assert log.about("stopping") == ["meter 1 stopping", "forever 1 stopping"]
    assert trio.current_time() == 0


async def test_a_circle_ends_after_who_needs_it(autojump_clock: MockClock, log: Log) -> None:
    got: list[int] = []

    async def user(*, loop: object) -> None:
        with th.stop_on_drain():
            await trio.sleep_forever()
        await trio.sleep(3)
        await outside.send(2)

    send, receive = th.open_channel(int, 10)
    outside = send.clone()
    async with th.open_supervisor("s", observer=log) as sup:
        loop: th.Child[Any] = await sup.start(count_down, receive, send, got, name="loop")
        sup.start_soon(user, needs={"loop": loop}, name="user")
        await trio.testing.wait_all_tasks_blocked()
        sup.drain(grace=60)
    assert got == [2, -2]
    assert log.about("returned") == ["user 1 returned", "loop 1 returned"]
    outside.close()


async def test_a_circle_has_the_grace_of_the_drain_and_no_more(
    autojump_clock: MockClock,
) -> None:
    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s") as sup:
        sup.start_soon(count_down, receive, send.clone(), list[int](), name="loop")
        for _ in range(10):
            await send.send(0)
        send.close()
        sup.drain(grace=4)
    assert trio.current_time() == 4
    assert sup.overran == ("s/loop",)
