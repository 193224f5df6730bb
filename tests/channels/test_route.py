"""`route` and `partition`: components that pass messages on."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import Any, cast

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th


def is_minus(number: int) -> bool:
    return number < 0


def is_plus(number: int) -> bool:
    return number > 0


def is_two(number: int) -> bool:
    return number == 2


BY_SIGN = th.Routing([th.Rule("minus", is_minus), th.Rule("plus", is_plus)])


def filled(*messages: Any, max_deliveries: int | None = None) -> th.ReceiveChannel[Any]:
    send, receive = th.open_channel(object, 99, max_deliveries=max_deliveries)
    with send:
        for message in messages:
            send.send_nowait(message)
    return receive


async def all_of(end: trio.abc.ReceiveChannel[Any]) -> list[Any]:
    return [message async for message in end]


async def test_each_message_goes_where_the_rules_say_in_order() -> None:
    minus, got_minus = th.open_channel(int, 9)
    plus, got_plus = th.open_channel(int, 9)
    source = filled(-1, 2, -3, 4)
    routed = await th.route(source, BY_SIGN, minus=minus, plus=plus)
    assert routed == th.Routed(sent={"minus": 2, "plus": 2}, dropped=0)
    assert await all_of(got_minus) == [-1, -3]
    assert await all_of(got_plus) == [2, 4]
    with pytest.raises(trio.ClosedResourceError):
        source.receive_nowait()


async def test_to_all_that_match() -> None:
    a, got_a = th.open_channel(int, 9)
    b, got_b = th.open_channel(int, 9)
    rules = th.Routing([th.Rule("a"), th.Rule("b", is_two)], match="all")
    assert (await th.route(filled(1, 2), rules, a=a, b=b)).sent == {"a": 2, "b": 1}
    assert (await all_of(got_a), await all_of(got_b)) == ([1, 2], [2])


async def test_what_matches_nothing_is_an_error() -> None:
    minus, _ = th.open_channel(int, 9)
    plus, got = th.open_channel(int, 9)
    with pytest.raises(th.NoRoute, match=r"^no rule matches 0 \("):
        await th.route(filled(1, 0, 2), BY_SIGN, minus=minus, plus=plus)
    assert await all_of(got) == [1]  # and the ends are closed


async def test_what_matches_nothing_is_dropped_and_counted() -> None:
    minus, _ = th.open_channel(int, 9)
    plus, got = th.open_channel(int, 9)
    rules = th.Routing(BY_SIGN.rules, otherwise="drop")
    routed = await th.route(filled(1, 0, 0, 2), rules, minus=minus, plus=plus)
    assert routed == th.Routed(sent={"plus": 2}, dropped=2)
    assert await all_of(got) == [1, 2]


async def test_what_matches_nothing_is_a_dead_letter() -> None:
    plus, _ = th.open_channel(int, 9)
    dead, letters = th.open_channel(th.DeadLetter[int], 9)
    rules = th.Routing([th.Rule("plus", is_plus)], otherwise="dead")
    routed = await th.route(filled(1, 0), rules, plus=plus, dead=dead)
    assert routed.sent == {"plus": 1, "dead": 1}
    (letter,) = await all_of(letters)
    assert (letter.channel, letter.message, letter.reason, letter.attempts) == (
        "object",
        0,
        "no rule matches it",
        0,
    )
    assert isinstance(letter.error, th.NoRoute)


async def test_of_trios_own_channels() -> None:
    send, receive = trio.open_memory_channel[int](9)
    plus, got = trio.open_memory_channel[int](9)
    dead, letters = trio.open_memory_channel[Any](9)
    rules = th.Routing([th.Rule("plus", is_plus)], otherwise="dead")
    with send:
        send.send_nowait(1)
        send.send_nowait(-1)
    await th.route(receive, rules, plus=plus, dead=dead)
    assert await all_of(got) == [1]
    assert [letter.channel for letter in await all_of(letters)] == ["route"]


async def test_ends_that_do_not_fit_are_refused_before_anything_is_received() -> None:
    source = filled(1)
    plus, _ = th.open_channel(int, 9)
    with pytest.raises(th.ConfigurationError, match="lead to 'minus'"):
        await th.route(source.clone(), BY_SIGN, plus=plus)
    assert source.receive_nowait() == 1
    with pytest.raises(th.ConfigurationError, match="has no ends"):
        await th.partition(source.clone(), by=int)
    with pytest.raises(th.ConfigurationError, match="by=3 is not callable"):
        await th.partition(source.clone(), plus.clone(), by=cast("Any", 3))


async def test_requests_are_refused_and_nothing_is_received_or_closed() -> None:
    client, server = th.open_requests(int, str, name="asks")
    plus, plus_out = th.open_channel(th.Request[int, str], 9)
    rules = th.Routing([th.Rule("plus")])
    await client.cast(1)
    for source in (server, th.filtered(server, lambda _: True)):
        with pytest.raises(th.ConfigurationError, match=r"'asks'.* gives requests, and") as caught:
            await th.route(source, rules, plus=plus)
        assert "request.reply(await clients[kind].call(request.message))" in str(caught.value)
        with pytest.raises(th.ConfigurationError, match=r"^partition"):
            await th.partition(source, plus, by=hash)
    assert server.receive_nowait().message == 1
    plus.close()
    with pytest.raises(trio.EndOfChannel):
        plus_out.receive_nowait()


async def test_calls_are_routed_by_a_responder_with_a_client_for_each_way(
    autojump_clock: MockClock,
) -> None:
    """The cure that `route` names: one that crashes fails its call, and an end ends all well."""
    client, server = th.open_requests(int, str, name="asks")
    even, even_out = th.open_requests(int, str, name="even")
    odd, odd_out = th.open_requests(int, str, name="odd")

    async def by_parity(
        server: th.ReceiveChannel[th.Request[int, str]], **clients: th.RequestClient[int, str]
    ) -> None:
        async with trio.open_nursery() as nursery:
            async for request in server:
                kind = "odd" if request.message % 2 else "even"
                nursery.start_soon(pass_on, request, clients[kind])

    async def pass_on(request: th.Request[int, str], client: th.RequestClient[int, str]) -> None:
        with request:
            request.reply(await client.call(request.message))

    async def answers(server: th.ReceiveChannel[th.Request[int, str]]) -> None:
        async for request in server:
            if request.message == 13:
                raise ValueError(13)
            with request:
                await trio.sleep(5)
                request.reply(str(request.message))

    with trio.fail_after(100):
        async with th.open_supervisor("s") as sup:
            sup.start_soon(partial(by_parity, server, even=even, odd=odd))
            sup.start_soon(answers, even_out, name="even")
            sup.start_soon(answers, odd_out, name="odd")
            assert [await client.call(number) for number in (1, 2)] == ["1", "2"]
            with pytest.raises(th.ResponderDied):
                await client.call(13)
            async with trio.open_nursery() as nursery:
                got: list[str] = []

                async def ask() -> None:
                    got.append(await client.call(4))

                nursery.start_soon(ask)
                await trio.sleep(1)
                client.close()
    assert got == ["4"]


async def test_a_slow_end_holds_up_the_source(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 1)
    plus, got = th.open_channel(int, 0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(th.route, receive, th.Routing([th.Rule("plus")]), plus=plus))
        for number in (1, 2):
            await send.send(number)
        await wait_all_tasks_blocked()
        with pytest.raises(trio.WouldBlock):
            send.send_nowait(3)
        send.close()
        assert await all_of(got) == [1, 2]


async def test_a_router_that_crashes_passes_the_message_on_again(
    autojump_clock: MockClock,
) -> None:
    """Supervised, with deliveries counted: what it could not pass on comes again."""
    asked: list[int] = []

    def fails_once(number: int) -> bool:
        asked.append(number)
        if asked.count(2) == 1 and number == 2:
            raise ValueError(number)
        return True

    plus, got = th.open_channel(int, 9)
    rules = th.Routing([th.Rule("plus", fails_once)])
    async with th.open_supervisor("s") as sup:
        sup.start_soon(partial(th.route, filled(1, 2, 3, max_deliveries=3), rules, plus=plus))
    assert await all_of(got) == [1, 2, 3]
    assert asked == [1, 2, 2, 3]


async def test_in_a_pipeline_each_stage_ends_with_the_one_before(autojump_clock: MockClock) -> None:
    """The ends are handed over, by name as well, and closed when the router is complete."""
    seen: dict[str, list[int]] = {"minus": [], "plus": []}

    async def collect(name: str, end: th.ReceiveChannel[int]) -> None:
        async for message in end:
            seen[name].append(message)

    minus, got_minus = th.open_channel(int, 1)
    plus, got_plus = th.open_channel(int, 1)
    async with th.open_supervisor("s") as sup:
        sup.start_soon(partial(th.route, filled(-1, 2, -3, 4), BY_SIGN, minus=minus, plus=plus))
        sup.start_soon(collect, "minus", got_minus)
        sup.start_soon(collect, "plus", got_plus)
    assert seen == {"minus": [-1, -3], "plus": [2, 4]}


@given(st.lists(st.integers(0, 20), max_size=40), st.integers(1, 4))
def test_a_partition_keeps_the_order_of_each_key(keys: list[int], ends: int) -> None:
    async def main() -> list[list[tuple[int, int]]]:
        channels = [th.open_channel(tuple[int, int], 99) for _ in range(ends)]
        source = filled(*zip(keys, range(99), strict=False))
        await th.partition(source, *(send for send, _ in channels), by=itemgetter(0))
        return [await all_of(receive) for _, receive in channels]

    parts = trio.run(main)
    assert sorted(message for part in parts for message in part) == sorted(
        zip(keys, range(99), strict=False)
    )
    for key in set(keys):
        (part,) = [part for part in parts if any(k == key for k, _ in part)]
        numbers = [number for k, number in part if k == key]
        assert numbers == sorted(numbers)


async def test_cancelled_it_closes_its_ends() -> None:
    plus, got = th.open_channel(int, 0)
    send, receive = th.open_channel(int, 0)
    with trio.move_on_after(0):
        await th.route(receive, th.Routing([th.Rule("plus")]), plus=plus)
    with pytest.raises(trio.EndOfChannel):
        await got.receive()
    with pytest.raises(trio.BrokenResourceError):
        await send.send(1)
