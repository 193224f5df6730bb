"""A `copy=` that does something to the channel it copies for, in the middle of a send."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import trio
import trio.testing

from trioharness.channels import ReceiveChannel, SendChannel, SendProgress, open_channel, open_topic

BOTH_KINDS = pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])
ALL_WAYS = pytest.mark.parametrize("how", ["send", "send_nowait", "send_many", "with progress"])

Ends = tuple[SendChannel[int], ReceiveChannel[int]]
Act = Callable[[SendChannel[int], ReceiveChannel[int]], object]

CLOSED = trio.ClosedResourceError
BROKEN = trio.BrokenResourceError
ACTS: dict[str, tuple[Act, type[Exception]]] = {
    "closes the end": (lambda send, _: send.close(), CLOSED),
    "closes the other end": (lambda _, receive: receive.close(), BROKEN),
    "closes both": (lambda send, receive: (send.close(), receive.close()), CLOSED),
    "finishes": (lambda send, _: send.finish(), BROKEN),
    "suspends": (lambda _, receive: receive.suspend(ValueError()), BROKEN),
}


class Acting:
    """Copies numbers; at one of them, and only once, it does something first."""

    def __init__(self, number: int, act: Callable[[], object]) -> None:
        self.number = number
        self.act: Callable[[], object] | None = act

    def __call__(self, number: int) -> int:
        if number == self.number and self.act is not None:
            act, self.act = self.act, None
            act()
        return number


def open_acting(
    act: Act, *, at: int = 1, size: float = 9, max_deliveries: int | None = None
) -> Ends:
    """Open a channel whose copy does something when it copies the number `at`."""
    copy = Acting(at, lambda: act(send, receive))
    send, receive = open_channel(int, size, copy=copy, max_deliveries=max_deliveries)
    return send, receive


async def transmit(send: SendChannel[int], numbers: list[int], how: str) -> None:
    if how == "send":
        for number in numbers:
            await send.send(number)
    elif how == "send_nowait":
        for number in numbers:
            send.send_nowait(number)
    else:
        progress = SendProgress() if how == "with progress" else None
        await send.send_many(numbers, progress=progress)


def rest(end: ReceiveChannel[int]) -> list[int]:
    """Take what is in the channel."""
    numbers = [end.receive_nowait() for _ in range(end.statistics().current_buffer_used)]
    end.ack()
    return numbers


def expect_balance(end: SendChannel[int], *, sent: int, received: int) -> None:
    numbers = end.statistics()
    assert numbers.sent == sent
    assert numbers.received == received
    assert sent == received + numbers.dropped + numbers.dead + numbers.left
    assert numbers.tasks_waiting_send == numbers.tasks_waiting_receive == 0


@BOTH_KINDS
@ALL_WAYS
@pytest.mark.parametrize("act", ACTS)
async def test_what_is_sent_into_what_its_own_copy_has_shut_is_not_sent(
    max_deliveries: int | None, how: str, act: str
) -> None:
    does, error = ACTS[act]
    send, receive = open_acting(does, max_deliveries=max_deliveries)
    kept = send.clone()
    with pytest.raises(error):
        await transmit(send, [1, 2], how)
    assert receive.statistics().current_buffer_used == 0
    expect_balance(kept, sent=0, received=0)


@BOTH_KINDS
@ALL_WAYS
@pytest.mark.parametrize("act", ACTS)
async def test_nor_does_a_receiver_that_waits_get_it(
    max_deliveries: int | None, how: str, act: str
) -> None:
    does, error = ACTS[act]
    send, receive = open_acting(does, max_deliveries=max_deliveries)
    outcome: list[object] = []

    async def wait() -> None:
        try:
            outcome.append(await receive.receive_many(9))
        except (trio.ClosedResourceError, trio.EndOfChannel) as problem:
            outcome.append(type(problem))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(error):
            await transmit(send, [1, 2], how)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    expected = {
        "closes the end": [trio.EndOfChannel],
        "closes the other end": [trio.ClosedResourceError],
        "closes both": [trio.EndOfChannel],
        "finishes": [trio.EndOfChannel],
        "suspends": [],
    }
    assert outcome == expected[act]


@BOTH_KINDS
@ALL_WAYS
async def test_the_last_of_a_batch_counts_as_much_as_the_first(
    max_deliveries: int | None, how: str
) -> None:
    send, receive = open_acting(lambda send, _: send.close(), at=3, max_deliveries=max_deliveries)
    with pytest.raises(trio.ClosedResourceError):
        await transmit(send, [1, 2, 3], how)
    before = [1, 2] if how in ("send", "send_nowait") else []
    assert rest(receive) == before
    expect_balance(send, sent=len(before), received=len(before))
    with pytest.raises(trio.EndOfChannel):
        await receive.receive()


@BOTH_KINDS
@ALL_WAYS
async def test_what_a_copy_sends_itself_comes_before(max_deliveries: int | None, how: str) -> None:
    send, receive = open_acting(
        lambda send, _: send.send_nowait(0), at=2, max_deliveries=max_deliveries
    )
    await transmit(send, [1, 2, 3], how)
    one_by_one = how in ("send", "send_nowait")
    expected = [1, 0, 2, 3] if one_by_one else [0, 1, 2, 3]
    assert await receive.receive_many(9) == expected
    # What comes back is in the order of sending, too.
    receive.settle(ValueError())
    send.send_nowait(4)
    again = [*expected, 4] if max_deliveries else [4]
    assert rest(receive) == again
    expect_balance(send, sent=5, received=5)


@BOTH_KINDS
@ALL_WAYS
async def test_where_a_copy_takes_the_last_room_the_send_waits(
    max_deliveries: int | None, how: str
) -> None:
    send, receive = open_acting(
        lambda send, _: send.send_nowait(0), at=1, size=1, max_deliveries=max_deliveries
    )
    if how == "send_nowait":
        with pytest.raises(trio.WouldBlock):
            await transmit(send, [1], how)
        assert rest(receive) == [0]
        expect_balance(send, sent=1, received=1)
        return
    async with trio.open_nursery() as nursery:
        nursery.start_soon(transmit, send, [1, 2], how)
        await trio.testing.wait_all_tasks_blocked()
        assert send.statistics().tasks_waiting_send == 1
        assert [await receive.receive() for _ in range(3)] == [0, 1, 2]
    receive.ack()
    expect_balance(send, sent=3, received=3)


@BOTH_KINDS
@ALL_WAYS
async def test_a_copy_may_receive_and_serve_who_waits(max_deliveries: int | None, how: str) -> None:
    taken: list[int] = []
    send, receive = open_acting(
        lambda _, receive: taken.append(receive.receive_nowait()),
        at=1,
        size=1,
        max_deliveries=max_deliveries,
    )
    send.send_nowait(0)
    async with trio.open_nursery() as nursery:
        if how != "send_nowait":
            nursery.start_soon(send.send, 8)
            await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(transmit, send, [1], how)
        await trio.testing.wait_all_tasks_blocked()
        rests = [8, 1] if how != "send_nowait" else [1]
        assert [await receive.receive() for _ in rests] == rests
    receive.ack()
    assert taken == [0]
    expect_balance(send, sent=1 + len(rests), received=1 + len(rests))


@BOTH_KINDS
@ALL_WAYS
async def test_a_copy_that_cancels_the_send_has_sent_or_not_sent(
    max_deliveries: int | None, how: str
) -> None:
    scope = trio.CancelScope()
    send, receive = open_acting(
        lambda _send, _receive: scope.cancel(), size=0, max_deliveries=max_deliveries
    )
    with scope:
        if how == "send_nowait":
            with pytest.raises(trio.WouldBlock):
                await transmit(send, [1], how)
        else:
            await transmit(send, [1, 2], how)  # there is no room: it would wait
    assert scope.cancelled_caught == (how != "send_nowait")
    expect_balance(send, sent=0, received=0)
    assert rest(receive) == []


@ALL_WAYS
async def test_a_copy_of_a_subscription_that_closes_the_publisher(how: str) -> None:
    def close() -> None:
        publisher.close()

    publisher, topic = open_topic(int, copy=Acting(1, close))
    one, two = topic.subscribe(math.inf), topic.subscribe(math.inf)
    with pytest.raises(trio.ClosedResourceError):
        await transmit(publisher, [1, 2], how)
    for subscription in (one, two):
        assert subscription.statistics().sent == 0
        with pytest.raises(trio.EndOfChannel):
            await subscription.receive()


@ALL_WAYS
async def test_a_copy_of_a_subscription_that_closes_another(how: str) -> None:
    def close() -> None:
        two.close()

    publisher, topic = open_topic(int, copy=Acting(1, close))
    one, two = topic.subscribe(math.inf), topic.subscribe(math.inf)
    await transmit(publisher, [1, 2], how)
    assert rest(one) == [1, 2]
    assert two.statistics().current_buffer_used == 0
