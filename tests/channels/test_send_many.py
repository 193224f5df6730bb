"""`send_many`: a batch goes in at once, or as room comes, and how far it came is always known."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import trio
import trio.testing

from trioharness._errors import MessageTypeError
from trioharness.channels import ReceiveChannel, SendChannel, SendProgress, open_channel

from .counted import exhaust, filled

Ends = tuple[SendChannel[int], ReceiveChannel[int]]

BOTH_KINDS = pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])


def take_all(end: ReceiveChannel[int]) -> list[int]:
    got: list[int] = []
    while end.statistics().current_buffer_used:
        got.append(end.receive_nowait())
    return got


@BOTH_KINDS
async def test_a_batch_is_sent_in_order_at_one_checkpoint(max_deliveries: int | None) -> None:
    send, receive = open_channel(int, 5, max_deliveries=max_deliveries)
    with trio.testing.assert_checkpoints():
        await send.send_many(range(5))
    assert send.statistics().sent == send.statistics().peak_buffer_used == 5
    assert take_all(receive) == [0, 1, 2, 3, 4]


async def test_a_batch_of_nothing_is_a_checkpoint_and_still_tells_of_a_closed_end() -> None:
    send, receive = open_channel(int, 0)
    with trio.testing.assert_checkpoints():
        await send.send_many([])
    with trio.CancelScope() as scope:
        scope.cancel()
        await send.send_many([])
    assert scope.cancelled_caught
    receive.close()
    with pytest.raises(trio.BrokenResourceError):
        await send.send_many([])
    send.close()
    with pytest.raises(trio.ClosedResourceError):
        await send.send_many([])


@BOTH_KINDS
async def test_a_batch_larger_than_the_room_goes_in_as_room_comes_and_stays_together(
    max_deliveries: int | None,
) -> None:
    send, receive = open_channel(int, 3, max_deliveries=max_deliveries)
    progress = SendProgress()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: send.send_many(range(6), progress=progress))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(send.send, 100)
        await trio.testing.wait_all_tasks_blocked()
        assert (progress.sent, send.statistics().tasks_waiting_send) == (3, 2)
        assert await receive.receive() == 0
        assert (progress.sent, send.statistics().tasks_waiting_send) == (4, 2)
        assert await receive.receive_many(2) == [1, 2]
        assert (progress.sent, send.statistics().tasks_waiting_send) == (6, 1)
        assert await receive.receive_many(9) == [3, 4, 5, 100]
    assert send.statistics().sent == 7


@BOTH_KINDS
async def test_receivers_that_wait_get_the_first_messages_in_turn(
    max_deliveries: int | None,
) -> None:
    send, receive = open_channel(int, 2, max_deliveries=max_deliveries)
    got: dict[str, int] = {}

    async def wait(name: str, end: ReceiveChannel[int]) -> None:
        got[name] = await end.receive()

    async with trio.open_nursery() as nursery:
        for name in ("first", "second"):
            nursery.start_soon(wait, name, receive.clone())
            await trio.testing.wait_all_tasks_blocked()
        await send.send_many(range(4))
    assert got == {"first": 0, "second": 1}
    assert take_all(receive) == [2, 3]


@BOTH_KINDS
async def test_a_batch_crosses_a_rendezvous_channel_at_one_wake_up(
    max_deliveries: int | None,
) -> None:
    send, receive = open_channel(int, 0, max_deliveries=max_deliveries)
    got: list[list[int]] = []

    async def wait() -> None:
        got.append(await receive.receive_many(100))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        await send.send_many(range(50))
    assert got == [[*range(50)]]


@BOTH_KINDS
async def test_cancelled_half_way_it_says_how_much_was_sent(
    max_deliveries: int | None, autojump_clock: trio.testing.MockClock
) -> None:
    send, receive = open_channel(int, 2, max_deliveries=max_deliveries)
    numbers = [*range(6)]
    progress = SendProgress()
    with trio.move_on_after(1) as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: send.send_many(numbers, progress=progress))
            await trio.testing.wait_all_tasks_blocked()
            assert await receive.receive() == 0
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert progress.sent == send.statistics().sent == 3
    assert send.statistics().tasks_waiting_send == 0
    assert take_all(receive) == numbers[1 : progress.sent]
    with trio.CancelScope() as scope:
        scope.cancel()
        await send.send_many(numbers[progress.sent :], progress=progress)
    assert scope.cancelled_caught
    assert (progress.sent, send.statistics().sent) == (0, 3)


@pytest.mark.parametrize("how", ["close", "finish", "no receiver"])
async def test_failed_half_way_it_says_how_much_was_sent(how: str) -> None:
    send, receive = open_channel(int, 2)
    progress = SendProgress()
    error = trio.ClosedResourceError if how == "close" else trio.BrokenResourceError

    async def send_all() -> None:
        with pytest.raises(error):
            await send.send_many(range(6), progress=progress)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_all)
        await trio.testing.wait_all_tasks_blocked()
        assert await receive.receive() == 0
        {"close": send.close, "finish": send.finish, "no receiver": receive.close}[how]()
    assert progress.sent == send.statistics().sent == 3


@BOTH_KINDS
@pytest.mark.parametrize("place", [0, 50, 99])
async def test_of_a_batch_with_a_message_of_a_wrong_type_nothing_is_sent(
    max_deliveries: int | None, place: int
) -> None:
    send, receive = open_channel(int, math.inf, name="numbers", max_deliveries=max_deliveries)
    messages: list[Any] = [*range(100)]
    messages[place] = "wrong"
    progress = SendProgress()
    with pytest.raises(MessageTypeError, match="channel 'numbers' carries int, but was given str"):
        await send.send_many(messages, progress=progress)
    assert progress.sent == send.statistics().sent == receive.statistics().current_buffer_used == 0
    await send.send_many([True, *range(3)], progress=progress)
    assert progress.sent == 4
    with pytest.raises(MessageTypeError):
        await send.send_many(messages, progress=progress)
    assert progress.sent == 0


async def test_a_generator_is_read_to_its_end_before_anything_is_sent() -> None:
    send, receive = open_channel(int, 9)

    def crash() -> Iterator[int]:
        yield 1
        raise KeyError

    def close() -> Iterator[int]:
        yield 1
        send.close()

    with pytest.raises(KeyError):
        await send.send_many(crash())
    with pytest.raises(trio.ClosedResourceError):
        await send.send_many(close())
    with pytest.raises(trio.EndOfChannel):
        receive.receive_nowait()


async def test_progress_is_of_one_call_at_a_time_and_begins_again_with_the_next() -> None:
    send, receive = open_channel(int, 1)
    progress = SendProgress()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: send.send_many([1, 2], progress=progress))
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError, match=r"SendProgress\(sent=1\) is in use"):
            await send.send_many([3], progress=progress)
        assert progress.sent == 1
        assert await receive.receive_many(2) == [1, 2]
    assert progress.sent == 2
    await send.send_many([4], progress=progress)
    assert progress.sent == 1


async def test_progress_keeps_no_message_alive() -> None:
    class Message:
        pass

    send, receive = open_channel(Message, 1)
    progress = SendProgress()
    await send.send_many([Message()], progress=progress)
    message = weakref.ref(await receive.receive())
    gc.collect()
    assert message() is None
    assert progress.sent == 1


async def test_a_crashed_batch_comes_back_where_it_was() -> None:
    send, receive = filled(max_deliveries=2, max_buffer_size=2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send.send_many, "abcd")
        await trio.testing.wait_all_tasks_blocked()
        life = receive.clone()
        assert await life.receive_many(3) == ["a", "b", "c"]
        life.settle(ValueError())
    assert [await receive.receive_many(9) for _ in range(4)] == [["a"], ["b"], ["c"], ["d"]]


async def test_a_batch_waits_while_a_message_waits_for_room_among_the_dead() -> None:
    send, receive = filled(*"x" * 65, max_deliveries=1)
    for _ in range(65):
        exhaust(receive)
    got: list[str] = []

    async def wait() -> None:
        got.extend(await receive.receive_many(9))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        await send.send_many("ab")
        assert got == []
        await receive.channel.dead.receive()
    assert got == ["a", "b"]


@pytest.mark.parametrize("limit", [2, 4, 9])
async def test_capacity_and_one_more_go_in_at_once_where_a_batch_is_awaited(limit: int) -> None:
    send, receive = open_channel(int, 3)
    got: list[list[int]] = []

    async def wait() -> None:
        got.append(await receive.receive_many(limit))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        with trio.testing.assert_checkpoints():
            await send.send_many(range(4))
    assert [*got[0], *take_all(receive)] == [0, 1, 2, 3]
    assert len(got[0]) == min(limit, 4)
    assert send.statistics().sent == 4


async def test_a_batch_for_which_a_partly_full_queue_has_no_room_waits_for_it() -> None:
    send, receive = open_channel(int, 3)
    await send.send_many([0])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send.send_many, [1, 2, 3])
        await trio.testing.wait_all_tasks_blocked()
        assert send.statistics().current_buffer_used == 3
        assert await receive.receive_many(9) == [0, 1, 2, 3]


async def test_an_empty_batch_wakes_no_receiver_of_batches() -> None:
    send, receive = open_channel(int, 3)
    got: list[list[int]] = []

    async def wait() -> None:
        got.extend([batch async for batch in receive.batches(2)])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        await send.send_many([])
        assert receive.statistics().tasks_waiting_receive == 1
        await send.send_many([1])
        await trio.testing.wait_all_tasks_blocked()
        send.close()
    assert got == [[1]]


async def test_closed_while_it_waits_for_a_batch() -> None:
    _send, receive = open_channel(int, 3)

    async def wait() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await anext(receive.batches(2))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        receive.close()
    assert receive.statistics().tasks_waiting_receive == 0


async def test_a_smaller_batch_lowers_no_peak() -> None:
    send, receive = open_channel(int, 9)
    for count in (3, 1):
        await send.send_many(range(count))
        assert len(await receive.receive_many(9)) == count
        assert receive.statistics().peak_buffer_used == 3
