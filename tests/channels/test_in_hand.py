"""What the design says of messages in hand, each sentence in a story of its own, without a
supervisor: a loop of lives, each with a clone, as anybody can write it.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence

import pytest
import trio
import trio.testing

from trioharness.channels import ReceiveChannel, SendChannel, open_channel

BAD = 57
Take = Callable[[ReceiveChannel[int]], Awaitable[Sequence[int]]]


async def one(end: ReceiveChannel[int]) -> Sequence[int]:
    return [await end.receive()]


async def many(end: ReceiveChannel[int]) -> Sequence[int]:
    return await end.receive_many(1000)


async def gathered(end: ReceiveChannel[int]) -> Sequence[int]:
    async for batch in end.batches(1000, within=1):
        return batch
    return ()


async def work(kept: ReceiveChannel[int], take: Take, delivered: list[int]) -> int:
    """Live one life after the other until the channel ends; return how many there were."""
    lives = 0
    while True:
        lives += 1
        assert lives < 300, "the same messages come back for ever"
        try:
            with kept.clone() as end:
                while items := await take(end):
                    await trio.sleep(0.01)
                    if BAD in items:
                        raise ValueError(BAD)
                    delivered += items
                return lives
        except trio.EndOfChannel:
            return lives
        except ValueError:
            pass


def hundred(max_deliveries: int) -> tuple[SendChannel[int], ReceiveChannel[int]]:
    send, receive = open_channel(int, math.inf, name="work", max_deliveries=max_deliveries)
    for number in range(100):
        send.send_nowait(number)
    send.close()
    return send, receive


@pytest.mark.parametrize("take", [one, many, gathered])
@pytest.mark.parametrize("max_deliveries", [1, 2, 5])
async def test_one_bad_message_in_a_hundred_is_one_dead_letter_and_99_are_delivered(
    take: Take, max_deliveries: int, autojump_clock: trio.testing.MockClock
) -> None:
    send, receive = hundred(max_deliveries)
    delivered: list[int] = []
    lives = await work(receive, take, delivered)
    assert delivered == [number for number in range(100) if number != BAD]
    letters = await receive.channel.dead.receive_many(9)
    assert [(letter.channel, letter.message) for letter in letters] == [("work", BAD)]
    assert isinstance(letters[0].error, ValueError)
    # A crashed batch counts for each member, but only alone can one be known to be the culprit.
    crashes = max_deliveries if take is one else max(2, max_deliveries)
    assert (letters[0].attempts, lives) == (crashes, crashes + 1)
    numbers = send.statistics()
    assert (numbers.sent, numbers.received, numbers.dead, numbers.left) == (100, 99, 1, 0)


@pytest.mark.parametrize("take", [one, many, gathered])
@pytest.mark.parametrize("workers", [2, 7])
async def test_clones_share_the_work_and_the_bad_message_is_still_found(
    take: Take, workers: int, autojump_clock: trio.testing.MockClock
) -> None:
    send, receive = hundred(3)
    delivered: list[int] = []
    async with trio.open_nursery() as nursery:
        for _ in range(workers):
            nursery.start_soon(work, receive, take, delivered)
    assert sorted(delivered) == [number for number in range(100) if number != BAD]
    letters = await receive.channel.dead.receive_many(9)
    assert [(letter.message, letter.attempts) for letter in letters] == [(BAD, 3)]
    assert send.statistics().in_hand == send.statistics().left == 0


async def test_a_batch_is_in_hand_as_a_whole_until_the_next_receive() -> None:
    send, receive = open_channel(int, 9, max_deliveries=2)
    await send.send_many(range(5))
    assert await receive.receive_many(3) == [0, 1, 2]
    assert receive.statistics().in_hand == 3
    assert await receive.receive() == 3
    assert receive.statistics().in_hand == 1
    receive.ack()
    assert receive.statistics().in_hand == 0
    assert await receive.receive_many(3) == [4]
    assert receive.settle(None)[0].fate == "acknowledged"
    assert receive.statistics().in_hand == 0
    assert receive.statistics().received == 5


@pytest.mark.parametrize("how", ["stopped", "cancelled"])
async def test_a_stop_gives_a_batch_back_as_a_batch_and_a_crash_one_by_one(
    how: str, autojump_clock: trio.testing.MockClock
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=1)
    await send.send_many(range(3))
    for _ in range(5):
        life = receive.clone()
        if how == "stopped":
            assert await life.receive_many(3) == [0, 1, 2]
            life.settle(ValueError("while it was told to stop"), stopped=True)
            life.close()
        else:
            with trio.move_on_after(1), life:
                assert await life.receive_many(3) == [0, 1, 2]
                await trio.sleep_forever()
    assert await receive.receive_many(3) == [0, 1, 2]
    receive.settle(ValueError("a crash"))
    assert [await receive.receive_many(3) for _ in range(3)] == [[0], [1], [2]]
    assert receive.statistics().dead == 0


async def test_what_comes_back_is_in_front_of_what_was_sent_since_though_the_channel_is_full() -> (
    None
):
    send, receive = open_channel(int, 3, max_deliveries=2)
    await send.send_many(range(3))
    life = receive.clone()
    assert await life.receive_many(3) == [0, 1, 2]
    await send.send_many(range(3, 6))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send.send_many, [6, 7])
        await trio.testing.wait_all_tasks_blocked()
        life.settle(None, stopped=True)
        life.close()
        assert receive.statistics().current_buffer_used == 6  # twice the bound
        got = [await receive.receive() for _ in range(8)]
    assert got == [*range(8)]


async def test_delivery_is_at_least_once() -> None:
    """Done but not yet acknowledged when it crashed: it is delivered again."""
    send, receive = open_channel(int, 3, max_deliveries=2)
    send.send_nowait(1)
    seen: list[int] = []
    for error in (ValueError("after the work was done"), None):
        life = receive.clone()
        seen.append(await life.receive())
        life.settle(error)
        life.close()
    assert seen == [1, 1]
    assert receive.statistics().received == 1


async def test_a_full_dead_letter_channel_stops_the_work_and_loses_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    send, receive = open_channel(int, math.inf, max_deliveries=1)
    await send.send_many([BAD] * 70 + [*range(3)])
    send.close()
    delivered: list[int] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, receive, one, delivered)
        await trio.sleep(100)
        numbers = receive.statistics()
        assert (numbers.dead, numbers.left, numbers.tasks_waiting_receive) == (64, 9, 1)
        assert delivered == []
        for _ in range(6):
            await receive.channel.dead.receive()
            await trio.sleep(1)
    assert delivered == [0, 1, 2]
    assert receive.statistics().dead == 70
