"""`filtered` and `mapped`: a receive end seen through a function."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock, assert_checkpoints, wait_all_tasks_blocked

import trioharness as th
from trioharness.testing import check_channel

from .test_route import all_of, filled


def is_even(number: int) -> bool:
    return number % 2 == 0


async def test_only_some_are_shown() -> None:
    view = th.filtered(filled(1, 2, 3, 4, 5), is_even)
    with assert_checkpoints():
        assert await view.receive() == 2
    assert view.receive_nowait() == 4
    with pytest.raises(trio.EndOfChannel):
        await view.receive()


async def test_each_is_shown_changed() -> None:
    view = th.mapped(filled(1, 2, 3), str)
    assert await view.receive() == "1"
    assert await all_of(view) == ["2", "3"]


async def test_batches_leave_out_and_change() -> None:
    view = th.mapped(th.filtered(filled(1, 3, 2, 5, 4, 7), is_even), str)
    assert await view.receive_many(2) == ["2"]
    assert await view.receive_many(9) == ["4"]
    with pytest.raises(trio.EndOfChannel):
        await view.receive_many(9)


async def test_none_is_a_message_like_others() -> None:
    nothing: dict[int, None] = {}
    view = th.mapped(filled(1), nothing.get)
    assert await all_of(view) == [None]


async def test_cancelled_it_has_taken_nothing_that_it_shows() -> None:
    send, receive = th.open_channel(int, 9)
    view = th.filtered(receive, is_even)
    send.send_nowait(1)
    with trio.move_on_after(0) as scope:
        await view.receive()
    assert scope.cancelled_caught
    send.send_nowait(2)
    assert await view.receive() == 2
    assert send.statistics().received == 2


async def test_it_is_cloned_and_closed_like_the_end() -> None:
    send, receive = th.open_channel(int, 9)
    with th.filtered(receive, is_even) as view:
        clone = view.clone()
    with pytest.raises(trio.ClosedResourceError):
        await view.receive()
    send.send_nowait(4)
    assert clone.receive_nowait() == 4
    await clone.aclose()
    with pytest.raises(trio.BrokenResourceError):
        send.send_nowait(1)


async def test_it_is_handed_over_and_survives_restarts(autojump_clock: MockClock) -> None:
    got: list[str] = []

    async def collect(end: trio.abc.ReceiveChannel[str]) -> None:
        async for message in end:
            got.append(message)
            if got == ["2"]:
                raise ValueError

    async with th.open_supervisor("s") as sup:
        sup.start_soon(
            collect, th.mapped(th.filtered(filled(1, 2, 3, 4, max_deliveries=2), is_even), str)
        )
    assert got == ["2", "2", "4"]


@pytest.mark.parametrize("second", ["view", "view of a view", "end"])
async def test_an_end_is_kept_until_the_last_view_of_it_is_done_with(
    autojump_clock: MockClock, second: str
) -> None:
    send, receive = th.open_channel(int, 9)
    got: list[int] = []

    async def take_one(end: trio.abc.ReceiveChannel[int]) -> None:
        got.append(await end.receive())

    async def fail_at_two(end: trio.abc.ReceiveChannel[int]) -> None:
        async for number in end:
            got.append(number)
            if number == 2:
                raise ValueError

    views: dict[str, trio.abc.ReceiveChannel[int]] = {
        "view": th.filtered(receive, bool),
        "view of a view": th.mapped(th.filtered(receive, bool), int),
        "end": receive,
    }
    with trio.fail_after(60):
        async with th.open_supervisor("s") as sup:
            sup.start_soon(take_one, th.filtered(receive, bool))
            await trio.sleep(1)
            sup.start_soon(partial(fail_at_two, end=views[second]))
            for number in (1, 2, 3):
                await send.send(number)
                await trio.sleep(1)
            await send.aclose()
    assert got == [1, 2, 3]
    with pytest.raises(trio.ClosedResourceError):
        receive.receive_nowait()  # it was kept, and is closed with the last of them


async def test_calls_wait_while_one_of_two_views_has_a_responder(
    autojump_clock: MockClock,
) -> None:
    """What is down behind one view says nothing of the other one."""
    client, server = th.open_requests(int, str)

    async def fails(end: object) -> None:
        raise ValueError

    async def answers(end: trio.abc.ReceiveChannel[th.Request[int, str]]) -> None:
        await trio.sleep(5)
        async for request in end:
            request.reply("here")

    views = [th.filtered(server, lambda _: True) for _ in range(2)]
    answered = False
    with trio.fail_after(60), pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", stay=True, max_restarts=0, exhausted="park") as sup:
            sup.start_soon(answers, views[0])
            sup.start_soon(fails, views[1])
            await trio.sleep(1)
            assert await client.call(1) == "here"
            answered = True
            sup.cancel_scope.cancel()
    assert answered


async def test_what_the_end_can_do_the_view_can() -> None:
    send, receive = th.open_channel(int, 9, name="numbers")
    view = th.filtered(receive, is_even)
    assert view.channel is receive.channel
    assert view.statistics() == receive.statistics()
    assert repr(view) == f"<view by is_even of {receive!r}>"
    assert repr(th.mapped(receive, str)) == f"<view by str of {receive!r}>"
    view.finish()
    with pytest.raises(trio.BrokenResourceError):
        send.send_nowait(1)


async def test_what_the_end_cannot_do_the_view_cannot() -> None:
    send, receive = trio.open_memory_channel[int](9)
    view = th.filtered(receive, is_even)
    send.send_nowait(1)
    send.send_nowait(2)
    assert await view.receive() == 2
    for verb in ("ack", "settle", "finish", "suspend", "watch", "statistics_of_the_day", "_it"):
        assert not hasattr(view, verb)
    assert view.statistics() == receive.statistics()
    with pytest.raises(AttributeError, match="a view has no 'send'"):
        view.send  # noqa: B018


async def test_no_verb_shows_messages_as_they_are() -> None:
    """A view passes on what it knows, not whatever its end may learn one day."""
    view = th.filtered(filled(), is_even)
    public = {name for name in dir(th.ReceiveChannel) if not name.startswith("_")}
    shows = {name for name in public if "receive" in name or name == "batches"}
    assert shows == {"receive", "receive_nowait", "receive_many", "batches"}
    assert all(hasattr(view, name) for name in public)
    assert shows <= vars(th.ReceiveView).keys()


async def test_batches_are_shown() -> None:
    view = th.mapped(th.filtered(filled(1, 3, 2, 5, 4, 7, 9), is_even), str)
    assert [batch async for batch in view.batches(2)] == [["2"], ["4"]]


async def test_batches_wait_to_become_fuller(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 9)
    view = th.filtered(receive, is_even)

    async def produce() -> None:
        with send:
            for number in range(5):
                await send.send(number)
                await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce)
        got = [(trio.current_time(), batch) async for batch in view.batches(9, within=2.5)]
    assert got == [(2.5, [0, 2]), (5, [4])]


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("batches", [False, True])
async def test_with_settles_what_is_in_hand(asynchronous: bool, batches: bool) -> None:
    send, receive = th.open_channel(int, 9, max_deliveries=2)
    kept = receive.clone()
    await send.send_many([1, 2])

    async def receive_and_fail(view: th.ReceiveView[int]) -> None:
        if batches:
            await anext(view.batches(9))
        else:
            await view.receive()
        raise ZeroDivisionError

    for _ in range(2):
        view = th.filtered(kept.clone(), is_even)
        with pytest.raises(ZeroDivisionError):
            if asynchronous:
                async with view:
                    await receive_and_fail(view)
            else:
                with view:
                    await receive_and_fail(view)
    dead = receive.channel.dead.receive_nowait()
    assert (dead.message, dead.attempts) == (2, 2)


async def test_a_view_that_is_left_out_of_is_settled_by_its_supervisor(
    autojump_clock: MockClock,
) -> None:
    """With health it is watched, too: an idle view is no silent one."""
    send, receive = th.open_channel(int, 9, max_deliveries=2)
    got: list[int] = []

    async def collect(end: trio.abc.ReceiveChannel[int]) -> None:
        async for message in end:
            got.append(message)
            raise ValueError

    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(
            collect, th.filtered(receive, is_even), health=th.Health(beat_within=5)
        )
        await trio.sleep(60)
        assert child.restarts == 0
        with send:
            await send.send_many([1, 2, 4])
    assert got == [2, 2, 4, 4]


# requests


def answers_it(request: th.Request[int, str]) -> bool:
    return is_even(request.message)


async def test_a_call_that_is_left_out_fails() -> None:
    client, server = th.open_requests(int, str, name="asks")
    view = th.filtered(server, answers_it)

    async def answers() -> None:
        async for request in view:
            request.reply(str(request.message))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answers)
        assert await client.call(2) == "2"
        with pytest.raises(th.RequestLeftOut) as caught:
            await client.call(3)
        await client.cast(3)
        assert await client.call(4) == "4"
        client.close()
    assert "a call on 'asks' was left out by filter 'answers_it'" in str(caught.value)
    assert caught.value.requests == "asks"
    calls = client.call_statistics()
    assert (calls.made, calls.replied, calls.failed, calls.waiting) == (3, 2, 1, 0)


async def test_calls_of_a_batch_that_are_left_out_fail() -> None:
    client, server = th.open_requests(int, str)
    view = th.filtered(server, answers_it)
    got: list[object] = []

    async def ask(number: int) -> None:
        try:
            got.append(await client.call(number))
        except th.RequestLeftOut as error:
            got.append(error.by)

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(ask, number)
        await wait_all_tasks_blocked()
        async for batch in view.batches(9):
            for request in batch:
                request.reply(str(request.message))
            server.finish()
    assert sorted(map(str, got)) == ["0", "2", "filter 'answers_it'", "filter 'answers_it'"]


async def outcome(client: th.RequestClient[int, str], number: int, got: list[object]) -> None:
    """Call, and note the reply or the error; a call that would wait for ever fails."""
    try:
        with trio.fail_after(1000):
            got.append((number, await client.call(number)))
    except th.RequestLeftOut as error:
        got.append((number, error))


class Unseen(Exception):
    """What functions of these views raise."""


def raises_at_13(request: th.Request[int, str]) -> th.Request[int, str]:
    if request.message == 13:
        raise Unseen
    return request


@pytest.mark.parametrize("how", ["receive", "nowait", "receive_many", "batches", "select"])
@pytest.mark.parametrize("view", [th.filtered, th.mapped])
async def test_calls_fail_that_were_taken_when_a_function_raised(
    how: str, view: Any, autojump_clock: MockClock
) -> None:
    """That one, or all of its batch; and the responder, which may go on, is told as well."""
    client, server = th.open_requests(int, str, name="asks")
    shown: th.ReceiveView[th.Request[int, str]] = view(server, raises_at_13)
    got: list[Any] = []
    raised: list[str] = []
    batches = shown.batches(9, 1)

    async def take() -> list[th.Request[int, str]]:
        if how == "receive_many":
            return await shown.receive_many(9)
        if how == "batches":
            return await anext(batches)
        if how == "nowait":
            await wait_all_tasks_blocked()
            return [shown.receive_nowait()]
        if how == "select":
            async with th.select(shown) as ready:
                return [(await anext(ready))[1]]
        return [await shown.receive()]

    async def answers() -> None:
        while True:
            try:
                requests = await take()
            except Unseen:
                raised.append(how)
                continue
            except trio.WouldBlock:
                await trio.sleep(1)
                continue
            for request in requests:
                request.reply("seen")

    async with trio.open_nursery() as nursery:
        for number in (1, 13, 2):
            nursery.start_soon(outcome, client, number, got)
            await wait_all_tasks_blocked()
        nursery.start_soon(answers)
        await trio.sleep(5)
        await outcome(client, 3, got)
        nursery.cancel_scope.cancel()
    errors = {number: error for number, error in got if isinstance(error, th.RequestLeftOut)}
    assert raised == [how]
    assert {*errors} == ({1, 13, 2} if how in {"receive_many", "batches"} else {13})
    assert all(isinstance(error.__cause__, Unseen) for error in errors.values())
    name = "filter" if view is th.filtered else "map"
    assert f"by {name} 'raises_at_13', which raised Unseen(), and" in str(errors[13])
    assert (3, "seen") in got
    calls = client.call_statistics()
    assert (calls.made, calls.failed, calls.waiting) == (4, len(errors), 0)


async def test_a_call_fails_that_is_left_out_of_what_was_mapped(
    autojump_clock: MockClock,
) -> None:
    """What the filter sees is no request any more."""
    client, server = th.open_requests(int, str, name="asks")
    pairs = th.mapped(server, lambda request: (request.message, request))
    view = th.filtered(pairs, lambda pair: is_even(pair[0]))
    got: list[Any] = []

    async def answers() -> None:
        async for number, request in view:
            request.reply(str(number))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answers)
        for number in (2, 3):
            await outcome(client, number, got)
        client.close()
    assert got[0] == (2, "2")
    assert isinstance(got[1][1], th.RequestLeftOut)
    assert repr(view).count("<view by") == 2


async def test_a_responder_behind_a_view_that_is_down_fails_calls(
    autojump_clock: MockClock,
) -> None:
    client, server = th.open_requests(int, str)

    async def answers(end: trio.abc.ReceiveChannel[th.Request[int, str]]) -> None:
        async for request in end:
            request.reply(str(request.message))

    async with th.open_supervisor("s", stay=True) as sup:
        child = await sup.start(answers, th.filtered(server, lambda _: True))
        assert await client.call(1) == "1"
        await child.stop()
        with pytest.raises(trio.BrokenResourceError) as caught:
            await client.call(2)
        assert isinstance(caught.value.__cause__, th.ChildDown)
        await child.start()
        assert await client.call(3) == "3"
        sup.cancel_scope.cancel()


@pytest.mark.parametrize("view", [th.filtered, th.mapped])
def test_what_cannot_be_is_refused(view: Any) -> None:
    with pytest.raises(th.ConfigurationError, match="3 is no receive end"):
        view(3, is_even)
    with pytest.raises(th.ConfigurationError, match="3 is not callable"):
        view(filled(), 3)


async def test_it_passes_the_checks_of_a_channel() -> None:
    def open_ends() -> tuple[th.SendChannel[int], th.ReceiveView[int]]:
        send, receive = th.open_channel(int, 8)
        return send, th.filtered(receive, lambda _: True)

    await check_channel(open_ends, capacity=8, clones=True, nowait=True, close=True)
