"""The ends of requests: whatever closes, ends or is suspended, no call is left waiting."""

from __future__ import annotations

import gc
import weakref
from collections import Counter

import pytest
import trio
from trio.testing import MockClock

import trioharness as th

from .requests import Ask, Boom, Client, Server, answer_all, ask, books, settle_down

DOWN = RuntimeError("down")


def opened(size: float = 8) -> tuple[Client, Server]:
    return th.open_requests(int, str, size, name="asks")


def kinds(got: list[object]) -> list[type[object]]:
    return [type(answer) for answer in got]


# the end that asks


async def test_calls_go_on_when_the_end_they_came_through_closes() -> None:
    client, server = opened(1)
    other = client.clone()
    assert isinstance(other, th.RequestClient)
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, other, 1, got)
        await settle_down()
        taken = await server.receive()
        nursery.start_soon(ask, other, 2, got)
        await settle_down()
        nursery.start_soon(ask, other, 3, got)  # waits for room
        await settle_down()
        other.close()
        await settle_down()
        assert kinds(got) == [trio.ClosedResourceError]
        assert books(client) == (0, 1, 0, 2)
        taken.reply("1")
        (await server.receive()).reply("2")
    assert {*got[1:]} == {"1", "2"}
    for call in (other.call, other.cast):
        with pytest.raises(trio.ClosedResourceError):
            await call(4)
    with pytest.raises(trio.ClosedResourceError):
        other.clone()
    assert books(client) == (2, 1, 0, 0)


async def test_calls_through_another_end_go_on_waiting_for_room() -> None:
    client, server = opened(0)
    other = client.clone()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        for end in (other, client):
            nursery.start_soon(ask, end, 1, got)
            await settle_down()
        other.close()
        assert books(client) == (0, 1, 0, 1)
        (await server.receive()).reply("1")
    assert (kinds(got[:1]), got[1:]) == ([trio.ClosedResourceError], ["1"])
    assert books(client) == (1, 1, 0, 0)


async def test_the_last_client_ends_the_channel_after_its_calls() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        await settle_down()
        client.close()
        await answer_all(server)
    assert got == ["1"]


async def test_a_call_that_is_taken_back_ends_the_channel(autojump_clock: MockClock) -> None:
    """The last that could come has left: who fills a batch need not wait for it any more."""
    client, server = opened()
    ended: list[float] = []
    async with trio.open_nursery() as nursery:
        with trio.move_on_after(1):
            async with trio.open_nursery() as callers:
                callers.start_soon(client.call, 1)
                await settle_down()
                client.close()
        nursery.start_soon(answer_all, server)
        await settle_down()
        ended.append(trio.current_time())
    assert ended == [1]


# the end that answers


async def test_closing_fails_what_was_taken_and_leaves_the_rest_to_others() -> None:
    client, server = opened()
    other = server.clone()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(ask, client, number, got)
            await settle_down()
        taken = await server.receive()
        server.close()
        await settle_down()
        assert kinds(got) == [th.ResponderDied]
        assert books(client) == (0, 1, 0, 2)
        with pytest.raises(trio.ClosedResourceError):
            taken.reply("0")
        with pytest.raises(trio.ClosedResourceError):
            taken.fail(Boom())
        for request in await other.receive_many(9):
            request.reply(str(request.message))
    assert {*got[1:]} == {"1", "2"}
    assert books(client) == (2, 1, 0, 0)


async def test_closing_the_last_fails_all_at_once() -> None:
    client, server = opened(1)
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 0, got)
        await settle_down()
        await server.receive()
        for number in (1, 2, 3):
            nursery.start_soon(ask, client, number, got)
            await settle_down()
        server.close()
        assert books(client) == (0, 4, 0, 0)
        assert client.statistics().tasks_waiting_send == 0
    assert Counter(kinds(got)) == {th.ResponderDied: 1, trio.BrokenResourceError: 3}
    for call in (client.call, client.cast):
        with pytest.raises(trio.BrokenResourceError, match="no open receive end"):
            await call(5)
    assert books(client) == (0, 4, 0, 0)
    assert client.statistics().left == 1


async def test_a_request_on_its_way_to_a_closed_end_goes_to_another() -> None:
    client, server = opened()
    other = server.clone()
    got: list[object] = []
    seen: list[object] = []

    async def responder(end: Server) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await end.receive()
        seen.append("closed")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder, server)
        await settle_down()
        client.send_nowait(1)
        server.close()
        books(client)
        assert client.statistics().current_buffer_used == 1
        assert (await other.receive()).message == 1
        nursery.start_soon(responder, other)
        await settle_down()
        client.send_nowait(2)
        other.close()
        assert (client.statistics().current_buffer_used, client.statistics().left) == (0, 1)
        books(client)
        await ask(client, 3, got)
    assert seen == ["closed", "closed"]
    assert kinds(got) == [trio.BrokenResourceError]


class Closer:
    """Closes an end when a call has been given to it, before the task that waits there runs."""

    def __init__(self, end: Server) -> None:
        self.end = end

    async def call(self, client: Client, number: int, got: list[object]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, client, number, got)
            while client.call_statistics().waiting == 0:  # noqa: ASYNC110 - before it has a turn
                await trio.lowlevel.checkpoint()
            self.end.close()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("there_is_another", [False, True])
@pytest.mark.parametrize("batch", [False, True])
async def test_a_call_on_its_way_to_a_closed_end(
    there_is_another: bool, batch: bool, seed: int
) -> None:
    client, server = opened()
    other = server.clone()
    if not there_is_another:
        other.close()
    got: list[object] = []

    async def responder() -> None:
        with pytest.raises(trio.ClosedResourceError):
            while True:
                await (server.receive_many(3) if batch else server.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        await settle_down()
        if there_is_another:
            nursery.start_soon(answer_all, other)
        await Closer(server).call(client, 1, got)
        client.close()
    # As trio shuffles, the call had come to the responder's code, or not.
    answers = ["1", th.ResponderDied] if there_is_another else [th.ResponderDied]
    (answer,) = got
    assert answer in answers or type(answer) in (*answers, trio.BrokenResourceError)
    assert not (there_is_another and isinstance(answer, trio.BrokenResourceError))
    assert sum(books(client)) == 1


async def test_leaving_with_an_error_tells_it() -> None:
    client, server = opened()
    got: list[object] = []
    error = Boom("no")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        with pytest.raises(Boom):
            async with server:
                await server.receive()
                raise error
    (died,) = got
    assert isinstance(died, th.ResponderDied)
    assert died.__cause__ is error
    assert "crashed (Boom('no'))" in str(died)
    assert died.error == "Boom('no')"


async def test_leaving_without_an_answer_is_no_crash() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        with server:
            await server.receive()
    (died,) = got
    assert isinstance(died, th.ResponderDied)
    assert (died.error, died.__cause__) == ("", None)


async def test_settle_fails_what_is_open_and_nothing_else() -> None:
    """A supervisor calls it; here the end stays open."""
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(ask, client, number, got)
            await settle_down()
        first, _ = await server.receive_many(2)
        first.reply("0")
        assert server.settle(DOWN) == ()
        await settle_down()
        assert Counter(kinds(got)) == {str: 1, th.ResponderDied: 1}
        (await server.receive()).reply("2")
    assert got[2] == "2"
    assert books(client) == (2, 1, 0, 0)


async def test_one_that_was_stopped_gives_no_error() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        await server.receive()
        assert server.settle(DOWN, stopped=True) == ()
    (died,) = got
    assert isinstance(died, th.ResponderDied)
    assert (died.error, died.__cause__) == ("", None)


# finish


@pytest.mark.parametrize("through", ["client", "server"])
async def test_finish_serves_what_is_there_and_refuses_what_is_new(through: str) -> None:
    client, server = opened(1)
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 0, got)
        await settle_down()
        taken = await server.receive()
        nursery.start_soon(ask, client, 1, got)
        await settle_down()
        nursery.start_soon(ask, client, 2, got)
        await settle_down()
        (client if through == "client" else server).finish()
        await settle_down()
        assert kinds(got) == [trio.BrokenResourceError]
        assert books(client) == (0, 1, 0, 2)
        nursery.start_soon(ask, client, 3, got)
        await settle_down()
        assert kinds(got) == [trio.BrokenResourceError] * 2
        assert "is finished" in str(got[1])
        await answer_all(server)
        taken.reply("0")
    assert {*got[2:]} == {"0", "1"}
    assert books(client) == (2, 1, 0, 0)


# suspend and resume


async def test_calls_fail_while_suspended_and_casts_that_are_queued_stay() -> None:
    client, server = opened(2)
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        await settle_down()
        await client.cast(2)
        nursery.start_soon(ask, client, 3, got)
        nursery.start_soon(ask, client, 4, got)
        await settle_down()
        assert books(client) == (0, 0, 0, 3)
        server.suspend(DOWN)
        assert books(client) == (0, 3, 0, 0)
        await settle_down()
        assert kinds(got) == [trio.BrokenResourceError] * 3
        assert {error.__cause__ for error in got if isinstance(error, Exception)} == {DOWN}
        with pytest.raises(trio.BrokenResourceError) as caught:
            await client.call(5)
        assert caught.value.__cause__ is DOWN
        server.resume()
        nursery.start_soon(ask, client, 6, got)
        await settle_down()
        assert [r.message for r in await take_and_answer(server, 9)] == [2, 6]
    assert got[3:] == ["6"]
    assert books(client) == (1, 3, 0, 0)
    statistics = client.statistics()
    assert (statistics.sent, statistics.received, statistics.left) == (3, 2, 1)


async def take_and_answer(server: Server, limit: int) -> list[Ask]:
    requests = await server.receive_many(limit)
    for request in requests:
        request.reply(str(request.message))
    return requests


async def test_a_call_that_was_taken_can_be_answered_while_suspended() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        request = await server.receive()
        server.suspend(DOWN)
        await settle_down()
        request.reply("1")
    assert got == ["1"]


async def test_it_takes_all_ends_to_suspend() -> None:
    client, server = opened()
    other = server.clone()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        await settle_down()
        server.suspend(DOWN)
        await settle_down()
        assert got == []
        other.close()
        await settle_down()
        assert kinds(got) == [trio.BrokenResourceError]


async def test_what_comes_back_to_a_suspended_channel_fails() -> None:
    """A call is in a batch of the one end that is not suspended, when that closes."""
    client, server = opened()
    other = server.clone()
    got: list[object] = []

    async def responder() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await anext(other.batches(9, within=5))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        await settle_down()
        nursery.start_soon(ask, client, 1, got)
        nursery.start_soon(client.cast, 2)
        await settle_down()
        server.suspend(DOWN)
        await settle_down()
        assert books(client) == (0, 0, 0, 1)
        other.close()
        await settle_down()
        assert kinds(got) == [trio.BrokenResourceError]
    assert books(client) == (0, 1, 0, 0)
    assert client.statistics().current_buffer_used == 1  # the cast waits for who is resumed
    server.resume()
    assert server.receive_nowait().message == 2


# several responders, and batches


@pytest.mark.parametrize("size", [0, 1, 9])
async def test_several_responders_share_the_calls(size: int, autojump_clock: MockClock) -> None:
    client, server = opened(size)
    got: list[object] = []
    by: dict[str, int] = {}

    async def responder(name: str, end: Server) -> None:
        async with end:
            async for request in end:
                with request:
                    await trio.sleep(1)
                    by[name] = by.get(name, 0) + 1
                    request.reply(str(request.message))

    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(responder, name, server.clone())
        server.close()
        async with trio.open_nursery() as callers:
            for number in range(9):
                callers.start_soon(ask, client, number, got)
        client.close()
    assert trio.current_time() == 3
    assert by == {"a": 3, "b": 3, "c": 3}
    assert sorted(map(str, got)) == [str(number) for number in range(9)]
    assert books(client) == (9, 0, 0, 0)


async def test_batches_are_answered_whole(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []
    sizes: list[int] = []

    async def responder() -> None:
        async for batch in server.batches(4, within=1):
            sizes.append(len(batch))
            for request in batch:
                request.reply(str(request.message))

    async def caller(number: int) -> None:
        await trio.sleep(number / 2)
        await ask(client, number, got)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        async with trio.open_nursery() as callers:
            for number in range(6):
                callers.start_soon(caller, number)
        client.close()
    assert sorted(map(str, got)) == [str(number) for number in range(6)]
    assert sum(sizes) == 6
    assert max(sizes) > 1


async def test_a_cancelled_fill_puts_calls_back_in_order(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        await settle_down()
        nursery.start_soon(client.cast, 2)
        with trio.move_on_after(1) as scope:
            async for _ in server.batches(9, within=5):
                got.append("a batch")
        assert scope.cancelled_caught
        assert books(client) == (0, 0, 0, 1)
        assert client.statistics().current_buffer_used == 2
        nursery.start_soon(ask, client, 3, got)
        await settle_down()
        assert [r.message for r in await take_and_answer(server, 9)] == [1, 2, 3]
    assert {*got} == {"1", "3"}


async def test_a_call_that_leaves_a_filling_batch_is_forgotten_by_a_cancel(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()

    async def impatient() -> None:
        with trio.move_on_after(1):
            await client.call(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(impatient)
        await settle_down()
        with trio.move_on_after(2):
            await anext(server.batches(9, within=5))
    assert books(client) == (0, 0, 1, 0)
    assert client.statistics().sent == 0
    with pytest.raises(trio.WouldBlock):
        server.receive_nowait()


async def test_a_call_that_leaves_a_filling_batch_is_delivered_as_abandoned(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()
    got: list[object] = []

    async def impatient() -> None:
        with trio.move_on_after(1):
            await client.call(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(impatient)
        await settle_down()
        nursery.start_soon(ask, client, 2, got)
        batch = await anext(server.batches(9, within=5))
        assert [(r.message, r.abandoned) for r in batch] == [(1, True), (2, False)]
        for request in batch:
            request.reply(str(request.message))
    assert got == ["2"]
    assert books(client) == (1, 0, 1, 0)


async def test_a_responder_that_crashes_in_a_batch_fails_the_rest_of_it() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(ask, client, number, got)
            await settle_down()
        with pytest.raises(Boom):
            with server:
                batch = await server.receive_many(3)
                batch[0].reply("0")
                raise Boom
    assert Counter(kinds(got)) == {str: 1, th.ResponderDied: 2}
    assert books(client) == (1, 2, 0, 0)


# calls to oneself


async def test_a_call_to_oneself_is_refused() -> None:
    client, server = opened()
    got: list[object] = []

    async def responder() -> None:
        async for request in server:
            with request:
                request.reply(await client.call(request.message + 1))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        await ask(client, 1, got)
        nursery.cancel_scope.cancel()
    assert kinds(got) == [th.CallToOneself]
    assert "a responder calls 'asks', which nobody but itself answers" in str(got[0])
    assert books(client) == (0, 1, 0, 0)


async def test_a_call_to_oneself_is_refused_also_with_a_kept_end() -> None:
    """As supervised: the end is kept, and each life has a clone."""
    client, server = opened()
    got: list[object] = []

    async def responder(end: Server) -> None:
        async for request in end:
            with request:
                request.reply(await client.call(request.message + 1))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder, server.clone())
        await ask(client, 1, got)
        nursery.cancel_scope.cancel()
    assert kinds(got) == [th.CallToOneself]


async def nested(client: Client, end: Server) -> None:
    """Answer 1 by calling for 2, and 2 at once."""
    async for request in end:
        with request:
            if request.message == 1:
                request.reply("via " + await client.call(2))
            else:
                request.reply("2")


async def test_another_responder_may_be_called() -> None:
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(nested, client, server.clone())
        nursery.start_soon(nested, client, server.clone())
        await settle_down()
        await ask(client, 1, got)
        nursery.cancel_scope.cancel()
    assert got == ["via 2"]


async def test_another_that_is_busy_may_be_called(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []

    async def busy(end: Server) -> None:
        request = await end.receive()
        await trio.sleep(5)
        request.reply("0")
        await nested(client, end)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(busy, server.clone())
        await settle_down()
        nursery.start_soon(ask, client, 0, got)
        await settle_down()
        nursery.start_soon(nested, client, server.clone())
        await ask(client, 1, got)
        nursery.cancel_scope.cancel()
    assert got == ["0", "via 2"]


async def test_another_that_has_yet_to_begin_may_be_called(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []

    async def late(end: Server) -> None:
        await trio.sleep(5)
        await nested(client, end)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(nested, client, server.clone())
        nursery.start_soon(late, server.clone())
        await settle_down()
        await ask(client, 1, got)
        nursery.cancel_scope.cancel()
    assert got == ["via 2"]


async def test_another_task_on_the_same_end_may_be_called(autojump_clock: MockClock) -> None:
    client, server = opened()
    got: list[object] = []

    async def busy() -> None:
        request = await server.receive()
        await trio.sleep(5)
        request.reply("0")
        await nested(client, server)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(busy)
        await settle_down()
        nursery.start_soon(ask, client, 0, got)
        await settle_down()
        nursery.start_soon(nested, client, server)
        await ask(client, 1, got)
        nursery.cancel_scope.cancel()
    assert got == ["0", "via 2"]


async def test_another_that_only_waited_so_far_may_be_called(autojump_clock: MockClock) -> None:
    """It gave up waiting for a moment, and had received nothing yet."""
    client, server = opened()
    got: list[object] = []

    async def patient() -> None:
        with trio.move_on_after(1):
            await server.receive()
        await trio.sleep(5)
        await nested(client, server)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(patient)
        await trio.sleep(2)
        nursery.start_soon(nested, client, server)
        with trio.fail_after(10):
            await ask(client, 1, got)
        nursery.cancel_scope.cancel()
    assert got == ["via 2"]


async def test_one_that_is_expected_may_be_called(autojump_clock: MockClock) -> None:
    """As supervised: the end is kept for two, of whom one has a clone just now."""
    client, server = opened()
    got: list[object] = []

    async def late() -> None:
        await trio.sleep(5)
        await nested(client, server.clone())

    server.expect(2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(late)
        nursery.start_soon(nested, client, server.clone())
        await ask(client, 1, got)
        nursery.cancel_scope.cancel()
    assert got == ["via 2"]


async def test_a_handler_in_a_task_of_its_own_may_call() -> None:
    client, server = opened()
    got: list[object] = []

    async def handle(request: Ask) -> None:
        with request:
            request.reply("2" if request.message == 2 else "via " + await client.call(2))

    async def responder() -> None:
        async with trio.open_nursery() as handlers:
            async for request in server:
                handlers.start_soon(handle, request)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(responder)
        await ask(client, 1, got)
        nursery.cancel_scope.cancel()
    assert got == ["via 2"]


async def test_a_responder_that_has_answered_may_call_where_others_answer_later(
    autojump_clock: MockClock,
) -> None:
    client, server = opened()

    async def later() -> None:
        await trio.sleep(1)
        await answer_all(server)

    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        (await server.receive()).reply("1")
        nursery.start_soon(later)
        assert await client.call(2) == "2"
        client.close()
    assert got == ["1"]


async def test_a_responder_that_has_ended_is_not_kept() -> None:
    client, server = opened()
    tasks: list[weakref.ref[object]] = []

    async def answer_one() -> None:
        tasks.append(weakref.ref(trio.lowlevel.current_task()))
        with server.clone() as end:
            (await end.receive()).reply("yes")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer_one)
        assert await client.call(1) == "yes"
    await settle_down()
    gc.collect()
    assert tasks[0]() is None


# who is behind an end


@pytest.mark.parametrize("how", ["one", "batch", "select"])
async def test_who_waits_for_the_first_request_is_somebody(
    how: str, autojump_clock: MockClock
) -> None:
    """A clone whose holder is down does not speak for the one who waits."""
    client, server = opened()
    clone = server.clone()
    got: list[object] = []

    async def wait() -> None:
        if how == "one":
            request = await server.receive()
        elif how == "batch":
            (request,) = await server.receive_many(2)
        else:
            async with th.select(server) as ready:
                _, request = await anext(ready)
        request.reply("1")

    clone.suspend(DOWN)
    await ask(client, 0, got)
    with trio.fail_after(1):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await settle_down()
            await ask(client, 1, got)
    assert [kinds(got)[0], got[1]] == [trio.BrokenResourceError, "1"]


async def test_who_had_an_end_before_is_nobody(autojump_clock: MockClock) -> None:
    """It was received through, then handed over, and is kept for those that have clones."""
    client, server = opened()
    got: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        (await server.receive()).reply("1")
    server.watch(None)
    clone = server.clone()
    clone.suspend(DOWN)
    with trio.fail_after(1):
        await ask(client, 2, got)
    assert [got[0], *kinds(got)[1:]] == ["1", trio.BrokenResourceError]


async def test_who_is_expected_is_somebody() -> None:
    client, server = opened()
    got: list[object] = []
    server.expect(2)
    clone = server.clone()
    clone.suspend(DOWN)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, client, 1, got)
        await settle_down()
        assert got == []
        (await server.clone().receive()).reply("1")
    assert got == ["1"]
