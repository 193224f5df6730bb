"""Calls that only their own callers could answer, where that shows late: they fail, and wait not.

Those that are seen at once, and those that are none, are in `test_request_ends`.
"""

from __future__ import annotations

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
