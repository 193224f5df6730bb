"""A batch on its way: handed to a task that waits, which has not had its turn yet.

Whatever happens in between, each message is received once, in order, or is still in the channel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy

import attrs
import pytest
import trio
import trio.testing

from trioharness._events import MessagesDropped
from trioharness.channels import Overflow, ReceiveChannel, SendChannel, open_channel

BOTH_KINDS = pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])


@attrs.define(eq=False)
class After(trio.abc.Instrument):
    """Does something after the first step of a task, before any other task has its turn."""

    name: str
    act: Callable[[], object]
    done: bool = False

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if task.name == self.name and not self.done:
            self.done = True
            self.act()


@attrs.define(eq=False)
class Receiver:
    """Receives once, as a task, and notes what came of it."""

    end: ReceiveChannel[int]
    how: str
    """`one`, `many` or `gathered`."""
    limit: int = 4
    got: list[int] = attrs.field(factory=list[int], init=False)
    outcome: str = attrs.field(default="waits", init=False)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)

    async def take(self) -> list[int]:
        if self.how == "one":
            return [await self.end.receive()]
        if self.how == "many":
            return await self.end.receive_many(self.limit)
        return await anext(self.end.batches(self.limit, within=math.inf))

    async def run(self) -> None:
        with self.scope:
            try:
                self.got = await self.take()
                self.outcome = "received"
            except trio.ClosedResourceError:
                self.outcome = "closed"
            except (trio.EndOfChannel, StopAsyncIteration):
                self.outcome = "ended"
        if self.scope.cancelled_caught:
            self.outcome = "cancelled"


async def hand_over(
    send: SendChannel[int],
    messages: Sequence[int],
    *receivers: Receiver,
    then: Callable[[], object] = int,
) -> None:
    """Send a batch while receivers wait, in that order, and do something before their turn."""
    instrument = After("hands over", then)
    trio.lowlevel.add_instrument(instrument)
    async with trio.open_nursery() as nursery:
        for receiver in receivers:
            nursery.start_soon(receiver.run)
            await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(send.send_many, messages, name=instrument.name)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    trio.lowlevel.remove_instrument(instrument)
    assert instrument.done


def rest(end: ReceiveChannel[int]) -> list[int]:
    """Take what is in the channel."""
    messages: list[int] = []
    with suppress(trio.WouldBlock, trio.EndOfChannel):
        while True:
            messages.append(end.receive_nowait())
    return messages


def expect_balance(end: ReceiveChannel[int], sent: int) -> None:
    numbers = end.statistics()
    assert numbers.sent == sent
    assert numbers.sent == numbers.received + numbers.dropped + numbers.dead + numbers.left
    assert numbers.tasks_waiting_receive == numbers.tasks_waiting_send == 0


@BOTH_KINDS
@pytest.mark.parametrize("how", ["one", "many", "gathered"])
@pytest.mark.parametrize("count", [1, 4, 6])
async def test_closing_the_end_loses_doubles_and_reorders_nothing(
    max_deliveries: int | None, how: str, count: int
) -> None:
    send, kept = open_channel(int, 9, max_deliveries=max_deliveries)
    receiver = Receiver(kept.clone(), how)
    await hand_over(send, range(count), receiver, then=receiver.end.close)
    # A plain channel has given it for good, as trio's has; a counted one takes it back.
    handed = {"one": 1}.get(how, min(count, receiver.limit))
    assert receiver.outcome == ("received" if max_deliveries is None else "closed")
    assert receiver.got == ([*range(handed)] if max_deliveries is None else [])
    assert [*receiver.got, *rest(kept)] == [*range(count)]
    expect_balance(kept, count)


@BOTH_KINDS
@pytest.mark.parametrize("how", ["one", "many", "gathered"])
@pytest.mark.parametrize("count", [1, 4, 6])
async def test_a_cancel_loses_doubles_and_reorders_nothing(
    max_deliveries: int | None, how: str, count: int
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=max_deliveries)
    receiver = Receiver(receive.clone(), how)
    await hand_over(send, range(count), receiver, then=receiver.scope.cancel)
    # Who was given something is not cancelled; who would have gone on to wait for more is.
    whole = how != "gathered" or count >= receiver.limit
    assert receiver.outcome == ("received" if whole else "cancelled")
    assert [*receiver.got, *rest(receive)] == [*range(count)]
    expect_balance(receive, count)


@BOTH_KINDS
@pytest.mark.parametrize("how", ["many", "gathered"])
async def test_the_end_of_the_channel_comes_after_what_was_handed_over(
    max_deliveries: int | None, how: str
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=max_deliveries)
    receiver = Receiver(receive, how)
    async with send:
        await hand_over(send, [0, 1], receiver, then=send.finish)
    assert (receiver.outcome, receiver.got) == ("received", [0, 1])
    with pytest.raises(trio.EndOfChannel):
        receive.receive_nowait()


@BOTH_KINDS
@pytest.mark.parametrize("how", ["many", "gathered"])
async def test_what_was_handed_over_is_not_put_back_after_the_others_were_told_of_the_end(
    max_deliveries: int | None, how: str
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=max_deliveries)
    first, second = Receiver(receive.clone(), how), Receiver(receive, "one")

    def end_and_close() -> None:
        send.finish()
        first.end.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(first.run)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(second.run)
        await trio.testing.wait_all_tasks_blocked()
        send.send_nowait(7)
        end_and_close()
    assert [*first.got, *second.got] == [7]
    assert receive.statistics().left == 0


@BOTH_KINDS
@pytest.mark.parametrize("how", ["many", "gathered"])
async def test_what_the_last_end_was_handed_is_received_or_left(
    max_deliveries: int | None, how: str
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=max_deliveries)
    receiver = Receiver(receive, how)
    await hand_over(send, range(6), receiver, then=receive.close)
    assert receive.statistics().left == 6 - len(receiver.got)
    expect_balance(receive, 6)


@BOTH_KINDS
@pytest.mark.parametrize("hows", [("one", "many"), ("many", "one"), ("many", "many")])
@pytest.mark.parametrize("count", [2, 4, 6])
async def test_several_that_wait_are_served_in_turn_before_anything_is_queued(
    max_deliveries: int | None, hows: tuple[str, str], count: int
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=max_deliveries)
    first, second = (Receiver(receive.clone(), how) for how in hows)
    await hand_over(send, range(count), first, second)
    assert (first.got[0], second.got[0]) == (0, 1)
    for receiver in (first, second):
        assert receiver.got == sorted(receiver.got)
        assert len(receiver.got) <= receiver.limit
    assert sorted([*first.got, *second.got, *rest(receive)]) == [*range(count)]
    expect_balance(receive, count)


@BOTH_KINDS
@pytest.mark.parametrize("size", [0, 1, 4])
@pytest.mark.parametrize("limit", [1, 3, 9])
async def test_where_there_is_little_room_the_rest_waits_and_the_order_holds(
    max_deliveries: int | None, size: int, limit: int
) -> None:
    send, receive = open_channel(int, size, max_deliveries=max_deliveries)
    receiver = Receiver(receive, "many", limit)
    later: list[list[int]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receiver.run)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(send.send_many, range(6))
        await trio.testing.wait_all_tasks_blocked()
        assert receive.statistics().current_buffer_used <= size
        while receive.statistics().received < 6:
            later.append(await receive.receive_many(limit))
    batches = [receiver.got, *later]
    assert max(map(len, batches)) <= limit
    assert [number for batch in batches for number in batch] == [*range(6)]
    expect_balance(receive, 6)


@BOTH_KINDS
@pytest.mark.parametrize(
    ("overflow", "size", "kept"),
    [
        ("drop_oldest", 0, []),
        ("drop_oldest", 2, [4, 5]),
        ("drop_newest", 2, [1, 2]),
        ("latest", 1, [5]),
        ("error", 2, [1, 2]),
    ],
)
async def test_of_what_has_no_room_the_policy_decides_once_who_waits_has_the_first(
    max_deliveries: int | None, overflow: Overflow, size: int, kept: list[int]
) -> None:
    told: list[MessagesDropped] = []
    send, receive = open_channel(
        int, size, overflow=overflow, max_deliveries=max_deliveries, observer=told.append
    )
    receiver = Receiver(receive, "one")

    async def send_all() -> None:
        with suppress(trio.WouldBlock):
            await send.send_many(range(6))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receiver.run)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(send_all)
    assert receiver.got == [0]
    assert rest(receive) == kept
    sent = 1 + len(kept) if overflow == "error" else 6
    assert sum(event.count for event in told) == sent - 1 - len(kept)
    expect_balance(receive, sent)


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "error"])
async def test_nothing_is_dropped_of_a_batch_that_a_waiting_task_and_the_room_can_take(
    overflow: Overflow,
) -> None:
    send, receive = open_channel(int, 2, overflow=overflow)
    receiver = Receiver(receive, "many", 2)
    await hand_over(send, range(3), receiver)
    assert [*receiver.got, *rest(receive)] == [0, 1, 2]
    assert receive.statistics().dropped == 0


@attrs.define
class Box:
    number: int


@BOTH_KINDS
async def test_what_is_handed_over_is_a_copy(max_deliveries: int | None) -> None:
    send, receive = open_channel(Box, 9, copy=copy, max_deliveries=max_deliveries)
    boxes = [Box(0), Box(1), Box(2)]
    got: list[Box] = []

    async def wait() -> None:
        got.extend(await receive.receive_many(2))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        await send.send_many(boxes)
        boxes[0].number = 99
    got.append(receive.receive_nowait())
    assert got == [Box(0), Box(1), Box(2)]
    assert not {*map(id, got)} & {*map(id, boxes)}


@BOTH_KINDS
async def test_a_batch_that_is_being_filled_takes_from_a_batch_what_it_needs(
    max_deliveries: int | None,
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=max_deliveries)
    send.send_nowait(0)
    receiver = Receiver(receive, "gathered", 4)
    await hand_over(send, range(1, 6), receiver)
    assert receiver.got == [0, 1, 2, 3]
    assert rest(receive) == [4, 5]
    expect_balance(receive, 6)


@BOTH_KINDS
async def test_the_peak_is_what_was_queued_and_not_what_was_handed_over(
    max_deliveries: int | None,
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=max_deliveries)
    receiver = Receiver(receive, "one")
    await hand_over(send, range(4), receiver)
    assert receive.statistics().peak_buffer_used == 3
    assert rest(receive) == [1, 2, 3]


@BOTH_KINDS
@pytest.mark.parametrize("how", ["one", "many"])
async def test_what_was_taken_from_the_queue_is_received_though_cancelled_after_that(
    max_deliveries: int | None, how: str
) -> None:
    send, receive = open_channel(int, 9, max_deliveries=max_deliveries)
    await send.send_many(range(6))
    receiver = Receiver(receive, how)
    trio.lowlevel.add_instrument(instrument := After("receives", receiver.scope.cancel))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receiver.run, name=instrument.name)
    trio.lowlevel.remove_instrument(instrument)
    assert receiver.outcome == "received"
    assert [*receiver.got, *rest(receive)] == [*range(6)]


@BOTH_KINDS
@pytest.mark.parametrize("count", [1, 3])
async def test_what_is_in_the_channel_was_sent_though_cancelled_after_that(
    max_deliveries: int | None, count: int
) -> None:
    send, receive = open_channel(int, 3, max_deliveries=max_deliveries)
    scope = trio.CancelScope()

    async def send_them() -> None:
        with scope:
            await (send.send_many(range(count)) if count > 1 else send.send(0))

    trio.lowlevel.add_instrument(instrument := After("sends", scope.cancel))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_them, name=instrument.name)
    trio.lowlevel.remove_instrument(instrument)
    assert scope.cancel_called
    assert not scope.cancelled_caught
    assert rest(receive) == [*range(count)]


@pytest.mark.parametrize("how", ["one", "many", "gathered"])
async def test_the_end_does_not_come_while_something_is_in_another_hand(how: str) -> None:
    send, receive = open_channel(int, 9, max_deliveries=2)
    send.send_nowait(7)
    send.close()
    other = receive.clone()
    assert await other.receive() == 7
    receiver = Receiver(receive, how)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receiver.run)
        await trio.testing.wait_all_tasks_blocked()
        assert receiver.outcome == "waits"
        other.settle(None, stopped=True)
    assert receiver.got == [7]
