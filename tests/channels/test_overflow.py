"""What a full channel does: each policy, at each size, with all that sends and all that comes back.

In every test sent is received, dropped, dead and left together, and each drop is told.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
import trio.testing

from trioharness._errors import ConfigurationError
from trioharness._events import MessagesDropped
from trioharness.channels import (
    ChannelStatistics,
    Overflow,
    ReceiveChannel,
    SendChannel,
    SendProgress,
    open_channel,
)
from trioharness.channels._overflow import POLICIES

Ends = tuple[SendChannel[int], ReceiveChannel[int]]
CRASH = ValueError("bad message")

DROPPING: list[tuple[Overflow, int]] = [
    ("drop_oldest", 0),
    ("drop_oldest", 1),
    ("drop_oldest", 3),
    ("drop_newest", 0),
    ("drop_newest", 1),
    ("drop_newest", 3),
    ("latest", 1),
]
KEPT: dict[tuple[Overflow, int], list[int]] = {
    ("drop_oldest", 0): [],
    ("drop_oldest", 1): [4],
    ("drop_oldest", 3): [2, 3, 4],
    ("drop_newest", 0): [],
    ("drop_newest", 1): [0],
    ("drop_newest", 3): [0, 1, 2],
    ("latest", 1): [4],
}
"""What is left in the channel of five messages that nobody receives."""

EVERY_DROPPING = pytest.mark.parametrize(
    ("overflow", "size"), DROPPING, ids=[f"{overflow}-{size}" for overflow, size in DROPPING]
)
BOTH_KINDS = pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])


def balanced(end: SendChannel[Any] | ReceiveChannel[Any]) -> ChannelStatistics:
    """The statistics, in which nothing is lost."""
    numbers = end.statistics()
    assert numbers.sent == numbers.received + numbers.dropped + numbers.dead + numbers.left
    assert numbers.left >= numbers.current_buffer_used
    return numbers


def queued(end: ReceiveChannel[int]) -> list[int]:
    got: list[int] = []
    while end.statistics().current_buffer_used:
        got.append(end.receive_nowait())
    return got


@pytest.mark.parametrize("word", ["drop", "", "Wait", None, 3, ["wait"]])
def test_an_unknown_word_is_refused_with_those_there_are(word: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_channel(int, 1, overflow=word)
    assert str(caught.value) == (
        f"overflow: {word!r} is nothing that a full channel can do; "
        "write one of 'wait', 'drop_oldest', 'drop_newest', 'latest', 'error'"
    )


@pytest.mark.parametrize("overflow", [word for word in POLICIES if word != "wait"])
def test_a_channel_without_bound_has_no_overflow(overflow: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"is for a full channel, and one of .*math\.inf"):
        open_channel(int, math.inf, overflow=overflow)
    open_channel(int, math.inf, overflow="wait")


@pytest.mark.parametrize("size", [0, 2, 64])
def test_latest_is_for_one_message(size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"keeps one message, but .* is {size}; give a"):
        open_channel(int, size, overflow="latest")


@EVERY_DROPPING
@BOTH_KINDS
@pytest.mark.parametrize("how", ["send", "send_nowait", "send_many"])
async def test_a_send_into_a_full_channel_drops_what_the_policy_says(
    overflow: Overflow, size: int, max_deliveries: int | None, how: str
) -> None:
    send, receive = open_channel(int, size, overflow=overflow, max_deliveries=max_deliveries)
    progress = SendProgress()
    match how:
        case "send":
            for number in range(5):
                with trio.testing.assert_checkpoints():
                    await send.send(number)
        case "send_nowait":
            for number in range(5):
                send.send_nowait(number)
        case _:
            with trio.testing.assert_checkpoints():
                await send.send_many(range(5), progress=progress)
            assert progress.sent == 5
    kept = KEPT[overflow, size]
    numbers = balanced(send)
    assert (numbers.sent, numbers.dropped, numbers.left) == (5, 5 - len(kept), len(kept))
    assert numbers.peak_buffer_used == size
    assert queued(receive) == kept
    assert balanced(receive).received == len(kept)


@EVERY_DROPPING
@BOTH_KINDS
@pytest.mark.parametrize("how", ["send", "send_many"])
async def test_who_waits_to_receive_gets_the_message_before_anything_is_dropped(
    overflow: Overflow, size: int, max_deliveries: int | None, how: str
) -> None:
    send, receive = open_channel(int, size, overflow=overflow, max_deliveries=max_deliveries)
    got: list[int] = []

    async def wait(end: ReceiveChannel[int]) -> None:
        got.append(await end.receive())

    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(wait, receive.clone())
            await trio.testing.wait_all_tasks_blocked()
        if how == "send_many":
            await send.send_many([-2, -1, *range(5)])
        else:
            for number in (-2, -1, *range(5)):
                send.send_nowait(number)
    assert sorted(got) == [-2, -1]
    kept = KEPT[overflow, size]
    assert balanced(send).dropped == 5 - len(kept)
    assert queued(receive) == kept


@BOTH_KINDS
@pytest.mark.parametrize("size", [0, 1, 3])
async def test_error_refuses_what_has_no_room(size: int, max_deliveries: int | None) -> None:
    send, receive = open_channel(
        int, size, overflow="error", max_deliveries=max_deliveries, name="numbers"
    )
    for number in range(size):
        await send.send(number)
    with trio.testing.assert_checkpoints(), pytest.raises(trio.WouldBlock) as caught:
        await send.send(8)
    assert str(caught.value).startswith(f"channel 'numbers' is full, {size}/{size} queued, ")
    with pytest.raises(trio.WouldBlock):
        send.send_nowait(9)
    numbers = balanced(send)
    assert (numbers.sent, numbers.dropped, numbers.left) == (size, 0, size)
    assert queued(receive) == [*range(size)]


@pytest.mark.parametrize("size", [0, 1, 3])
async def test_error_takes_of_a_batch_what_there_is_room_for(size: int) -> None:
    send, receive = open_channel(int, size, overflow="error")
    progress = SendProgress()
    got: list[int] = []

    async def wait() -> None:
        got.append(await receive.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        with trio.testing.assert_checkpoints(), pytest.raises(trio.WouldBlock):
            await send.send_many(range(9), progress=progress)
    assert progress.sent == balanced(send).sent == size + 1
    assert got + queued(receive) == [*range(size + 1)]


async def test_a_sender_that_is_refused_does_not_starve_others() -> None:
    send, receive = open_channel(int, 1, overflow="error")
    send.send_nowait(0)
    refused = 0

    async def free() -> None:
        for _ in range(5):
            await trio.lowlevel.checkpoint()
        receive.receive_nowait()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(free)
        while send.statistics().sent < 2 and refused < 20:
            try:
                await send.send(1)
            except trio.WouldBlock:
                refused += 1
    assert 4 <= refused <= 7


async def test_wait_waits_and_drops_nothing() -> None:
    send, receive = open_channel(int, 1, overflow="wait")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send.send_many, range(5))
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.WouldBlock):
            send.send_nowait(9)
        assert await receive.receive_many(9) == [0, 1, 2, 3, 4]
    assert balanced(send).dropped == 0


# what comes back


async def give_back(overflow: Overflow, size: int) -> Ends:
    """A channel that is full, with two more messages in front that came back."""
    send, receive = open_channel(int, size, overflow=overflow, max_deliveries=3)
    async with trio.open_nursery() as nursery:
        lives = [receive.clone(), receive.clone()]
        for life in lives:
            nursery.start_soon(life.receive)
            await trio.testing.wait_all_tasks_blocked()
        for number in range(2 + size):
            send.send_nowait(number)
    for life in reversed(lives):
        life.settle(CRASH)
        life.close()
    return send, receive


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "error"])
@pytest.mark.parametrize("size", [0, 1, 3])
async def test_what_comes_back_stays_beyond_the_bound(overflow: Overflow, size: int) -> None:
    send, receive = await give_back(overflow, size)
    numbers = balanced(send)
    assert (numbers.current_buffer_used, numbers.dropped) == (2 + size, 0)
    assert numbers.peak_buffer_used == 2 + size
    assert queued(receive) == [*range(2 + size)]


async def test_drop_oldest_drops_what_came_back_to_get_below_the_bound() -> None:
    send, receive = await give_back("drop_oldest", 3)
    send.send_nowait(9)
    assert balanced(send).dropped == 3
    assert queued(receive) == [3, 4, 9]


async def test_drop_oldest_without_a_buffer_drops_the_new_one_and_not_what_came_back() -> None:
    send, receive = await give_back("drop_oldest", 0)
    send.send_nowait(9)
    assert balanced(send).dropped == 1
    assert queued(receive) == [0, 1]


@pytest.mark.parametrize("size", [0, 1, 3])
async def test_drop_newest_drops_until_there_is_room_again(size: int) -> None:
    send, receive = await give_back("drop_newest", size)
    for _ in range(2):
        await send.send(9)
        receive.receive_nowait()
    assert balanced(send).dropped == 2
    assert queued(receive) == [*range(2, 2 + size)]


async def test_error_refuses_until_there_is_room_again() -> None:
    send, receive = await give_back("error", 1)
    for _ in range(3):
        with pytest.raises(trio.WouldBlock, match=r"is full, [123]/1 queued"):
            send.send_nowait(9)
        receive.receive_nowait()
    send.send_nowait(9)
    assert queued(receive) == [9]
    assert balanced(send).dropped == 0


async def test_latest_lets_nothing_come_back_that_is_outdated() -> None:
    send, receive = open_channel(int, 1, overflow="latest", max_deliveries=3)
    for newer in ([], [1]):
        send.send_nowait(0)
        life = receive.clone()
        assert life.receive_nowait() == 0
        for number in newer:
            send.send_nowait(number)
        life.settle(CRASH)
        assert balanced(send).dropped == len(newer)
        assert queued(receive) == newer or [0]


async def test_latest_gives_who_waits_the_newest_of_what_comes_back() -> None:
    send, receive = open_channel(int, 1, overflow="latest")
    got: list[int] = []

    async def wait(end: ReceiveChannel[int]) -> None:
        got.append(await end.receive())

    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as inner:
                inner.start_soon(anext, receive.clone().batches(9, within=math.inf))
                await trio.testing.wait_all_tasks_blocked()
                send.send_nowait(0)
                await trio.testing.wait_all_tasks_blocked()
                send.send_nowait(1)
                await trio.testing.wait_all_tasks_blocked()
                assert send.statistics().tasks_waiting_receive == 1  # with two in its batch
                nursery.start_soon(wait, receive)
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
    assert got == [1]
    assert balanced(send).dropped == 1


async def test_what_is_in_hand_or_doomed_is_never_dropped() -> None:
    send, receive = open_channel(int, 2, overflow="drop_oldest", max_deliveries=1)
    for number in range(66):
        send.send_nowait(number)
        life = receive.clone()
        life.receive_nowait()
        life.settle(CRASH)
        if number >= 64:
            break
    assert balanced(send).dead == 64  # the last one waits for room among them
    await send.send_many([100, 101, 102])
    numbers = balanced(send)
    assert (numbers.current_buffer_used, numbers.dropped) == (2, 2)
    receive.channel.dead.receive_nowait()
    assert balanced(send).dead == 65
    assert receive.receive_nowait() == 102
    send.send_nowait(103)
    send.send_nowait(104)
    send.send_nowait(105)
    assert balanced(send).in_hand == 1
    assert queued(receive) == [104, 105]


async def test_where_all_room_is_taken_by_the_doomed_the_new_one_is_dropped() -> None:
    send, receive = open_channel(int, 1, overflow="drop_oldest", max_deliveries=1)
    for number in range(65):
        send.send_nowait(number)
        life = receive.clone()
        life.receive_nowait()
        life.settle(CRASH)
    send.send_nowait(100)
    assert balanced(send).dropped == 1
    receive.channel.dead.receive_nowait()
    send.send_nowait(101)
    assert queued(receive) == [101]
    balanced(send)


# what is told


async def test_the_first_drop_is_told_at_once_and_later_ones_once_a_second(
    autojump_clock: trio.testing.MockClock,
) -> None:
    told: list[MessagesDropped] = []
    send, receive = open_channel(
        int, 1, overflow="drop_newest", name="numbers", observer=told.append
    )
    send.send_nowait(0)
    assert told == []
    await trio.sleep(5)
    send.send_nowait(1)
    first = MessagesDropped(channel="numbers", time=5, overflow="drop_newest", count=1, dropped=1)
    assert told == [first]
    for _ in range(5):
        await trio.sleep(0.125)
        send.send_nowait(2)
    assert told == [first]
    await trio.sleep(0.375)
    send.send_nowait(3)
    assert [(event.time, event.count, event.dropped) for event in told[1:]] == [(6, 6, 7)]
    await trio.sleep(100)
    send.send_nowait(4)
    assert [(event.time, event.count, event.dropped) for event in told[2:]] == [(106, 1, 8)]
    receive.close()
    assert len(told) == 3


@pytest.mark.parametrize("how", ["close send", "close receive", "finish send", "finish receive"])
async def test_the_rest_is_told_when_nothing_more_can_be_sent(how: str) -> None:
    told: list[MessagesDropped] = []
    send, receive = open_channel(int, 1, overflow="latest", observer=told.append)
    other_send, other_receive = send.clone(), receive.clone()
    for number in range(5):
        send.send_nowait(number)
    assert [event.count for event in told] == [1]
    other_send.close()
    other_receive.close()
    assert [event.count for event in told] == [1]
    match how:
        case "close send":
            send.close()
        case "close receive":
            receive.close()
        case "finish send":
            send.finish()
        case _:
            receive.finish()
    assert [event.count for event in told] == [1, 3]
    send.close()
    receive.close()
    assert len(told) == 2


async def test_a_batch_is_told_as_one() -> None:
    told: list[MessagesDropped] = []
    send, _ = open_channel(int, 3, overflow="drop_oldest", observer=told.append)
    await send.send_many(range(50))
    assert [(event.count, event.dropped) for event in told] == [(47, 47)]


async def test_what_latest_drops_of_what_comes_back_is_told_when_the_end_is_closed() -> None:
    told: list[MessagesDropped] = []
    send, receive = open_channel(int, 1, overflow="latest", max_deliveries=3, observer=told.append)
    send.send_nowait(0)
    with receive.clone() as life:
        life.receive_nowait()
        send.send_nowait(1)
        with pytest.raises(ValueError, match="bad"), life:
            raise CRASH
    assert [event.count for event in told] == [1]


async def test_an_observer_may_use_the_channel_and_what_it_raises_spoils_nothing() -> None:
    told: list[int] = []

    def observe(event: MessagesDropped) -> None:
        told.append(event.count)
        send.send_nowait(100)
        raise KeyError

    send, receive = open_channel(int, 2, overflow="drop_oldest", observer=observe)
    with pytest.raises(KeyError):
        await send.send_many([1, 2, 3])
    assert balanced(send).sent == 4
    assert queued(receive) == [3, 100]
    with pytest.raises(trio.ClosedResourceError):
        send.close()
    assert told == [1, 1]
    with pytest.raises(trio.EndOfChannel):
        receive.receive_nowait()


def test_without_a_trio_program_there_is_no_time_to_tell() -> None:
    told: list[MessagesDropped] = []
    send, _ = open_channel(int, 1, overflow="latest", observer=told.append)
    send.send_nowait(1)
    send.send_nowait(2)
    assert told == []
    assert send.statistics().dropped == 1

    async def once_more() -> None:
        await send.send(3)

    trio.run(once_more)
    assert [event.count for event in told] == [2]
