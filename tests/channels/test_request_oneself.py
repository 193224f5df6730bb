"""Calls that only their own callers could answer, where that shows late: they fail, and wait not.

Those that are seen at once, and those that are none, are in `test_request_ends`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
import pytest
import trio
from trio.testing import MockClock

import trioharness as th

from .requests import Ask, Boom, Client, Server, answer_all, ask, books, settle_down


def opened(size: float = 8) -> tuple[Client, Server]:
    return th.open_requests(int, str, size, name="asks")


async def nested(client: Client, end: Server) -> None:
    """Answer 1 after a while, by calling for 2; and 2 at once."""
    async for request in end:
        with request:
            if request.message == 1:
                await trio.sleep(5)
                request.reply("via " + await client.call(2))
            else:
                request.reply("2")


async def one(end: Server, seconds: float = 0) -> None:
    """Answer one request, after so many seconds, and close the end."""
    with end:
        request = await end.receive()
        await trio.sleep(seconds)
        request.reply("one")


def is_oneself(answer: object) -> bool:
    return isinstance(answer, th.CallToOneself)


async def test_another_that_received_later_has_gone(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nested, client, server.clone())
            await settle_down()
            nursery.start_soon(ask, client, 1, got)
            await settle_down()
            nursery.start_soon(one, server.clone())
            await ask(client, 0, got)
            await trio.sleep(6)
            nursery.cancel_scope.cancel()
    assert (got[0], is_oneself(got[1])) == ("one", True)
    assert books(client) == (1, 1, 0, 0)


@pytest.mark.parametrize("size", [8, 0])
@pytest.mark.parametrize("how", ["close", "suspend", "expect", "answers once"])
async def test_the_other_goes_while_the_call_waits(
    how: str, size: int, autojump_clock: MockClock
) -> None:
    """Queued, or where there is no room for it."""
    client, server = opened(size)
    got: list[object] = []
    other = server.clone()
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nested, client, server.clone())
            await settle_down()
            if how == "answers once":
                nursery.start_soon(one, other, 7)
                await settle_down()
            elif how == "expect":
                other.close()
                server.expect(1)
            nursery.start_soon(ask, client, 1, got)
            await settle_down()
            if how == "answers once":
                nursery.start_soon(ask, client, 1, got)
            await trio.sleep(6)
            assert got == []
            if how == "close":
                other.close()
            elif how == "suspend":
                other.suspend(Boom())
            elif how == "expect":
                server.expect(0)
            else:
                await trio.sleep(5)
                got.remove("one")
            await settle_down()
            assert [is_oneself(answer) for answer in got] == [True]
            await ask(client, 3, got)  # it goes on
            nursery.cancel_scope.cancel()
    assert got[1:] == ["2"]


@attrs.define(eq=False)
class ClosesAtOnce(trio.abc.Instrument):
    """Close an end in the very step after a second request was given to who waits there."""

    client: Client
    end: Server

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if self.client.statistics().sent == 2:
            self.end.close()


async def test_a_call_that_reached_nobody_comes_back_to_its_own_caller(
    autojump_clock: MockClock,
) -> None:
    """It was on its way to another end when that was closed."""
    client, server = opened()
    got: list[object] = []
    other = server.clone()

    async def waits() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await other.receive()

    closes = ClosesAtOnce(client, other)
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nested, client, server.clone())
            await settle_down()
            nursery.start_soon(ask, client, 1, got)
            await settle_down()
            nursery.start_soon(waits)
            await trio.sleep(1)
            trio.lowlevel.add_instrument(closes)
            await trio.sleep(5)
            trio.lowlevel.remove_instrument(closes)
            nursery.cancel_scope.cancel()
    assert [is_oneself(answer) for answer in got] == [True]


async def test_one_behind_a_suspended_end_is_not_waited_for(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []
    server.suspend(Boom())
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nested, client, server.clone())
            await settle_down()
            await ask(client, 1, got)
            nursery.cancel_scope.cancel()
    assert [is_oneself(answer) for answer in got] == [True]


async def test_one_that_waits_at_a_suspended_end_answers(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []
    suspended = server.clone()
    suspended.suspend(Boom())
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nested, client, server.clone())
            await settle_down()
            nursery.start_soon(ask, client, 1, got)
            await settle_down()
            nursery.start_soon(one, suspended)
            await trio.sleep(6)
            nursery.cancel_scope.cancel()
    assert got == ["via one"]


async def test_one_that_waits_to_cast_a_batch_makes_no_call(autojump_clock: MockClock) -> None:
    client, server = opened(1)
    got: list[object] = []
    other = server.clone()
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, client, 1, got)
            request = await server.receive()
            with trio.move_on_after(1):
                nursery.start_soon(other.aclose)
                await client.send_many([2, 3])
            request.reply("1")
            assert (await server.receive()).message == 2
    assert got == ["1"]


async def test_the_calls_of_others_go_on_waiting(autojump_clock: MockClock) -> None:
    """Only that of the task that is left alone fails; it can answer them then."""
    client, server = opened()
    got: list[object] = []
    other = server.clone()
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nested, client, server.clone())
            await settle_down()
            nursery.start_soon(ask, client, 1, got)
            await settle_down()
            nursery.start_soon(ask, client, 3, got)
            await trio.sleep(6)
            other.close()
            await settle_down()
            nursery.cancel_scope.cancel()
    assert (is_oneself(got[0]), got[1:]) == (True, ["2"])


async def test_two_that_are_left_may_wait_for_each_other(autojump_clock: MockClock) -> None:
    """Either may get its own answer otherwise: the deadline of one lets the other go on."""
    client, server = opened()
    got: list[object] = []
    third = server.clone()

    async def impatient(end: Server) -> None:
        request = await end.receive()
        with trio.move_on_after(10):
            await client.call(2)
        request.reply("gave up")
        await answer_all(end)

    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nested, client, server.clone())
            await settle_down()
            nursery.start_soon(ask, client, 1, got)
            await settle_down()
            nursery.start_soon(impatient, server.clone())
            await settle_down()
            nursery.start_soon(ask, client, 9, got)
            await trio.sleep(6)
            third.close()
            await trio.sleep(20)
            nursery.cancel_scope.cancel()
    assert got == ["gave up", "via 2"]


async def test_who_received_through_an_end_is_forgotten_with_it(autojump_clock: MockClock) -> None:
    """A task that has handed its end on may call whoever has it now."""
    client, server = opened()
    got: list[object] = []
    end = server.clone()
    held: list[Ask] = []

    async def later() -> None:
        await trio.sleep(5)
        await answer_all(end)

    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, client, 1, got)
            held.append(await end.receive())
            end.watch(None)
            nursery.start_soon(later)
            assert await client.call(2) == "2"
            held[0].reply("1")
            await settle_down()
            nursery.cancel_scope.cancel()
    assert got == ["1"]


Handler = Callable[[Client, Server, Ask, list[object]], Awaitable[None]]
"""What a responder does with a request that nobody waits for: it asks, and notes the answer."""


async def at_once(client: Client, end: Server, request: Ask, got: list[object]) -> None:
    await ask(client, 2, got)


async def before_reply(client: Client, end: Server, request: Ask, got: list[object]) -> None:
    await ask(client, 2, got)
    request.reply("late")


async def in_block(client: Client, end: Server, request: Ask, got: list[object]) -> None:
    with request:
        await ask(client, 2, got)


async def after_reply(client: Client, end: Server, request: Ask, got: list[object]) -> None:
    with request:
        request.reply("early")
        await ask(client, 2, got)


async def respond(
    client: Client, end: Server, handler: Handler, got: list[object], batch: bool
) -> None:
    """Have a handler deal with 1, and answer anything else."""
    while True:
        for request in await end.receive_many(2) if batch else [await end.receive()]:
            if request.message == 1:
                await handler(client, end, request, got)
            else:
                request.reply(str(request.message))


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(
    ("handler", "reply"),
    [(at_once, None), (in_block, None), (before_reply, "late"), (after_reply, "early")],
)
async def test_a_handler_calls_itself(
    handler: Handler, reply: str | None, batch: bool, autojump_clock: MockClock
) -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(respond, client, server, handler, got, batch)
        if reply is None:
            await client.cast(1)
        else:
            with trio.fail_after(100):
                assert await client.call(1) == reply
        await settle_down()
        assert [is_oneself(answer) for answer in got] == [True]
        await ask(client, 3, got)  # it goes on
        nursery.cancel_scope.cancel()
    assert got[1:] == ["3"]


@pytest.mark.parametrize("handler", [at_once, in_block])
@pytest.mark.parametrize("first", [0, 1, 2])
async def test_each_of_a_batch_that_nobody_waits_for(
    handler: Handler, first: int, autojump_clock: MockClock
) -> None:
    """Whatever was answered of the batch before."""
    client, server = opened()
    got: list[object] = []
    answers: list[object] = []
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:
            for place in range(3):
                if place == first:
                    nursery.start_soon(ask, client, 0, answers)
                    await settle_down()
                else:
                    client.send_nowait(1)
            requests = await server.receive_many(9)
            for request in sorted(requests, key=lambda request: request.message):
                if request.is_call:
                    request.reply("0")
                else:
                    await handler(client, server, request, got)
    assert [is_oneself(answer) for answer in got] == [True, True]
    assert answers == ["0"]


async def test_a_block_of_one_of_a_batch_is_not_the_end_of_the_others(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[object] = []
    await client.send_many([1, 1])
    first, second = await server.receive_many(9)
    with trio.fail_after(100):
        await in_block(client, server, first, got)
        await at_once(client, server, second, got)
    assert [is_oneself(answer) for answer in got] == [True, True]


async def test_one_whose_caller_has_gone_before_it_came(autojump_clock: MockClock) -> None:
    """It was in a batch that waited for more."""
    client, server = opened()
    got: list[object] = []
    with trio.fail_after(100):
        async with trio.open_nursery() as nursery:

            async def caller() -> None:
                with trio.move_on_after(1):
                    await client.call(1)

            nursery.start_soon(caller)
            (request,) = await anext(server.batches(2, within=5))
            assert request.abandoned
            await at_once(client, server, request, got)
    assert [is_oneself(answer) for answer in got] == [True]


async def test_the_other_goes_while_a_handler_that_nobody_waits_for_calls() -> None:
    client, server = opened()
    got: list[object] = []
    other = server.clone()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(respond, client, server, at_once, got, False)
        await settle_down()
        await client.cast(1)
        await settle_down()
        assert got == []
        other.close()
        await settle_down()
        nursery.cancel_scope.cancel()
    assert [is_oneself(answer) for answer in got] == [True]


@pytest.mark.parametrize("how", ["ack", "block", "receive", "wait", "wait for many"])
async def test_one_that_is_done_may_call_where_others_answer_later(
    how: str, autojump_clock: MockClock
) -> None:
    client, server = opened()

    async def later() -> None:
        await trio.sleep(5)
        await answer_all(server)

    async with trio.open_nursery() as nursery:
        client.send_nowait(1)
        request = await server.receive()
        if how == "ack":
            server.ack()
        elif how == "block":
            with request:
                pass
        elif how == "receive":
            with pytest.raises(trio.WouldBlock):
                server.receive_nowait()
        else:
            with trio.move_on_after(1):
                await (server.receive() if how == "wait" else server.receive_many(2))
        nursery.start_soon(later)
        with trio.fail_after(100):
            assert await client.call(2) == "2"
        client.close()


async def test_a_handler_in_another_task_is_not_who_receives(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []

    async def dispatch() -> None:
        async with trio.open_nursery() as handlers:
            async for request in server:
                if request.is_call:
                    request.reply(str(request.message))
                else:
                    handlers.start_soon(in_block, client, server, request, got)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(dispatch)
        await client.cast(1)
        await settle_down()
        nursery.cancel_scope.cancel()
    assert got == ["2"]


async def test_one_that_deals_with_another_source_calls_itself(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []

    async def responder() -> None:
        async with th.select(server, th.every(1)) as ready:
            async for source, item in ready:
                if isinstance(item, th.Request):
                    assert source is server
                    item.reply(str(item.message))
                else:
                    await ask(client, 2, got)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        await trio.sleep(1.5)
        assert [is_oneself(answer) for answer in got] == [True]
        await ask(client, 3, got)  # it goes on
        nursery.cancel_scope.cancel()
    assert got[1:] == ["3"]


async def test_one_that_has_left_a_select_with_a_cast_calls_itself(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[object] = []
    client.send_nowait(1)
    async with th.merge(server) as requests:
        request = await anext(requests)
    with trio.fail_after(100):
        await at_once(client, server, request, got)
    assert [is_oneself(answer) for answer in got] == [True]


@pytest.mark.parametrize("news", [False, True])
async def test_one_that_has_left_a_select_may_call_where_others_answer_later(
    news: bool, autojump_clock: MockClock
) -> None:
    client, server = opened()

    async def later() -> None:
        await trio.sleep(5)
        await answer_all(server)

    async with trio.open_nursery() as nursery:
        async with th.merge(server, th.every(1)) as ready:
            await anext(ready)
            if news:
                client.send_nowait(1)
        nursery.start_soon(later)
        with trio.fail_after(100):
            assert await client.call(2) == "2"
        client.close()
