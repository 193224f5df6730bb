"""`receive_many` and `batches`."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing

from trioharness._errors import ConfigurationError
from trioharness.channels import ReceiveChannel, SendChannel, open_channel

Ends = tuple[SendChannel[int], ReceiveChannel[int]]


@pytest.fixture(params=[None, 2], ids=["plain", "counted"])
def ends(request: pytest.FixtureRequest) -> Ends:
    """The ends of a channel without a bound, of both kinds."""
    return open_channel(int, math.inf, max_deliveries=request.param)


@pytest.mark.parametrize("limit", [0, -1, 1.0, math.inf, True, "1"])
async def test_a_bad_size_is_refused(ends: Ends, limit: Any) -> None:
    _, receive = ends
    with pytest.raises(ConfigurationError, match=r"size of a batch: .* is not a whole number"):
        await receive.receive_many(limit)
    with pytest.raises(ConfigurationError, match="size of a batch"):
        receive.batches(limit)


@pytest.mark.parametrize("within", [-1, math.nan])
def test_a_bad_time_is_refused(ends: Ends, within: float) -> None:
    with pytest.raises(ConfigurationError, match=r"within: .* is no time to wait"):
        ends[1].batches(1, within=within)


async def test_receive_many_takes_what_is_there_up_to_its_limit(ends: Ends) -> None:
    send, receive = ends
    for number in range(5):
        send.send_nowait(number)
    with trio.testing.assert_checkpoints():
        assert await receive.receive_many(3) == [0, 1, 2]
    with trio.testing.assert_checkpoints():
        assert await receive.receive_many(3) == [3, 4]
    send.close()
    with pytest.raises(trio.EndOfChannel):
        await receive.receive_many(3)


async def test_receive_many_takes_what_waiting_senders_have() -> None:
    send, receive = open_channel(int, 1)
    async with trio.open_nursery() as nursery:
        send.send_nowait(0)
        for number in range(1, 6):
            nursery.start_soon(send.send, number)
            await trio.testing.wait_all_tasks_blocked()
        assert await receive.receive_many(3) == [0, 1, 2]
        assert receive.statistics().current_buffer_used == 1
        assert receive.statistics().tasks_waiting_send == 2
        assert await receive.receive_many(10) == [3, 4, 5]


async def test_receive_many_takes_at_one_wake_up_all_that_came_before_its_turn(
    ends: Ends,
) -> None:
    send, receive = ends
    got: list[list[int]] = []

    async def wait() -> None:
        got.append(await receive.receive_many(10))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(3):
            send.send_nowait(number)
    assert got == [[0, 1, 2]]


async def test_a_cancelled_receive_many_takes_nothing(
    ends: Ends, autojump_clock: trio.testing.MockClock
) -> None:
    send, receive = ends
    with trio.move_on_after(1) as waiting:
        await receive.receive_many(10)
    assert waiting.cancelled_caught
    send.send_nowait(1)
    send.send_nowait(2)
    with trio.CancelScope() as scope:
        scope.cancel()
        await receive.receive_many(10)
    assert scope.cancelled_caught
    assert receive.statistics().current_buffer_used == 2
    assert receive.statistics().in_hand == 0


async def test_receive_many_on_a_closed_end(ends: Ends) -> None:
    send, receive = ends
    kept = receive.clone()

    async def wait() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await receive.receive_many(2)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        receive.close()
    await wait()
    send.send_nowait(1)
    assert await kept.receive_many(2) == [1]


async def test_receive_many_closed_between_wake_up_and_turn_takes_no_more(ends: Ends) -> None:
    send, receive = ends
    kept = receive.clone()
    got: list[int] = []

    async def wait() -> None:
        with suppress(trio.ClosedResourceError):
            got.extend(await receive.receive_many(10))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(3):
            send.send_nowait(number)
        receive.close()
    assert got + await kept.receive_many(10) == [0, 1, 2]


async def test_batches_end_with_the_channel(ends: Ends) -> None:
    send, receive = ends
    for number in range(5):
        send.send_nowait(number)
    send.close()
    assert [batch async for batch in receive.batches(2)] == [[0, 1], [2, 3], [4]]


async def send_slowly(send: SendChannel[int], *pauses: float) -> None:
    """Send 0, 1, 2 … , each after its pause in seconds, then close."""
    with send:
        for number, pause in enumerate(pauses):
            await trio.sleep(pause)
            await send.send(number)


async def test_within_waits_for_a_fuller_batch_from_its_first_message_on(
    ends: Ends, autojump_clock: trio.testing.MockClock
) -> None:
    send, receive = ends
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_slowly, send, 10, 1, 1, 1, 10, 1, 1)
        got = [(trio.current_time(), batch) async for batch in receive.batches(3, within=2.5)]
    # 10, 11, 12: full. 13: alone, and its time is up. 23, 24, 25, and then the end.
    assert got == [(12, [0, 1, 2]), (15.5, [3]), (25, [4, 5, 6])]


async def test_the_last_batch_comes_as_soon_as_no_more_can_be_sent(
    ends: Ends, autojump_clock: trio.testing.MockClock
) -> None:
    send, receive = ends
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_slowly, send, 1, 1)
        assert [batch async for batch in receive.batches(9, within=math.inf)] == [[0, 1]]
    assert trio.current_time() == 2


async def test_within_fills_a_batch_larger_than_the_buffer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    send, receive = open_channel(int, 0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_slowly, send, *[0.1] * 6)
        assert [b async for b in receive.batches(4, within=5)] == [[0, 1, 2, 3], [4, 5]]


async def test_a_cancelled_batch_puts_back_what_it_had(
    ends: Ends, autojump_clock: trio.testing.MockClock
) -> None:
    send, receive = ends
    send.send_nowait(0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_slowly, send.clone(), 1, 1, 1)
        with trio.move_on_after(1.5) as scope:
            await anext(receive.batches(10, within=5))
        assert scope.cancelled_caught
        assert receive.statistics().current_buffer_used == 2
        assert receive.statistics().received == receive.statistics().in_hand == 0
        assert await receive.receive() == 0


async def test_a_cancelled_batch_is_given_to_who_waits_at_once(
    ends: Ends, autojump_clock: trio.testing.MockClock
) -> None:
    send, receive = ends
    other = receive.clone()
    send.send_nowait(0)
    async with trio.open_nursery() as nursery:
        with trio.move_on_after(1):
            nursery.start_soon(other.receive_many, 1)
            nursery.start_soon(receive.receive)
            await trio.testing.wait_all_tasks_blocked()
            send.send_nowait(1)
            send.send_nowait(2)
            await anext(receive.clone().batches(10, within=5))
        assert receive.statistics().tasks_waiting_receive == 0


async def test_nobody_is_told_of_the_end_before_a_gathered_batch_is_safe(
    ends: Ends,
) -> None:
    send, receive = ends
    gatherer = receive.clone()
    got: list[int] = []

    async def wait() -> None:
        got.extend([message async for message in receive])

    async def gather() -> None:
        await anext(gatherer.batches(10, within=math.inf))

    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as inner:
                inner.start_soon(gather)
                await trio.testing.wait_all_tasks_blocked()
                send.send_nowait(7)
                await trio.testing.wait_all_tasks_blocked()
                nursery.start_soon(wait)
                await trio.testing.wait_all_tasks_blocked()
                # The gatherer leaves the line at once; it runs, and gives back, only later.
                scope.cancel()
                send.close()
    assert got == [7]


async def test_who_waits_is_told_of_the_end_once_a_gathered_batch_is_safe(ends: Ends) -> None:
    send, receive = ends
    gatherer = receive.clone()
    send.send_nowait(7)

    async def wait() -> None:
        with pytest.raises(trio.EndOfChannel):
            await receive.receive()

    async def gather() -> None:
        with gatherer:
            assert await anext(gatherer.batches(10, within=math.inf)) == [7]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gather)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        send.close()


async def test_closing_the_end_under_a_gathered_batch_gives_it_back(ends: Ends) -> None:
    send, receive = ends
    gatherer = receive.clone()
    send.send_nowait(1)

    async def gather() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await anext(gatherer.batches(10, within=math.inf))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gather)
        await trio.testing.wait_all_tasks_blocked()
        send.send_nowait(2)
        gatherer.close()
    assert await receive.receive_many(10) == [1, 2]


async def test_a_gathered_batch_of_the_last_end_that_closes_is_left() -> None:
    send, receive = open_channel(int, 9)
    send.send_nowait(1)

    async def gather() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await anext(receive.batches(10, within=math.inf))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gather)
        await trio.testing.wait_all_tasks_blocked()
        receive.close()
    assert send.statistics().left == 1
