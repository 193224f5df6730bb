"""Channels with `max_deliveries`: what acknowledges, and when the channel ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
import trio.testing

from trioharness.channels import ReceiveChannel

from .counted import CRASH, drain, filled, story


def test_a_normal_end_acknowledges() -> None:
    _, receive = filled("a", "b")
    receive.receive_nowait()
    assert story(receive.settle(None)) == [("a", 1, "acknowledged")]
    assert receive.statistics().received == 1
    assert drain(receive) == ["b"]


async def test_the_next_receive_acknowledges_even_if_it_is_cancelled() -> None:
    _, receive = filled("a")
    assert await receive.receive() == "a"
    with trio.CancelScope() as scope:
        scope.cancel()
        await receive.receive()
    assert receive.settle(CRASH) == ()
    assert receive.statistics().in_hand == 0


def test_ack_acknowledges() -> None:
    _, receive = filled("a")
    receive.receive_nowait()
    receive.ack()
    assert receive.settle(CRASH) == ()
    receive.close()
    with pytest.raises(trio.ClosedResourceError, match="'work' is closed"):
        receive.ack()


async def test_a_receive_on_a_shared_end_does_not_acknowledge_what_is_on_its_way() -> None:
    send, receive = filled()
    got: list[str] = []

    async def wait() -> None:
        got.append(await receive.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        send.send_nowait("a")
        receive.ack()
        assert receive.statistics().in_hand == 1
    assert story(receive.settle(CRASH)) == [("a", 1, "returned")]


async def test_the_end_waits_for_what_is_in_another_hand() -> None:
    send, receive = filled("a")
    send.close()
    life = receive.clone()
    assert await life.receive() == "a"
    with pytest.raises(trio.WouldBlock):
        receive.receive_nowait()
    got: list[str] = []

    async def wait() -> None:
        got.extend([message async for message in receive])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert got == []
        life.settle(CRASH)
        await trio.testing.wait_all_tasks_blocked()
    assert got == ["a"]


def ack(end: ReceiveChannel[str]) -> None:
    end.ack()


def end_well(end: ReceiveChannel[str]) -> None:
    end.settle(None)


def leave(end: ReceiveChannel[str]) -> None:
    with end:
        pass


def receive_on(end: ReceiveChannel[str]) -> None:
    with pytest.raises(trio.EndOfChannel):
        end.receive_nowait()


@pytest.mark.parametrize("acknowledge", [ack, end_well, leave, receive_on])
async def test_the_end_comes_to_all_when_the_last_hand_is_acknowledged(
    acknowledge: Callable[[ReceiveChannel[str]], None],
) -> None:
    send, receive = filled("a")
    life = receive.clone()
    assert await life.receive() == "a"

    async def wait() -> None:
        with pytest.raises(trio.EndOfChannel):
            await receive.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        send.close()
        await trio.testing.wait_all_tasks_blocked()
        assert receive.statistics().tasks_waiting_receive == 2
        acknowledge(life)


async def test_an_end_of_its_own_hand_is_no_reason_to_wait() -> None:
    send, receive = filled("a")
    send.close()
    assert [message async for message in receive] == ["a"]


async def test_the_last_batch_does_not_wait_for_other_hands(
    autojump_clock: trio.testing.MockClock,
) -> None:
    send, receive = filled("a", "b")
    life = receive.clone()
    assert await life.receive() == "a"
    batches = receive.batches(10, within=1000)
    async with trio.open_nursery() as nursery:

        async def close_soon() -> None:
            await trio.sleep(1)
            send.close()

        nursery.start_soon(close_soon)
        assert await anext(batches) == ["b"]
    assert trio.current_time() == 1


async def test_finish_still_delivers_what_comes_back() -> None:
    send, receive = filled("a")
    life = receive.clone()
    assert await life.receive() == "a"
    send.finish()
    life.settle(CRASH)
    assert [message async for message in receive] == ["a"]
