"""Since when a task waits and how old a message is, known from reading the statistics."""

from __future__ import annotations

import math

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trioharness.channels import Overflow, ReceiveChannel, SendChannel, open_channel

from .counted import CRASH

BOTH_KINDS = pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])


@BOTH_KINDS
async def test_a_wait_is_known_from_the_first_reading_that_saw_it(
    max_deliveries: int | None, autojump_clock: MockClock
) -> None:
    send, receive = open_channel(int, 0, max_deliveries=max_deliveries)
    assert send.statistics().receive_waiting_since is None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive.receive)
        await trio.sleep(3)
        assert send.statistics().receive_waiting_since == 3
        await trio.sleep(4)
        nursery.start_soon(receive.receive)
        await trio.sleep(1)
        assert receive.statistics().receive_waiting_since == 3
        await trio.sleep(1)
        await send.send(1)
        # The second one was seen by the reading at 8.
        assert receive.statistics().receive_waiting_since == 8
        await send.send(2)
        assert receive.statistics().receive_waiting_since is None
        nursery.start_soon(send.send_many, [3, 4])
        await trio.sleep(1)
        assert send.statistics().send_waiting_since == 10
        await receive.receive()
        await trio.sleep(1)
        assert send.statistics().send_waiting_since == 10  # of its batch there is still one left
        await receive.receive()
        assert send.statistics().send_waiting_since is None


async def test_a_wait_that_was_cancelled_is_another_one(autojump_clock: MockClock) -> None:
    send, receive = open_channel(int, 1)
    send.send_nowait(0)

    async def with_patience() -> None:
        for _ in range(3):
            with trio.move_on_after(11):
                await send.send(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(with_patience)
        seen: list[float | None] = []
        for _ in range(9):
            await trio.sleep(4)
            seen.append(send.statistics().send_waiting_since)
    assert seen == [4, 4, 12, 12, 12, 24, 24, 24, None]
    receive.close()


@pytest.mark.parametrize("how", ["cancelled", "closed"])
async def test_who_leaves_from_the_middle_leaves_the_others_times(
    how: str, autojump_clock: MockClock
) -> None:
    send, receive = open_channel(int, 0)
    ends = [receive.clone() for _ in range(3)]
    scopes = [trio.CancelScope() for _ in ends]

    async def wait(end: ReceiveChannel[int], scope: trio.CancelScope) -> None:
        try:
            with scope:
                await end.receive()
        except (trio.ClosedResourceError, trio.EndOfChannel):
            pass

    async with trio.open_nursery() as nursery:
        for end, scope in zip(ends, scopes, strict=True):
            nursery.start_soon(wait, end, scope)
            await trio.sleep(1)
            send.statistics()
        for index, after in ((0, 2), (1, 3), (2, None)):
            if how == "cancelled":
                scopes[index].cancel()
            else:
                ends[index].close()
            await wait_all_tasks_blocked()
            assert send.statistics().receive_waiting_since == after


@BOTH_KINDS
async def test_a_message_is_as_old_as_the_first_reading_that_saw_it(
    max_deliveries: int | None, autojump_clock: MockClock
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=max_deliveries)
    assert send.statistics().oldest_age == 0
    send.send_nowait(1)
    await trio.sleep(2)
    assert send.statistics().oldest_age == 0
    await trio.sleep(3)
    send.send_nowait(2)
    assert send.statistics().oldest_age == 3
    await trio.sleep(4)
    assert receive.receive_nowait() == 1
    assert send.statistics().oldest_age == 4
    assert receive.receive_nowait() == 2
    assert send.statistics().oldest_age == 0
    await trio.sleep(1)
    send.send_nowait(3)
    assert send.statistics().oldest_age == 0


@BOTH_KINDS
async def test_the_age_follows_a_queue_that_moves(
    max_deliveries: int | None, autojump_clock: MockClock
) -> None:
    """Each message waits 200 s, and the channel is read each second."""
    send, receive = open_channel(int, math.inf, max_deliveries=max_deliveries)
    for number in range(1000):
        await trio.sleep(1)
        send.send_nowait(number)
        if number >= 200:
            receive.receive_nowait()
        age = send.statistics().oldest_age
        actual = min(number, 199)
        assert age <= actual
        assert age >= actual * 0.96 - 1


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "latest"])
@BOTH_KINDS
async def test_the_age_is_that_of_what_was_not_dropped(
    overflow: Overflow, max_deliveries: int | None, autojump_clock: MockClock
) -> None:
    send, _ = open_channel(int, 1, overflow=overflow, max_deliveries=max_deliveries)
    for number in range(5):
        await trio.sleep(1)
        send.send_nowait(number)
        send.statistics()
    assert send.statistics().oldest_age == (4 if overflow == "drop_newest" else 0)
    await trio.sleep(1)
    assert send.statistics().oldest_age == (5 if overflow == "drop_newest" else 1)


async def test_what_comes_back_is_never_said_to_be_older_than_it_is(
    autojump_clock: MockClock,
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=3)
    send.send_nowait(1)
    send.statistics()
    await trio.sleep(5)
    assert receive.receive_nowait() == 1
    assert send.statistics().oldest_age == 0
    receive.settle(CRASH)
    assert send.statistics().oldest_age == 0
    await trio.sleep(2)
    assert send.statistics().oldest_age == 2


def test_there_are_no_times_without_a_trio_program_and_none_of_another_one() -> None:
    send, receive = open_channel(int, 9)
    send.send_nowait(1)
    numbers = send.statistics()
    assert (numbers.send_waiting_since, numbers.receive_waiting_since) == (None, None)
    assert numbers.oldest_age == 0

    async def look(later: float) -> float:
        await trio.sleep(later)
        return receive.statistics().oldest_age

    for _ in range(2):
        clock = MockClock(autojump_threshold=0)
        assert trio.run(look, 5, clock=clock) == 0


async def test_the_doomed_are_counted() -> None:
    send, receive = open_channel(int, math.inf, max_deliveries=1)
    await send.send_many(range(67))
    for expected in [0] * 64 + [1]:
        receive.receive_nowait()
        receive.settle(CRASH)
        assert receive.statistics().doomed == expected
    assert receive.statistics().current_buffer_used == 3
    receive.channel.dead.receive_nowait()
    assert receive.statistics().doomed == 0
    plain: tuple[SendChannel[int], ReceiveChannel[int]] = open_channel(int, 1)
    assert plain[0].statistics().doomed == 0
