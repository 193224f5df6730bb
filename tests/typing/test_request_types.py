"""What type checkers see of requests. Never run; see test_channel_types.py for the manner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from typing import Any, assert_type

import trio

import trioharness as th


class Ask:
    pass


class AskMore(Ask):
    pass


class Other:
    pass


class Reply:
    pass


class LongReply(Reply):
    pass


async def both_ends() -> None:
    client, server = th.open_requests(Ask, Reply)
    assert_type(client, th.RequestClient[Ask, Reply])
    assert_type(server, th.ReceiveChannel[th.Request[Ask, Reply]])
    assert_type(client.clone(), th.RequestClient[Ask, Reply])
    assert_type(server.clone(), th.ReceiveChannel[th.Request[Ask, Reply]])
    assert_type(client.call_statistics(), th.CallStatistics)
    assert_type(client.call_statistics().waiting, int)
    with client as same:
        assert_type(same, th.RequestClient[Ask, Reply])


async def asking() -> None:
    client, server = th.open_requests(Ask, Reply)
    del server
    assert_type(await client.call(Ask()), Reply)
    assert_type(await client.call(AskMore()), Reply)
    await assert_type(client.cast(Ask()), Coroutine[Any, Any, None])
    await client.call(Other())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.cast(Other())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.send_many([Other()])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    longer: LongReply = await client.call(Ask())  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del longer


async def answering() -> None:
    client, server = th.open_requests(Ask, Reply)
    del client
    async for request in server:
        assert_type(request, th.Request[Ask, Reply])
        assert_type(request.message, Ask)
        assert_type(request.is_call, bool)
        assert_type(request.abandoned, bool)
        with request as same:
            assert_type(same, th.Request[Ask, Reply])
            request.reply(LongReply())
            request.fail(ValueError())
        request.reply(Ask())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        request.reply()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        request.fail(KeyboardInterrupt())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(await server.receive(), th.Request[Ask, Reply])
    assert_type(await server.receive_many(3), list[th.Request[Ask, Reply]])
    assert_type(server.batches(3), AsyncIterator[list[th.Request[Ask, Reply]]])


async def a_block_may_swallow() -> int:
    client, server = th.open_requests(Ask, Reply)
    del client
    with await server.receive():
        return 1
    return 2  # an error in the block has gone to the caller, so this is reached


async def none_and_unions() -> None:
    client, server = th.open_requests(Ask | Other, None)
    assert_type(client, th.RequestClient[Ask | Other, None])
    assert_type(await server.receive(), th.Request[Ask | Other, None])
    await client.call(Other())
    (await server.receive()).reply(None)
    (await server.receive()).reply(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    either, ors = th.open_requests(int, Reply | None)
    assert_type(await ors.receive(), th.Request[int, Reply | None])
    assert_type(await either.call(1), Reply | None)
    generic, answers = th.open_requests(list[int], dict[str, int])
    assert_type(await generic.call([1]), dict[str, int])
    assert_type((await answers.receive()).message, list[int])


def options() -> None:
    def copy(ask: Ask) -> Ask:
        return ask

    assert_type(
        th.open_requests(Ask, Reply, 8, name="asks", copy=copy)[0], th.RequestClient[Ask, Reply]
    )
    th.open_requests(Other, Reply, copy=copy)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    th.open_requests(Ask)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    th.open_requests(Ask, Reply, "8")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    th.open_requests(Ask, 8)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def variance() -> None:
    client, server = th.open_requests(Ask, Reply)
    narrower: th.RequestClient[AskMore, object] = client
    wider: th.ReceiveChannel[th.Request[object, LongReply]] = server
    sends: th.SendChannel[AskMore] = client
    trio_sends: trio.abc.SendChannel[AskMore] = client
    wrong: th.RequestClient[object, Reply] = client  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    worse: th.ReceiveChannel[th.Request[Ask, object]] = server  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del narrower, wider, sends, trio_sends, wrong, worse


async def handed_over(sup: th.Supervisor) -> None:
    async def responder(server: th.ReceiveChannel[th.Request[Ask, Reply]], number: int) -> None:
        await trio.lowlevel.checkpoint()

    async def caller(client: th.RequestClient[Ask, Reply]) -> None:
        await trio.lowlevel.checkpoint()

    client, server = th.open_requests(Ask, Reply)
    sup.start_soon(responder, server, 1)
    sup.start_soon(caller, client)


def described() -> None:
    app = th.Harness()
    client, server = app.requests(Ask, Reply)
    assert_type(client, th.RequestClient[Ask, Reply])
    assert_type(server, th.ReceiveChannel[th.Request[Ask, Reply]])
