"""``with request:``: what happens to a responder reaches its caller, and the other way round."""

from __future__ import annotations

import traceback

import pytest
import trio
from trio.testing import MockClock

import trioharness as th

from .requests import Ask, Boom, Client, Server, abandoned, ask, books, settle_down

NOTE = "raised by the responder to a call on 'asks'"


def opened() -> tuple[Client, Server]:
    return th.open_requests(int, str, name="asks")


async def test_an_error_goes_to_the_caller_and_no_further() -> None:
    client, server = opened()
    got: list[object] = []
    error = Boom("no")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        with request:
            raise error
        assert books(client) == (0, 1, 0, 0)
    assert got == [error]
    assert error.__notes__ == [NOTE]
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[-1] == "test_an_error_goes_to_the_caller_and_no_further"  # where it was raised
    assert "call" in names  # and where it came to


async def test_an_error_after_the_answer_goes_on() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        with pytest.raises(Boom) as caught:
            with request:
                request.reply("1")
                raise Boom
    assert got == ["1"]
    assert not hasattr(caught.value, "__notes__")


async def test_an_error_of_a_cast_goes_on() -> None:
    client, server = opened()
    await client.cast(1)
    with pytest.raises(Boom) as caught:
        with await server.receive():
            raise Boom
    assert not hasattr(caught.value, "__notes__")


async def test_a_cast_needs_no_answer() -> None:
    client, server = opened()
    await client.cast(1)
    with await server.receive() as request:
        assert request.message == 1
    assert books(client) == (0, 0, 0, 0)


async def test_a_block_without_an_answer_is_a_fault_of_the_responder() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        with pytest.raises(th.Unanswered, match=r"call request\.reply"):
            with request:
                pass
        assert books(client) == (0, 1, 0, 0)
    assert [type(error) for error in got] == [th.Unanswered]
    assert str(got[0]).startswith("the block of a call on 'asks' ended without an answer")


async def test_a_wrong_reply_is_the_error_of_both() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        with await server.receive() as request:
            request.reply(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert [type(error) for error in got] == [th.MessageTypeError]


@pytest.mark.parametrize("cast_first", [False, True])
async def test_only_one_task_works_on_a_request(cast_first: bool) -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.cast if cast_first else client.call, 1)
        request = await server.receive()
        with request:
            with pytest.raises(RuntimeError, match="being worked on already"):
                with request:
                    got.append("inside")
            request.reply("1")
        with request:  # again, one after the other, is no fault: it is answered
            pass
    assert got == []


# the caller's cancellation and deadline


async def test_the_callers_deadline_ends_the_block(autojump_clock: MockClock) -> None:
    client, server = opened()
    seen: list[object] = []

    async def responder() -> None:
        async for request in server:
            with request:
                try:
                    await trio.sleep(10)
                    seen.append("too late")
                except trio.Cancelled as cancelled:
                    seen.extend((trio.current_time(), str(cancelled)))
                    raise
            seen.append(request.abandoned)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        with trio.move_on_after(1) as scope:
            await client.call(1)
        assert scope.cancelled_caught
        assert trio.current_time() == 1
        await settle_down()
        assert books(client) == (0, 0, 1, 0)
        client.close()
    assert seen[:1] == [1]
    assert "the caller on 'asks' no longer waits" in str(seen[1])
    assert seen[2:] == [True]


async def test_a_block_is_left_at_once_if_nobody_waits_any_more() -> None:
    client, server = opened()
    request = await abandoned(client, server)
    with request:
        await trio.sleep_forever()
    with request:
        request.reply("in vain")
    assert books(client) == (0, 0, 1, 0)


async def test_a_block_that_answers_all_the_same_is_fine() -> None:
    client, server = opened()
    with trio.CancelScope() as caller:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.call, 1)
            with await server.receive() as request:
                caller.cancel()
                with trio.CancelScope(shield=True):
                    await settle_down()
                assert request.abandoned
                request.reply("1")
    assert books(client) == (0, 0, 1, 0)


async def test_an_error_of_an_abandoned_call_goes_on() -> None:
    client, server = opened()
    request = await abandoned(client, server)
    with pytest.raises(Boom):
        with request:
            raise Boom


async def pass_on(server: Server, client: Client) -> None:
    async for request in server:
        with request:
            request.reply(await client.call(request.message))


async def test_the_deadline_reaches_through_a_chain_of_calls(autojump_clock: MockClock) -> None:
    front, front_end = opened()
    back, back_end = opened()
    ended: list[float] = []

    async def last() -> None:
        async for request in back_end:
            with request:
                try:
                    await trio.sleep(100)
                finally:
                    ended.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pass_on, front_end, back)
        nursery.start_soon(last)
        with trio.move_on_after(2):
            await front.call(1)
        assert trio.current_time() == 2
        await settle_down()
        assert ended == [2]
        assert books(front) == books(back) == (0, 0, 1, 0)
        nursery.cancel_scope.cancel()


async def test_an_error_goes_through_a_chain_of_calls() -> None:
    front, front_end = opened()
    back, back_end = opened()
    got: list[object] = []

    async def last() -> None:
        async for request in back_end:
            with request:
                raise Boom("last")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pass_on, front_end, back)
        nursery.start_soon(last)
        await ask(front, 1, got)
        nursery.cancel_scope.cancel()
    (error,) = got
    assert isinstance(error, Boom)
    assert error.__notes__ == [NOTE, NOTE]


# what is no Exception


async def test_a_cancelled_responder_fails_its_caller_at_once(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []

    async def responder() -> None:
        with await server.receive():
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        with trio.move_on_after(1) as scope:
            await responder()
        assert scope.cancelled_caught
        await settle_down()
        assert books(client) == (0, 1, 0, 0)
    (died,) = got
    assert isinstance(died, th.ResponderDied)
    assert (died.requests, died.error, died.__cause__) == ("asks", "", None)
    assert "ended before it answered" in str(died)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
async def test_what_is_no_exception_goes_on(kind: type[BaseException]) -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        with pytest.raises(kind):
            with request:
                raise kind
    assert [type(error) for error in got] == [th.ResponderDied]
    with pytest.raises(trio.ClosedResourceError):
        request.reply("1")
    assert books(client) == (0, 1, 0, 0)


async def test_a_group_of_exceptions_goes_to_the_caller() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        with await server.receive():
            async with trio.open_nursery():
                raise Boom("in a nursery")
    (group,) = got
    with pytest.RaisesGroup(pytest.RaisesExc(Boom, match="in a nursery")) as caught:
        assert isinstance(group, Exception)
        raise group
    assert caught.value.__notes__ == [NOTE]


async def test_a_group_with_what_is_no_exception_goes_on_whole() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        with pytest.raises(BaseExceptionGroup) as caught:
            with request:
                raise BaseExceptionGroup("both", [Boom(), KeyboardInterrupt()])
    assert [type(e) for e in caught.value.exceptions] == [Boom, KeyboardInterrupt]
    assert [type(error) for error in got] == [th.ResponderDied]
    assert books(client) == (0, 1, 0, 0)


async def fail_when_cancelled() -> None:
    try:
        await trio.sleep_forever()
    finally:
        raise Boom("while it was cancelled")


async def test_what_fails_while_the_caller_leaves_goes_on() -> None:
    """The scope takes the cancellation out of the group, and the error is left of it."""
    client, server = opened()
    request = await abandoned(client, server)
    with pytest.RaisesGroup(Boom):
        with request:
            async with trio.open_nursery() as inner:
                inner.start_soon(trio.sleep_forever)
                inner.start_soon(fail_when_cancelled)
    assert books(client) == (0, 0, 1, 0)


async def test_a_responder_that_is_cancelled_and_fails_at_once() -> None:
    """The group has a cancellation that is not the block's, so it goes on; the caller is told."""
    client, server = opened()
    got: list[object] = []

    async def responder() -> None:
        with await server.receive():
            async with trio.open_nursery() as inner:
                inner.start_soon(trio.sleep_forever)
                inner.start_soon(fail_when_cancelled)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        with pytest.RaisesGroup(Boom):
            with trio.CancelScope() as scope:
                nursery.start_soon(cancel_soon, scope)
                await responder()
    assert [type(error) for error in got] == [th.ResponderDied]
    assert books(client) == (0, 1, 0, 0)


async def cancel_soon(scope: trio.CancelScope) -> None:
    await settle_down()
    scope.cancel()


# in other tasks


async def test_handlers_in_tasks_of_their_own(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []

    async def handle(request: Ask) -> None:
        with request:
            await trio.sleep(10 - request.message)
            if request.message % 2:
                raise Boom(str(request.message))
            request.reply(str(request.message))

    async def responder() -> None:
        async with trio.open_nursery() as handlers:
            async for request in server:
                handlers.start_soon(handle, request)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        async with trio.open_nursery() as callers:
            for number in range(4):
                callers.start_soon(ask, client, number, got)
        client.close()
    assert trio.current_time() == 10
    assert [str(answer) for answer in got] == ["3", "2", "1", "0"]
    assert [isinstance(answer, Boom) for answer in got] == [True, False, True, False]
    assert books(client) == (2, 2, 0, 0)


async def test_the_deadline_reaches_a_handler_in_a_task(autojump_clock: MockClock) -> None:
    client, server = opened()
    lived: list[float] = []

    async def handle(request: Ask) -> None:
        with request:
            await trio.sleep_forever()
        lived.append(trio.current_time())

    async def impatient(seconds: float) -> None:
        with trio.move_on_after(seconds):
            await client.call(1)

    async with trio.open_nursery() as nursery:
        for seconds in (1, 2, 3):
            nursery.start_soon(impatient, seconds)
        for request in [await server.receive() for _ in range(3)]:
            nursery.start_soon(handle, request)
    assert lived == [1, 2, 3]
    assert books(client) == (0, 0, 3, 0)


async def test_who_is_in_the_block_need_not_be_who_received(autojump_clock: MockClock) -> None:
    """Whoever dies with a request in a block fails it; the end may stay open for others."""
    client, server = opened()
    got: list[object] = []

    async def handle(request: Ask) -> None:
        with request:
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        nursery.start_soon(ask, client, 2, got)
        first, second = await server.receive(), await server.receive()
        with trio.move_on_after(1):
            async with trio.open_nursery() as handlers:
                handlers.start_soon(handle, first)
        await settle_down()
        assert [type(answer) for answer in got] == [th.ResponderDied]
        second.reply("2")
    assert got[1] == "2"


async def test_interrupts_do_not_come_while_a_block_is_entered_or_left() -> None:
    client, server = opened()
    protected: list[bool] = []

    class Telling(Exception):
        def add_note(self, note: str) -> None:
            protected.append(trio.lowlevel.currently_ki_protected())

    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        with await server.receive():
            raise Telling
    assert protected == [True]
    assert [type(error) for error in got] == [Telling]


async def test_a_closed_end_ends_the_blocks_of_what_it_had_received(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[object] = []
    ended: list[tuple[float, bool]] = []

    async def handle(request: Ask) -> None:
        with request:
            await trio.sleep(10)
        ended.append((trio.current_time(), request.abandoned))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        nursery.start_soon(handle, await server.receive())
        await trio.sleep(2)
        server.close()
    assert ended == [(2, True)]
    assert [type(answer) for answer in got] == [th.ResponderDied]
    assert books(client) == (0, 1, 0, 0)
