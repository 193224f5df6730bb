"""`select` over all that stands on a channel: subscriptions, requests and views."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
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


# --- sources that raise --------------------------------------------------------------------------


class Troubled:
    """A source that always has something, which it gives or raises."""

    def __init__(self, kind: str, name: str) -> None:
        publisher, topic = th.open_topic(str, name=name)
        self.publish = publisher.send_nowait
        self.name = name
        overflow: Any = "drop_oldest" if kind == "lagged" else "drop_newest"
        where = self.fail if kind == "filter" else None
        end = topic.subscribe(1, overflow=overflow, where=where, name=name)
        self.source: Any = th.mapped(end, self.fail) if kind == "view" else end
        if kind == "closed":
            end.close()

    def fail(self, _: str) -> bool:
        raise LookupError(f"by {self.name!r}")

    def fill(self) -> None:
        for _ in range(2):
            self.publish(self.name)

    def spoke(self, said: object) -> bool:
        return f"{self.name!r}" in (repr(said) if isinstance(said, str) else str(said))


KINDS = ("item", "view", "filter", "lagged", "closed")


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))
def test_no_source_starves_also_where_sources_raise(kinds: list[str]) -> None:
    """In as many steps as there are sources, each has given something or raised."""

    async def main() -> None:
        sources = [Troubled(kind, f"s{number}") for number, kind in enumerate(kinds)]
        told: list[str] = []
        async with th.merge(*(each.source for each in sources)) as items:
            for _ in range(4 * len(sources)):
                for each in sources:
                    each.fill()
                said: object
                try:
                    said = await anext(items)
                except (trio.ClosedResourceError, LookupError, th.Lagged, th.FilterFailed) as error:
                    said = error
                told += [each.name for each in sources if each.spoke(said)]
        everybody = {each.name for each in sources}
        for begin in range(0, len(told), len(sources)):
            assert {*told[begin : begin + len(sources)]} == everybody, told

    trio.run(main, clock=MockClock(autojump_threshold=0))


async def test_what_a_view_raised_about_is_done_with_when_more_is_asked_for() -> None:
    """As after a receive that raised: the message was taken, and is acknowledged by the next."""
    send, receive = th.open_channel(int, 9, max_deliveries=2)
    other_out, other = th.open_channel(int, 9)
    send.send_nowait(0)
    other_out.send_nowait(1)
    async with th.merge(th.mapped(receive, lambda number: 1 // number), other) as items:
        with pytest.raises(ZeroDivisionError):
            await anext(items)
        assert receive.statistics().in_hand == 1
        assert await anext(items) == 1
        assert receive.statistics().in_hand == 0


# --- what a view leaves to its end ---------------------------------------------------------------


async def test_an_item_of_a_view_is_in_hand_until_more_is_asked_for() -> None:
    send, receive = th.open_channel(int, 9, max_deliveries=2)
    other_out, other = th.open_channel(int, 9)
    send.send_nowait(2)
    other_out.send_nowait(1)
    async with th.merge(th.mapped(receive, str), th.mapped(other, str)) as items:
        assert await anext(items) == "2"
        assert receive.statistics().in_hand == 1
        assert await anext(items) == "1"  # of the other one, which knows nothing of the first
        assert receive.statistics().in_hand == 0


async def test_what_a_select_took_through_a_view_is_delivered_again_after_a_crash(
    autojump_clock: MockClock,
) -> None:
    send, receive = th.open_channel(int, 9, max_deliveries=2)
    got: list[str] = []

    async def collect(view: th.ReceiveView[str]) -> None:
        async with th.merge(view) as items:
            async for item in items:
                got.append(item)
                if got == ["1", "2"]:
                    raise ValueError

    with trio.fail_after(60), send:
        async with th.open_supervisor("s") as sup:
            sup.start_soon(collect, th.mapped(receive, str))
            await send.send_many([1, 2, 3])
            send.close()
    assert got == ["1", "2", "2", "3"]


async def test_a_select_of_views_that_is_left_no_longer_watches_their_ends(
    autojump_clock: MockClock,
) -> None:
    """Else each would add to what every send has to tell, and be kept with its task."""
    send, receive = th.open_channel(int, 9)

    async def wait_in_vain() -> weakref.ref[object]:
        forgotten: weakref.ref[object] = weakref.ref(items := th.merge(th.mapped(receive, str)))
        with trio.move_on_after(1):
            async with items as ready:
                await anext(ready)
        return forgotten

    for _ in range(3):
        forgotten = await wait_in_vain()
        gc.collect()
        assert forgotten() is None
    send.send_nowait(1)
    assert receive.receive_nowait() == 1


async def test_a_select_that_waits_for_a_view_is_not_silent(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 9)

    async def collect(view: th.ReceiveView[str]) -> None:
        async with th.merge(view) as items:
            async for _ in items:
                pass

    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(
            collect, th.mapped(receive, str), health=th.Health(beat_within=5), grace=1
        )
        await trio.sleep(60)
        assert child.restarts == 0
        send.close()


async def test_a_view_of_what_a_select_would_never_see_is_refused() -> None:
    _, nowhere = th.open_channel(int, 0, overflow="drop_newest", name="news")
    with pytest.raises(th.ConfigurationError, match="'news' neither keeps a message"):
        th.select(th.mapped(nowhere, str))
