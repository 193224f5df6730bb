"""`suspend` and `resume`: while nobody is there to receive, a send fails and nothing is lost."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
import trio.testing

from trioharness.channels import Overflow, SendProgress, open_channel

from .counted import CRASH, drain, exhaust, filled, story

PARKED = RuntimeError("parked")

BOTH_KINDS = pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])


@BOTH_KINDS
async def test_new_sends_fail_at_once_with_the_reason_until_resumed(
    max_deliveries: int | None,
) -> None:
    send, receive = open_channel(int, 9, name="asks", max_deliveries=max_deliveries)
    await send.send(1)
    receive.suspend(PARKED)
    for _ in range(2):
        with pytest.raises(trio.BrokenResourceError) as caught:
            await send.send(2)
        assert str(caught.value) == (
            "channel 'asks' is suspended and takes no messages: RuntimeError('parked')"
        )
        assert caught.value.__cause__ is PARKED
    with pytest.raises(trio.BrokenResourceError):
        send.clone().send_nowait(3)
    progress = SendProgress()
    with pytest.raises(trio.BrokenResourceError):
        await send.send_many([4], progress=progress)
    assert (progress.sent, send.statistics().sent) == (0, 1)
    receive.resume()
    await send.send(5)
    await send.send_many([6, 7])
    send.send_nowait(8)
    assert await receive.receive_many(9) == [1, 5, 6, 7, 8]


@BOTH_KINDS
async def test_sends_that_wait_fail_and_what_was_sent_stays(max_deliveries: int | None) -> None:
    send, receive = open_channel(int, 2, max_deliveries=max_deliveries)
    progress = SendProgress()
    errors: list[BaseException | None] = []

    async def one() -> None:
        with pytest.raises(trio.BrokenResourceError) as caught:
            await send.send(9)
        errors.append(caught.value.__cause__)

    async def many() -> None:
        with pytest.raises(trio.BrokenResourceError) as caught:
            await send.send_many(range(5), progress=progress)
        errors.append(caught.value.__cause__)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(many)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(one)
        await trio.testing.wait_all_tasks_blocked()
        assert await receive.receive() == 0
        receive.suspend(PARKED)
    assert errors == [PARKED, PARKED]
    assert progress.sent == send.statistics().sent == 3
    assert await receive.receive_many(9) == [1, 2]


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "latest", "error"])
async def test_it_fails_whatever_a_full_channel_does(overflow: Overflow) -> None:
    send, receive = open_channel(int, 1, overflow=overflow)
    send.send_nowait(1)
    receive.suspend(PARKED)
    with pytest.raises(trio.BrokenResourceError):
        await send.send(2)
    assert (send.statistics().sent, send.statistics().dropped) == (1, 0)


async def test_who_waits_to_receive_goes_on_waiting() -> None:
    send, receive = open_channel(int, 0)
    got: list[int] = []

    async def wait() -> None:
        got.append(await receive.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        receive.suspend(PARKED)
        with pytest.raises(trio.BrokenResourceError):
            await send.send(1)
        receive.resume()
        await send.send(2)
    assert got == [2]


async def test_what_is_in_hand_comes_back_and_waits_for_who_is_next() -> None:
    _, receive = filled("a", "b")
    life = receive.clone()
    life.receive_nowait()
    receive.suspend(PARKED)
    assert story(life.settle(CRASH)) == [("a", 1, "returned")]
    life.close()
    receive.resume()
    assert drain(receive) == ["a", "b"]


async def test_the_end_still_comes() -> None:
    send, receive = open_channel(int, 3)
    send.send_nowait(1)
    receive.suspend(PARKED)
    send.close()
    assert [number async for number in receive] == [1]


@pytest.mark.parametrize("how", ["finish", "close", "close all"])
async def test_resume_opens_nothing_that_is_over(how: str) -> None:
    send, receive = open_channel(int, 3, name="asks")
    other = receive.clone()
    receive.suspend(PARKED)
    error: type[Exception] = trio.BrokenResourceError
    why = "is finished and takes no more"
    match how:
        case "finish":
            receive.finish()
        case "close":
            send.close()
            error, why = trio.ClosedResourceError, "this end of channel 'asks' is closed"
        case _:
            receive.close()
            other.close()
            why = "has no open receive end"
    for _ in range(2):
        with pytest.raises(error, match=why):
            send.send_nowait(1)
        receive.resume()


async def test_both_may_be_called_again_and_on_a_closed_end() -> None:
    send, receive = open_channel(int, 3)
    receive.resume()
    send.send_nowait(1)
    receive.suspend(PARKED)
    receive.suspend(KeyError("another reason"))
    with pytest.raises(trio.BrokenResourceError, match="another reason"):
        send.send_nowait(1)
    receive.resume()
    receive.resume()
    send.send_nowait(1)
    other = receive.clone()
    other.close()
    other.suspend(PARKED)
    send.send_nowait(1)


async def test_it_takes_messages_as_long_as_anybody_is_behind_an_end() -> None:
    send, receive = open_channel(int, 9)
    other = receive.clone()
    receive.suspend(PARKED)
    send.send_nowait(1)
    other.suspend(KeyError("b"))
    with pytest.raises(trio.BrokenResourceError, match="KeyError"):
        send.send_nowait(2)
    third = receive.clone()
    send.send_nowait(3)
    third.close()
    with pytest.raises(trio.BrokenResourceError):
        send.send_nowait(4)
    other.resume()
    send.send_nowait(5)
    other.close()
    with pytest.raises(trio.BrokenResourceError, match="parked"):
        send.send_nowait(6)
    receive.close()
    with pytest.raises(trio.BrokenResourceError, match="no open receive end"):
        send.send_nowait(7)
    assert send.statistics().sent == 3


def test_it_shows() -> None:
    send, receive = open_channel(int, 3, name="asks")
    receive.suspend(PARKED)
    assert repr(send) == "<SendChannel 'asks' 0/3 queued, suspended>"
    receive.resume()
    assert repr(send) == "<SendChannel 'asks' 0/3 queued>"


async def test_dead_letters_are_not_suspended() -> None:
    _, receive = filled("a", max_deliveries=1)
    receive.channel.dead.suspend(PARKED)
    exhaust(receive)
    assert receive.channel.dead.receive_nowait().message == "a"


async def test_a_type_that_is_new_to_the_channel_is_known_after_resume() -> None:
    send, receive = open_channel(object, math.inf)
    receive.suspend(PARKED)
    receive.resume()
    values: list[Any] = [1, "a", None]
    for value in values:
        await send.send(value)
    await send.send_many(values)
    assert await receive.receive_many(9) == values * 2
