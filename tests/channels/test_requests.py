"""Requests: who asks gets the reply to its own call, and each call ends in exactly one way."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from trioharness.testing import check_channel, run_storm

from .requests import Ask, Boom, Client, Server, abandoned, answer_all, ask, books, settle_down

SIZES = pytest.mark.parametrize("size", [0, 1, 3, math.inf])


# calls and replies


@SIZES
async def test_each_call_gets_its_own_reply(size: float) -> None:
    client, server = th.open_requests(int, str, size)
    got: dict[int, str] = {}

    async def caller(number: int) -> None:
        got[number] = await client.call(number)

    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as callers:
            for number in range(20):
                callers.start_soon(caller, number)
            await settle_down()
            assert books(client) == (0, 0, 0, 20)
            nursery.start_soon(answer_all, server)
        client.close()
    assert got == {number: str(number) for number in range(20)}
    assert books(client) == (20, 0, 0, 0)
    statistics = client.statistics()
    assert (statistics.sent, statistics.received, statistics.left) == (20, 20, 0)


async def test_a_call_waits_until_it_is_answered_and_no_longer() -> None:
    client, server = th.open_requests(int, str)
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        await settle_down()
        assert got == []
        assert books(client) == (0, 0, 0, 1)
        assert (request.message, request.is_call, request.abandoned) == (1, True, False)
        request.reply("one")
        assert books(client) == (1, 0, 0, 0)
        assert got == []  # it is the caller's own task that goes on
    assert got == ["one"]


async def test_replies_may_come_in_another_order() -> None:
    client, server = th.open_requests(int, str)
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(ask, client, number, got)
            await settle_down()
        requests = await server.receive_many(9)
        for request in reversed(requests):
            request.reply(str(request.message))
            await settle_down()
    assert got == ["2", "1", "0"]


async def test_the_message_and_the_reply_are_the_very_objects() -> None:
    @attrs.frozen
    class Note:
        words: list[str]

    client, server = th.open_requests(Note, Note)
    asked, answered = Note(["a"]), Note(["b"])

    async def responder() -> None:
        request = await server.receive()
        assert request.message is asked
        request.reply(answered)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        assert await client.call(asked) is answered


async def test_a_copy_is_made_of_what_is_asked() -> None:
    def copied(words: list[str]) -> list[str]:
        return [*words]

    client, server = th.open_requests(list[str], int, copy=copied)
    words = ["a"]

    async def responder() -> None:
        async for request in server:
            assert request.message == words
            assert request.message is not words
            if request.is_call:
                request.reply(len(request.message))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        assert await client.call(words) == 1
        await client.cast(words)
        client.close()


async def test_nothing_but_none_may_be_the_reply() -> None:
    client, server = th.open_requests(int, None)

    async def responder() -> None:
        (await server.receive()).reply(None)
        request = await server.receive()
        with pytest.raises(th.MessageTypeError):
            request.reply(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        request.reply(None)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        for _ in range(2):
            assert await client.call(1) is None  # type: ignore[func-returns-value]


async def test_unions_in_both_directions() -> None:
    client, server = th.open_requests(int | str, bytes | None)

    async def responder() -> None:
        async for request in server:
            request.reply(None if isinstance(request.message, int) else b"b")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        assert [await client.call(1), await client.call("a")] == [None, b"b"]
        client.close()


async def test_what_is_asked_is_checked() -> None:
    client, _ = th.open_requests(int, str, name="asks")
    wrong: int = "one"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    for send in (client.call, client.cast):
        with pytest.raises(th.MessageTypeError, match="channel 'asks' carries int"):
            await send(wrong)
    with pytest.raises(th.MessageTypeError):
        client.send_nowait(wrong)
    with pytest.raises(th.MessageTypeError):
        await client.send_many([1, wrong])
    assert books(client) == (0, 0, 0, 0)
    assert client.statistics().sent == client.call_statistics().made == 0


async def test_a_subclass_may_be_asked_and_replied() -> None:
    client, server = th.open_requests(int, Exception)

    async def responder() -> None:
        async for request in server:
            assert request.message is True
            request.reply(Boom())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        for _ in range(2):
            assert isinstance(await client.call(True), Boom)
        client.close()


async def test_what_is_replied_is_checked_and_the_caller_waits_on() -> None:
    client, server = th.open_requests(int, str, name="asks")
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        with pytest.raises(th.MessageTypeError, match=r"channel 'asks \(replies\)' carries str"):
            request.reply(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        await settle_down()
        assert got == []
        assert books(client) == (0, 0, 0, 1)
        request.reply("1")
    assert got == ["1"]


@pytest.mark.parametrize("size", [-1, 1.5, "8", True])
def test_sizes_that_no_channel_can_have(size: float) -> None:
    with pytest.raises(th.ConfigurationError):
        th.open_requests(int, str, size)


def test_types_that_are_none() -> None:
    with pytest.raises(th.ConfigurationError):
        th.open_requests(1, str)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(th.ConfigurationError):
        th.open_requests(int, 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(th.ConfigurationError):
        th.open_requests(int, str, copy=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# errors


async def test_fail_raises_in_the_caller() -> None:
    client, server = th.open_requests(int, str)
    got: list[object] = []
    error = Boom("no")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        request.fail(error)
        assert books(client) == (0, 1, 0, 0)
    assert got == [error]
    with pytest.raises(TypeError, match="a call fails with an exception"):
        request.fail(KeyboardInterrupt())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError):
        request.fail(Boom)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_each_request_is_answered_once() -> None:
    client, server = th.open_requests(int, str, name="asks")
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        request.reply("1")
        with pytest.raises(th.AlreadyAnswered, match="'asks'"):
            request.reply("2")
        with pytest.raises(th.AlreadyAnswered):
            request.fail(Boom())
    assert got == ["1"]
    assert books(client) == (1, 0, 0, 0)


async def test_a_cast_has_no_caller() -> None:
    client, server = th.open_requests(int, str)
    await client.cast(1)
    await client.send(2)
    client.send_nowait(3)
    await client.send_many([4, 5])
    requests = await server.receive_many(9)
    assert [request.message for request in requests] == [1, 2, 3, 4, 5]
    for request in requests:
        assert not request.is_call
        assert not request.abandoned
        request.reply("goes nowhere")
        with pytest.raises(th.AlreadyAnswered):
            request.fail(Boom())
    assert books(client) == (0, 0, 0, 0)
    assert client.statistics().received == 5


# cancellation


async def test_a_deadline_takes_a_queued_call_back(autojump_clock: MockClock) -> None:
    client, server = th.open_requests(int, str)
    with trio.move_on_after(1) as scope:
        await client.call(1)
    assert scope.cancelled_caught
    assert trio.current_time() == 1
    assert books(client) == (0, 0, 1, 0)
    with pytest.raises(trio.WouldBlock):
        server.receive_nowait()
    assert client.statistics().sent == 0


async def test_a_cancelled_call_asks_nothing() -> None:
    client, _ = th.open_requests(int, str)
    with trio.CancelScope() as scope:
        scope.cancel()
        await client.call(1)
    assert scope.cancelled_caught
    assert client.call_statistics().made == client.statistics().sent == 0


async def test_an_abandoned_call_may_be_answered_in_vain() -> None:
    client, server = th.open_requests(int, str, name="asks")
    request = await abandoned(client, server)
    assert request.abandoned
    assert repr(request) == "<Request call of 'asks': 1, abandoned>"
    assert books(client) == (0, 0, 1, 0)
    request.reply("1")
    assert not request.abandoned
    with pytest.raises(th.AlreadyAnswered):
        request.reply("2")
    assert books(client) == (0, 0, 1, 0)


async def test_a_call_cancelled_on_its_way_is_delivered_as_abandoned() -> None:
    client, server = th.open_requests(int, str)
    got: list[Ask] = []

    async def responder() -> None:
        got.append(await server.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        await settle_down()
        with trio.CancelScope() as scope:
            # What the caller runs into as soon as it waits: the responder has had no turn by then.
            trio.lowlevel.current_trio_token().run_sync_soon(scope.cancel)
            await client.call(1)
    assert scope.cancelled_caught
    assert all(request.abandoned for request in got)
    if not got:
        assert client.statistics().sent == 0
    assert books(client) == (0, 0, 1, 0)


async def test_one_of_many_queued_calls_leaves(autojump_clock: MockClock) -> None:
    client, server = th.open_requests(int, str, 2)
    got: list[object] = []

    async def impatient() -> None:
        with trio.move_on_after(1):
            await client.call(99)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        await settle_down()
        nursery.start_soon(impatient)
        await settle_down()
        for number in (2, 3):
            nursery.start_soon(ask, client, number, got)
            await settle_down()
        assert client.statistics().tasks_waiting_send == 2
        await trio.sleep(2)
        assert client.statistics().tasks_waiting_send == 1  # one has moved up
        assert client.statistics().sent == 2
        assert books(client) == (0, 0, 1, 3)
        nursery.start_soon(answer_all, server)
        await settle_down()
        client.close()
    assert got == ["1", "2", "3"]


async def test_a_withdrawn_call_makes_no_other_look_old(autojump_clock: MockClock) -> None:
    client, _ = th.open_requests(int, str, 9)
    with trio.move_on_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.call, 1)
            await settle_down()
            assert client.statistics().oldest_age == 0
            await trio.sleep(3)
            assert client.statistics().oldest_age == 3
    await client.cast(2)
    assert client.statistics().oldest_age == 0
    await trio.sleep(4)
    assert client.statistics().oldest_age == 4


# room


@pytest.mark.parametrize("size", [0, 1, 2])
async def test_calls_and_casts_are_in_order_also_while_they_wait_for_room(size: int) -> None:
    client, server = th.open_requests(int, str, size)
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        for number in range(8):
            if number % 3 == 1:
                nursery.start_soon(client.cast, number)
            elif number % 3 == 2:
                nursery.start_soon(client.send_many, [number, number + 100])
            else:
                nursery.start_soon(ask, client, number, got)
            await settle_down()
            books(client)
        statistics = client.statistics()
        assert statistics.current_buffer_used == size
        assert statistics.tasks_waiting_send == 8 - size
        order: list[int] = []
        while len(order) < 10:
            request = await server.receive()
            order.append(request.message)
            books(client)
            request.reply(str(request.message))
            books(client)
    assert order == [0, 1, 2, 102, 3, 4, 5, 105, 6, 7]
    assert got == ["0", "3", "6"]
    assert books(client) == (3, 0, 0, 0)


async def test_a_call_goes_before_a_younger_batch_and_after_an_older_one() -> None:
    client, server = th.open_requests(int, str, 2)
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.send_many, range(5))
        await settle_down()
        nursery.start_soon(ask, client, 10, got)
        await settle_down()
        nursery.start_soon(client.send_many, [20, 21])
        await settle_down()
        batches = [await server.receive_many(3) for _ in range(3)]
        for batch in batches:
            for request in batch:
                request.reply(str(request.message))
    assert [[r.message for r in batch] for batch in batches] == [[0, 1, 2], [3, 4, 10], [20, 21]]
    assert got == ["10"]


async def test_a_call_that_waits_for_room_can_be_cancelled(autojump_clock: MockClock) -> None:
    client, server = th.open_requests(int, str, 0)
    with trio.move_on_after(1):
        await client.call(1)
    assert client.statistics().tasks_waiting_send == 0
    assert books(client) == (0, 0, 1, 0)
    with pytest.raises(trio.WouldBlock):
        server.receive_nowait()


# as any other channel


def open_as_channel(size: float) -> tuple[Client, Server]:
    return th.open_requests(int, str, size)


@pytest.mark.parametrize("size", [0, 1, 4, math.inf])
@pytest.mark.parametrize("seed", range(3))
def test_casts_pass_the_storm_of_channels(size: float, seed: int) -> None:
    report = run_storm(
        partial(open_as_channel, size),
        seed=seed,
        operations=300,
        number=lambda request: request.message,
    )
    assert report.sent == report.received + report.left
    assert report.sent > 0


@pytest.mark.parametrize("size", [0, 1, 3, math.inf])
async def test_the_ends_behave_as_those_of_channels(size: float, autojump_clock: MockClock) -> None:
    def open_ends() -> tuple[Client, ByNumber]:
        client, server = th.open_requests(int, str, size)
        return client, ByNumber(server)

    report = await check_channel(open_ends, capacity=size, clones=True, nowait=True, close=True)
    assert len(report.checked) > 10


class ByNumber(trio.abc.ReceiveChannel[int]):
    """A server end that gives what was asked, so that it can be compared."""

    def __init__(self, end: Server) -> None:
        self.end = end

    async def receive(self) -> int:
        return (await self.end.receive()).message

    def receive_nowait(self) -> int:
        return self.end.receive_nowait().message

    async def receive_many(self, limit: int) -> list[int]:
        return [request.message for request in await self.end.receive_many(limit)]

    def clone(self) -> ByNumber:
        return ByNumber(self.end.clone())

    def close(self) -> None:
        self.end.close()

    async def aclose(self) -> None:
        await self.end.aclose()

    def __enter__(self) -> ByNumber:
        return self

    def __exit__(self, *_: object) -> None:
        self.end.close()


# what is seen of them


async def test_how_they_look() -> None:
    client, server = th.open_requests(int, str, 8, name="asks")
    assert repr(client) == "<RequestClient 'asks' 0/8 queued>"
    assert repr(server) == "<ReceiveChannel 'asks' 0/8 queued>"
    await client.cast(1)
    request = await server.receive()
    assert repr(request) == "<Request cast of 'asks': 1, open>"
    request.reply("1")
    assert repr(request) == "<Request cast of 'asks': 1, answered>"
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 2, got)
        request = await server.receive()
        assert repr(request) == "<Request call of 'asks': 2, open>"
        request.reply("2")
        assert repr(request) == "<Request call of 'asks': 2, answered>"
    client.close()
    assert repr(client) == "<RequestClient 'asks' closed>"
    assert server.answers
    assert not th.open_channel(int, 1)[1].answers
    assert th.open_requests(int | None, str)[0].channel.name == "int | None"


def test_there_is_no_public_constructor() -> None:
    classes: list[type[Any]] = [th.Request, th.RequestClient]
    for cls in classes:
        with pytest.raises(TypeError, match="has no public constructor"):
            cls()


async def test_call_is_a_checkpoint_that_takes_turns() -> None:
    client, server = th.open_requests(int, str)
    turns = 0

    async def neighbour() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(neighbour)
        nursery.start_soon(answer_all, server)
        for number in range(10):
            await client.call(number)
        assert turns >= 10
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("verb", ["call", "cast"])
async def test_interrupts_do_not_come_in_between(verb: str) -> None:
    """Protected is what runs between the checks of a call, in the caller and in who replies."""
    protected: list[bool] = []

    def copy(number: int) -> int:
        protected.append(trio.lowlevel.currently_ki_protected())
        return number

    client, server = th.open_requests(int, str, copy=copy)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer_all, server)
        await getattr(client, verb)(1)
        client.close()
    assert protected == [True]
