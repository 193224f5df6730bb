"""`select` over all that stands on a channel: subscriptions, requests and views."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th


async def test_subscriptions_requests_views_and_timers_together(
    autojump_clock: MockClock,
) -> None:
    publisher, topic = th.open_topic(int)
    ticks = topic.subscribe(9)
    client, server = th.open_requests(str, str)
    send, receive = th.open_channel(int, 9)
    even = th.filtered(receive, lambda number: number % 2 == 0)
    seen: list[Any] = []

    async def answers() -> None:
        async with th.select(ticks, server, even, th.every(10)) as ready:
            async for source, item in ready:
                if isinstance(item, th.Request):
                    item.reply(item.message.upper())
                    seen.append(item.message)
                else:
                    seen.append((source is ticks, source is even, item))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answers)
        await wait_all_tasks_blocked()
        await publisher.send(1)
        await wait_all_tasks_blocked()
        assert await client.call("hello") == "HELLO"
        for number in (1, 2, 3):
            await send.send(number)
        await trio.sleep(11)
        for end in (publisher, client, send):
            end.close()
    assert seen == [(True, False, 1), "hello", (False, True, 2), (False, False, 1)]


@pytest.mark.parametrize("waits", [True, False])
async def test_what_a_subscription_missed_is_raised_and_it_goes_on(waits: bool) -> None:
    publisher, topic = th.open_topic(int)
    ticks = topic.subscribe(1, overflow="drop_oldest")
    seen: list[object] = []

    async def listen() -> None:
        async with th.select(ticks) as ready:
            while True:
                try:
                    seen.append((await ready.__anext__())[1])
                except th.Lagged as lagged:
                    seen.append(f"missed {lagged.count}")
                except StopAsyncIteration:
                    return

    async with trio.open_nursery() as nursery:
        if waits:
            nursery.start_soon(listen)
            await wait_all_tasks_blocked()
        for number in range(3):
            publisher.send_nowait(number)
        if not waits:
            nursery.start_soon(listen)
            await wait_all_tasks_blocked()
        publisher.close()
    assert seen == ["missed 2", 2]


async def test_a_filter_that_fails_wakes_a_select() -> None:
    publisher, topic = th.open_topic(int)
    ticks = topic.subscribe(1, where=lambda tick: bool(1 // tick))
    async with th.merge(ticks) as items, trio.open_nursery() as nursery:

        @nursery.start_soon
        async def listen() -> None:
            with pytest.raises(th.FilterFailed):
                await items.__anext__()

        await wait_all_tasks_blocked()
        publisher.send_nowait(0)


async def test_a_call_that_is_cancelled_before_it_is_taken_is_not_taken() -> None:
    client, server = th.open_requests(int, int, 0)
    async with th.select(server) as ready:
        with trio.move_on_after(0):
            await client.call(1)
        with trio.move_on_after(0) as scope:
            await ready.__anext__()
        assert scope.cancelled_caught
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def answers() -> None:
                _, request = await ready.__anext__()
                request.reply(request.message + 1)

            assert await client.call(2) == 3
    assert client.call_statistics() == th.CallStatistics(made=1, replied=1, failed=0, cancelled=0)


async def test_what_is_suspended_or_finished_is_seen() -> None:
    _client, server = th.open_requests(int, int)
    async with th.merge(server) as requests, trio.open_nursery() as nursery:

        @nursery.start_soon
        async def take() -> None:
            assert [request async for request in requests] == []

        await wait_all_tasks_blocked()
        server.suspend(RuntimeError("nobody"))
        server.resume()
        await wait_all_tasks_blocked()
        server.finish()


async def test_a_view_that_leaves_out_all_there_is_waits_for_more() -> None:
    send, receive = th.open_channel(int, 9)
    big = th.filtered(receive, lambda number: number > 2)
    with send:
        for number in range(5):
            send.send_nowait(number)
    async with th.merge(big) as numbers:
        assert [number async for number in numbers] == [3, 4]
    other, source = th.open_channel(int, 9)
    async with th.merge(th.mapped(source, str)) as words, trio.open_nursery() as nursery:

        @nursery.start_soon
        async def take() -> None:
            assert [word async for word in words] == ["7"]

        await wait_all_tasks_blocked()
        other.send_nowait(7)
        await wait_all_tasks_blocked()
        other.close()


async def test_a_view_of_what_cannot_be_watched_is_refused() -> None:
    _, receive = trio.open_memory_channel[int](1)
    await trio.lowlevel.checkpoint()
    with pytest.raises(th.ConfigurationError, match="cannot be watched"):
        th.select(th.filtered(receive, bool))


async def test_by_priority_a_filter_may_fill_a_source_of_lower_rank() -> None:
    urgent_out, urgent = th.open_channel(str, 9)
    send, inbox = th.open_channel(str, 9)

    def keep(message: str) -> bool:
        if message.startswith("!"):
            urgent_out.send_nowait(message)
        return not message.startswith("!")

    async with th.merge(urgent, th.filtered(inbox, keep), priority=True) as items:
        got: list[str] = []

        async def take() -> None:
            got.extend([item async for item in items])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(take)
            for message in ("!1", "2", "!3"):
                await wait_all_tasks_blocked()
                await send.send(message)
            await wait_all_tasks_blocked()
            for end in (send, urgent_out):
                end.close()
    assert sorted(got) == ["!1", "!3", "2"]
