"""Publishers that wait for a full subscription: who has the message, and what a cancel leaves."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from trioharness._errors import FilterFailed, Lagged
from trioharness.channels import ReceiveChannel, SendChannel, SendProgress, Topic, open_topic

from .test_topic import take_all

BOTH_KINDS = pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])


@BOTH_KINDS
async def test_a_full_subscription_holds_back_its_publisher_and_nobody_else(
    max_deliveries: int | None,
) -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1, max_deliveries=max_deliveries) as slow, topic.subscribe(9) as quick:
        await publisher.send(0)
        async with trio.open_nursery() as nursery:
            for number in (1, 2):
                nursery.start_soon(publisher.send, number)
                await trio.testing.wait_all_tasks_blocked()
            assert take_all(quick) == [0, 1, 2]
            waiting = [end.statistics().tasks_waiting_send for end in (publisher, slow, quick)]
            assert waiting == [2, 2, 0]
            for number in (0, 1, 2):
                assert await slow.receive() == number
        assert publisher.statistics().tasks_waiting_send == 0


async def test_a_publisher_waits_for_all_that_are_full() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(0) as one, topic.subscribe(0) as other:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(publisher.send, 1)
            await trio.testing.wait_all_tasks_blocked()
            assert await one.receive() == 1
            await trio.testing.wait_all_tasks_blocked()
            assert publisher.statistics().tasks_waiting_send == 1
            assert await other.receive() == 1
        with pytest.raises(trio.WouldBlock):
            one.receive_nowait()


async def test_without_waiting_it_is_all_or_none() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1) as one, topic.subscribe(9) as other:
        publisher.send_nowait(1)
        for _ in range(2):
            with pytest.raises(trio.WouldBlock):
                publisher.send_nowait(2)
        assert take_all(one) == take_all(other) == [1]
        with topic.subscribe(1, where=lambda number: number != 3):
            publisher.send_nowait(4)
            with pytest.raises(trio.WouldBlock):
                publisher.send_nowait(5)
            assert take_all(one) == take_all(other) == [4]
            publisher.send_nowait(3)
            assert take_all(one) == take_all(other) == [3]


async def cancelled(send: Any, *arguments: Any, **options: Any) -> None:
    """Begin a send, and cancel it when it waits."""
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def _() -> None:
                await send(*arguments, **options)

            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught


async def test_what_others_have_of_a_cancelled_publish_is_missed_by_those_it_waited_for() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1) as slow, topic.subscribe(9) as quick:
        await publisher.send(0)
        await cancelled(publisher.send, 1)
        assert (publisher.statistics().sent, slow.statistics().dropped) == (2, 1)
        assert take_all(slow) == [0, "missed 1"]
        await publisher.send(2)
        assert take_all(slow) == [2]
        assert take_all(quick) == [0, 1, 2]


async def test_what_nobody_has_of_a_cancelled_publish_was_not_sent() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(0) as one, topic.subscribe(0) as other:
        await cancelled(publisher.send, 1)
        assert publisher.statistics().sent == 0
        assert take_all(one) == take_all(other) == []
        assert one.statistics().dropped == 0


async def test_a_cancelled_publish_leaves_the_others_in_order_and_each_gap_in_its_place() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1) as slow, topic.subscribe(99) as quick:
        await publisher.send(0)
        scopes = [trio.CancelScope() for _ in range(5)]

        async def publish(scope: trio.CancelScope, numbers: list[int]) -> None:
            with scope:
                await publisher.send_many(numbers)

        async with trio.open_nursery() as nursery:
            for number, scope in enumerate(scopes, 1):
                nursery.start_soon(publish, scope, [number, -number])
                await trio.testing.wait_all_tasks_blocked()
            for number in (4, 2, 1):  # also one in front of one that is cancelled already
                scopes[number - 1].cancel()
                await trio.testing.wait_all_tasks_blocked()
            got: list[object] = []
            while len(got) < 7:
                got += take_all(slow)
                await trio.testing.wait_all_tasks_blocked()
        assert got == [0, "missed 4", 3, -3, "missed 2", 5, -5]
        assert take_all(quick) == [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5]


@BOTH_KINDS
async def test_a_batch_goes_to_each_as_it_has_room_and_stays_together(
    max_deliveries: int | None,
) -> None:
    publisher, topic = open_topic(int)
    progress = SendProgress()
    with topic.subscribe(2, max_deliveries=max_deliveries) as slow, topic.subscribe(3) as quicker:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: publisher.send_many(range(5), progress=progress))
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(publisher.send, 9)
            await trio.testing.wait_all_tasks_blocked()
            assert (progress.sent, publisher.statistics().sent) == (3, 3)
            assert await quicker.receive_many(9) == [0, 1, 2, 3, 4, 9]
            assert (progress.sent, publisher.statistics().tasks_waiting_send) == (5, 2)
            assert await slow.receive() == 0
            assert await slow.receive_many(9) == [1, 2, 3, 4, 9]
        assert publisher.statistics().sent == 6


async def test_progress_is_what_anybody_has_so_the_rest_doubles_nothing() -> None:
    publisher, topic = open_topic(int)
    progress = SendProgress()
    numbers = [1, 2, 3, 4, 5]
    with (
        topic.subscribe(1) as slow,
        topic.subscribe(2) as quicker,
        topic.subscribe(9, where=lambda number: number == 1) as choosy,
        topic.subscribe(0, where=lambda number: number == 4) as waiting,
    ):
        await cancelled(publisher.send_many, numbers, progress=progress)
        assert (progress.sent, publisher.statistics().sent) == (2, 2)
        assert take_all(slow) == [1, "missed 1"]
        assert take_all(quicker) == [1, 2]
        assert (take_all(choosy), take_all(waiting)) == ([1], [])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(publisher.send_many, numbers[progress.sent :])
            await trio.testing.wait_all_tasks_blocked()
            assert [await slow.receive() for _ in range(3)] == [3, 4, 5]
            assert await quicker.receive_many(9) == [3, 4, 5]
            assert await waiting.receive() == 4


async def test_a_batch_counts_as_sent_as_far_as_it_came_in_the_wait() -> None:
    publisher, topic = open_topic(int)
    progress = SendProgress()
    with topic.subscribe(0) as one, topic.subscribe(0) as other:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: publisher.send_many(range(4), progress=progress))
                await trio.testing.wait_all_tasks_blocked()
                assert progress.sent == 0
                assert [one.receive_nowait() for _ in range(3)] == [0, 1, 2]
                assert other.receive_nowait() == 0
                assert progress.sent == 3
                scope.cancel()
        assert publisher.statistics().sent == progress.sent == 3
        assert (take_all(one), take_all(other)) == ([], ["missed 2"])


async def raises(error: type[Exception], send: Any, *arguments: Any) -> None:
    with pytest.raises(error):
        await send(*arguments)


async def test_closing_the_publisher_fails_its_wait_as_a_cancel_does() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1) as slow, topic.subscribe(9) as quick, publisher.clone() as other:
        await publisher.send(0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(raises, trio.ClosedResourceError, publisher.send, 1)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(raises, trio.BrokenResourceError, other.send_many, [2, 3])
            await trio.testing.wait_all_tasks_blocked()
            publisher.close()
            await trio.testing.wait_all_tasks_blocked()
            other.finish()
        assert take_all(slow) == [0, "missed 3"]
        assert take_all(quick) == [0, 1, 2, 3]
        for end in (slow, quick):
            with pytest.raises(trio.EndOfChannel):
                await end.receive()


@pytest.mark.parametrize("how", ["close", "finish", "suspend"])
async def test_who_is_gone_is_waited_for_no_longer(how: str) -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1) as gone, topic.subscribe(1) as slow, topic.subscribe(9) as quick:
        await publisher.send(0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(publisher.send_many, [1, 2])
            await trio.testing.wait_all_tasks_blocked()
            if how == "suspend":
                gone.suspend(RuntimeError("parked"))
            else:
                getattr(gone, how)()
            await trio.testing.wait_all_tasks_blocked()
            assert publisher.statistics().tasks_waiting_send == 1
            assert await slow.receive_many(9) == [0, 1, 2]
        assert take_all(quick) == [0, 1, 2]
        assert publisher.statistics().sent == 3


async def test_a_suspended_subscription_misses_what_is_published_and_is_told() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1) as end, topic.subscribe(9) as other:
        await publisher.send(0)
        end.suspend(RuntimeError("parked"))
        await publisher.send(1)
        await publisher.send_many([2, 3])
        end.resume()
        assert take_all(end) == [0, "missed 3"]
        await publisher.send(4)
        assert take_all(end) == [4]
        assert take_all(other) == [0, 1, 2, 3, 4]


async def test_who_waits_while_its_subscription_is_suspended_is_told_at_once() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1) as end:

        async def receive(end: ReceiveChannel[int]) -> None:
            with pytest.raises(Lagged):
                await end.receive()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive, end)
            await trio.testing.wait_all_tasks_blocked()
            end.suspend(RuntimeError("parked"))
            await publisher.send(1)


async def test_each_of_several_subscriptions_says_since_when_a_publisher_waits(
    autojump_clock: trio.testing.MockClock,
) -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(0) as one, topic.subscribe(0, where=lambda n: n == 2) as other:
        async with trio.open_nursery() as nursery:
            for number in (1, 2):
                nursery.start_soon(publisher.send, number)
                await trio.testing.wait_all_tasks_blocked()
            assert other.statistics().send_waiting_since == 0
            assert one.statistics().send_waiting_since == 0
            nursery.cancel_scope.cancel()


async def test_two_that_wait_for_a_batch_get_a_list_each() -> None:
    publisher, topic = open_topic(int)
    got: list[list[int]] = []

    async def take(end: ReceiveChannel[int]) -> None:
        got.append(await end.receive_many(9))

    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(take, topic.subscribe(9))
        await trio.testing.wait_all_tasks_blocked()
        await publisher.send_many([1, 2])
    assert got == [[1, 2], [1, 2]]
    assert got[0] is not got[1]


async def test_an_observer_that_raises_leaves_nobody_waiting_in_vain() -> None:
    def observer(_: object) -> None:
        raise RuntimeError

    publisher, topic = open_topic(int, observer=observer)
    topic.subscribe(1, overflow="drop_newest")
    b = topic.subscribe(1)
    await publisher.send(1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(publisher.send, 2)
        await trio.testing.wait_all_tasks_blocked()
        assert await b.receive() == 1
    assert b.receive_nowait() == 2
    with pytest.raises(RuntimeError):
        await publisher.send(3)  # which has room, and tells of what was dropped before
    assert b.receive_nowait() == 3


async def test_a_filter_that_closes_its_own_subscription_spoils_no_message() -> None:
    publisher, topic = open_topic(int)
    a = topic.subscribe(9)
    filtered: list[ReceiveChannel[int]] = []

    def close(_: int) -> bool:
        filtered[-1].close()
        return False

    filtered.append(topic.subscribe(9, where=close))
    await publisher.send(1)
    await publisher.send(2)
    filtered.append(topic.subscribe(9, where=close))
    await publisher.send_many([3, 4])
    assert await a.receive_many(9) == [1, 2, 3, 4]


async def test_a_message_that_nobody_has_got_when_it_is_cancelled_was_not_sent() -> None:
    publisher, topic = open_topic(int)
    a, b = topic.subscribe(1), topic.subscribe(1)
    await publisher.send(1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(publisher.send, 2)
        await trio.testing.wait_all_tasks_blocked()
        a.close()
        nursery.cancel_scope.cancel()
    assert topic.statistics().sent == 1
    assert b.receive_nowait() == 1
    with pytest.raises(trio.WouldBlock):
        b.receive_nowait()


# --- filters that fail for what has to wait ------------------------------------------------------


def no_sevens(number: int) -> bool:
    if number == 7:
        raise ValueError("bad message")
    return True


def failures(end: ReceiveChannel[int]) -> int:
    """Receive the error that is due, if one is; return for how many messages the filter failed."""
    try:
        end.receive_nowait()
    except FilterFailed as failed:
        return failed.count
    except trio.WouldBlock:
        return 0
    raise AssertionError("there was a message first")


def with_filter(room: int) -> tuple[SendChannel[int], Topic[int], Any, Any]:
    """A topic, one whose filter fails for 7, and one that has so much room for all."""
    publisher, topic = open_topic(int)
    picky = topic.subscribe(9, where=no_sevens)
    return publisher, topic, picky, topic.subscribe(room)


async def test_a_filter_that_failed_for_a_message_nobody_got_is_not_told(
    autojump_clock: trio.testing.MockClock,
) -> None:
    publisher, topic, picky, _ = with_filter(room=0)
    for _ in range(3):
        with trio.move_on_after(1):
            await publisher.send(7)
    assert (failures(picky), topic.statistics().sent) == (0, 0)


async def test_a_filter_that_failed_is_told_once_when_somebody_gets_the_message(
    autojump_clock: trio.testing.MockClock,
) -> None:
    publisher, _, picky, slow = with_filter(room=0)
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(publisher.send, 7)
            await trio.testing.wait_all_tasks_blocked()
            assert failures(picky) == 0
            assert await slow.receive() == 7
            assert failures(picky) == 1
        assert failures(picky) == 0


async def test_a_closed_publisher_tells_nothing_of_a_message_that_nobody_got() -> None:
    publisher, _, picky, _ = with_filter(room=0)
    with pytest.RaisesGroup(trio.ClosedResourceError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(publisher.send, 7)
            await trio.testing.wait_all_tasks_blocked()
            publisher.close()
    with pytest.raises(trio.EndOfChannel):
        picky.receive_nowait()


async def test_a_filter_fails_once_for_each_message_of_a_batch_that_is_sent_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    publisher, topic, picky, slow = with_filter(room=1)
    items, sent = [1, 7, 2, 7, 3, 7], 0
    got = list[int]()
    with trio.fail_after(60):
        while sent < len(items):
            progress = SendProgress()
            with trio.move_on_after(1):
                await publisher.send_many(items[sent:], progress=progress)
            sent += progress.sent
            got += take_all(slow)
    assert failures(picky) == 3
    assert take_all(picky) == [1, 2, 3]
    assert topic.statistics().sent == len(items)


async def test_a_filter_that_failed_wakes_who_waits_when_the_message_counts_as_sent(
    autojump_clock: trio.testing.MockClock,
) -> None:
    publisher, _, picky, slow = with_filter(room=0)

    async def listen() -> None:
        with pytest.raises(FilterFailed):
            await picky.receive()

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            nursery.start_soon(publisher.send, 7)
            await trio.testing.wait_all_tasks_blocked()
            assert await slow.receive() == 7


async def test_a_filter_may_come_and_go_while_a_batch_waits() -> None:
    publisher, topic = open_topic(int)
    slow = topic.subscribe(0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(publisher.send_many, [7, 1])
        await trio.testing.wait_all_tasks_blocked()
        picky = topic.subscribe(9, where=no_sevens)
        assert [await slow.receive(), await slow.receive()] == [7, 1]
    assert take_all(picky) == []  # it came later than the batch
    async with trio.open_nursery() as nursery:
        nursery.start_soon(publisher.send_many, [7, 1])
        await trio.testing.wait_all_tasks_blocked()
        picky.close()
        assert [await slow.receive(), await slow.receive()] == [7, 1]
    assert topic.statistics().sent == 4


async def test_one_that_was_finished_meanwhile_is_not_told() -> None:
    publisher, _, picky, slow = with_filter(room=0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(publisher.send, 7)
        await trio.testing.wait_all_tasks_blocked()
        picky.finish()
        assert await slow.receive() == 7
    with pytest.raises(trio.EndOfChannel):
        picky.receive_nowait()


async def test_a_filter_that_fails_before_what_lets_a_receiver_go_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A full channel of dead letters has both sides wait; once it is read, both go on."""
    publisher, topic = open_topic(int)
    end = topic.subscribe(0, where=no_sevens, max_deliveries=1)
    letters: ReceiveChannel[Any] = end.channel.dead
    holder = end.clone()
    got: list[object] = []

    async def fail_until_stuck() -> None:
        for number in range(100, 200):
            with trio.move_on_after(1) as scope:
                await publisher.send(number)
            if scope.cancelled_caught:
                return

    async def crash() -> None:
        while True:
            await holder.receive()
            holder.settle(ValueError())

    async def listen() -> None:
        while len(got) < 2:
            try:
                got.append(await end.receive())
            except FilterFailed:
                got.append("failed")

    with trio.fail_after(1000):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crash)
            await fail_until_stuck()
            nursery.cancel_scope.cancel()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(publisher.send_many, [7, 1])
            await trio.testing.wait_all_tasks_blocked()
            assert got == []
            letters.receive_nowait()
    assert got == ["failed", 1]
