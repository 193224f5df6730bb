"""Topics: every subscriber gets every message, and is told what it missed."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
import trio.testing

from trioharness._errors import ConfigurationError, FilterFailed, Lagged, MessageTypeError
from trioharness._events import MessagesDropped
from trioharness.channels import ReceiveChannel, SubscriptionOverflow, open_topic

CRASH = ValueError("bad message")


def take_all(end: ReceiveChannel[Any]) -> list[Any]:
    """All that is there, with the count where messages were missed."""
    got: list[Any] = []
    while True:
        try:
            got.append(end.receive_nowait())
        except Lagged as lagged:
            got.append(f"missed {lagged.count}")
        except (trio.WouldBlock, trio.EndOfChannel):
            return got


async def test_every_subscriber_gets_every_message_from_then_on_at_one_checkpoint() -> None:
    publisher, topic = open_topic(int)
    await publisher.send(0)  # to nobody
    with topic.subscribe(9) as first:
        with trio.testing.assert_checkpoints():
            await publisher.send(1)
        with topic.subscribe(9) as second:
            with trio.testing.assert_checkpoints():
                await publisher.send_many([2, 3])
            publisher.send_nowait(4)
            assert take_all(first) == [1, 2, 3, 4]
            assert take_all(second) == [2, 3, 4]
        await publisher.send(5)
        assert take_all(first) == [5]
    numbers = topic.statistics()
    assert (numbers.sent, numbers.received, numbers.open_receive_channels) == (6, 6, 0)
    assert publisher.statistics() == numbers


async def test_a_task_that_waits_gets_the_message_directly() -> None:
    publisher, topic = open_topic(int)
    got: list[object] = []

    async def one(end: ReceiveChannel[int]) -> None:
        got.append(await end.receive())

    async def many(end: ReceiveChannel[int]) -> None:
        got.append(await end.receive_many(9))

    with topic.subscribe(0) as a, topic.subscribe(2) as b:
        for many_at_once in (False, True):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(one, a)
                nursery.start_soon(many, b)
                await trio.testing.wait_all_tasks_blocked()
                if many_at_once:
                    await publisher.send_many([7])
                else:
                    await publisher.send(7)
            assert sorted(got, key=str) == [7, [7]]
            got.clear()


async def test_clones_share_a_subscription_and_it_ends_with_the_last() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(9) as one:
        with one.clone() as other:
            await publisher.send_many([1, 2])
            assert (one.receive_nowait(), other.receive_nowait()) == (1, 2)
            assert one.channel is other.channel
        assert topic.statistics().open_receive_channels == 1
    assert topic.statistics().open_receive_channels == 0
    await publisher.send(3)


async def test_subscriptions_end_with_the_last_publisher_when_all_is_received() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(9) as end:
        with publisher.clone() as other:
            publisher.close()
            await other.send(1)
        assert [number async for number in end] == [1]
    with topic.subscribe(9) as late, pytest.raises(trio.EndOfChannel):
        await late.receive()


async def test_what_closes_after_the_end_does_not_undo_it() -> None:
    publisher, topic = open_topic(int)
    with publisher, topic.subscribe(9) as end, topic.subscribe(9) as idle:
        await publisher.send(1)
        publisher.finish()
        publisher.clone().close()
        publisher.close()
        assert (take_all(end), take_all(idle)) == ([1], [1])
        with topic.subscribe(9) as late:
            for ended in (end, idle, late):
                with pytest.raises(trio.EndOfChannel):
                    ended.receive_nowait()
                assert ended.statistics().open_send_channels == 0


async def test_the_end_comes_also_to_who_waits_for_it() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(9) as end:
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def _() -> None:
                with pytest.raises(trio.EndOfChannel):
                    await end.receive()

            await trio.testing.wait_all_tasks_blocked()
            publisher.close()


async def test_a_finished_topic_delivers_what_is_queued_and_takes_no_more() -> None:
    publisher, topic = open_topic(int, name="ticks")
    with topic.subscribe(9) as end:
        await publisher.send(1)
        publisher.finish()
        with pytest.raises(trio.BrokenResourceError, match="'ticks' is finished"):
            await publisher.send(2)
        assert [number async for number in end] == [1]


async def test_a_finished_subscription_ends_alone() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1) as one, topic.subscribe(9) as other:
        await publisher.send(1)
        one.finish()
        await publisher.send(2)
        assert [number async for number in one] == [1]
        assert take_all(other) == [1, 2]
        assert topic.statistics().open_receive_channels == 1


MISSED: dict[SubscriptionOverflow, list[object]] = {
    "drop_oldest": ["missed 3", 3, 4],
    "drop_newest": [0, 1, "missed 3"],
    "latest": ["missed 4", 4],
}


@pytest.mark.parametrize("overflow", MISSED)
@pytest.mark.parametrize("max_deliveries", [None, 2], ids=["plain", "counted"])
@pytest.mark.parametrize("many", [False, True], ids=["send", "send_many"])
async def test_what_was_missed_is_told_once_where_it_would_have_come(
    overflow: SubscriptionOverflow, max_deliveries: int | None, many: bool
) -> None:
    publisher, topic = open_topic(int)
    size = 1 if overflow == "latest" else 2
    options: dict[str, Any] = {"overflow": overflow, "max_deliveries": max_deliveries}
    with topic.subscribe(size, **options) as end, topic.subscribe(math.inf) as other:
        for numbers in (range(5), range(5)):
            if many:
                await publisher.send_many(numbers)
            else:
                for number in numbers:
                    await publisher.send(number)
            assert take_all(end) == MISSED[overflow]
        await publisher.send(5)
        assert take_all(end) == [5]
        assert (end.statistics().sent, end.statistics().dropped) == (11, 2 * (5 - size))
        assert take_all(other) == [*range(5), *range(5), 5]


async def test_messages_that_were_missed_in_the_middle_come_between_the_others() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(2, overflow="drop_newest") as end:
        await publisher.send_many(range(4))
        assert await end.receive() == 0
        await publisher.send(4)
        assert await end.receive_many(9) == [1]
        with trio.testing.assert_checkpoints(), pytest.raises(Lagged) as caught:
            await end.receive_many(9)
        assert (caught.value.channel, caught.value.count) == ("int-1", 2)
        assert str(caught.value) == (
            "subscription 'int-1' missed 2 messages; receive again to go on with the next one, "
            "or subscribe with more room, or with lagged='count'"
        )
        assert await end.receive_many(9) == [4]


async def test_being_told_is_a_checkpoint_and_iteration_goes_on_behind_it() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1, overflow="drop_oldest") as end:
        for receive in (end.receive, lambda: end.receive_many(9), lambda: anext(end)):
            await publisher.send_many([1, 2])
            with (
                trio.testing.assert_checkpoints(),
                pytest.raises(Lagged, match="missed 1 message;"),
            ):
                await receive()
            assert end.receive_nowait() == 2


async def test_each_subscriber_gets_a_list_of_its_own() -> None:
    publisher, topic = open_topic(int)
    got: list[list[int]] = []

    async def receive(end: ReceiveChannel[int]) -> None:
        with end:
            got.append(await end.receive_many(9))

    numbers = [1, 2]
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(receive, topic.subscribe(9))
        await trio.testing.wait_all_tasks_blocked()
        await publisher.send_many(numbers)
    got[0].clear()
    assert (got[1], numbers) == ([1, 2], [1, 2])


async def test_a_batch_ends_where_messages_were_missed_and_does_not_wait_for_more(
    autojump_clock: trio.testing.MockClock,
) -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(2, overflow="drop_newest") as end:
        await publisher.send_many(range(3))
        batches = end.batches(9, within=5)
        assert await anext(batches) == [0, 1]
        assert trio.current_time() == 0
        with pytest.raises(Lagged):
            await anext(batches)
        await publisher.send(3)
        assert await anext(batches) == [3]
        assert trio.current_time() == 5


async def test_a_batch_that_was_put_back_comes_before_what_was_missed_behind_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1, overflow="drop_oldest") as end:
        await publisher.send(1)
        async with trio.open_nursery() as nursery:
            clone = end.clone()

            @nursery.start_soon
            async def _() -> None:
                with pytest.raises(trio.ClosedResourceError):
                    await anext(clone.batches(9, within=5))

            await trio.testing.wait_all_tasks_blocked()
            for number in (2, 3, 4):  # the 2 for the batch, the 3 to be dropped
                publisher.send_nowait(number)
            clone.close()
        assert take_all(end) == [1, 2, "missed 1", 4]


async def test_who_only_counts_is_not_told() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1, overflow="drop_oldest", lagged="count") as end:
        await publisher.send_many(range(5))
        assert take_all(end) == [4]
        assert end.statistics().dropped == 4


async def test_what_was_missed_is_told_before_the_end() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(0, overflow="drop_newest") as end:
        await publisher.send_many(range(5))
        publisher.close()
        with pytest.raises(Lagged):
            await end.receive()
        with pytest.raises(trio.EndOfChannel):
            await end.receive()


async def test_a_filter_keeps_out_what_is_not_wanted_and_takes_no_room() -> None:
    publisher, topic = open_topic(int)
    with (
        topic.subscribe(2, where=lambda number: number % 2 == 0) as even,
        topic.subscribe(9) as every,
    ):
        await publisher.send_many(range(3))
        await publisher.send(3)
        publisher.send_nowait(5)
        assert take_all(even) == [0, 2]
        assert take_all(every) == [0, 1, 2, 3, 5]
        assert even.statistics().sent == 2


async def test_a_filter_that_raises_is_told_to_its_subscriber_alone() -> None:
    publisher, topic = open_topic(int, name="ticks")

    def picky(number: int) -> bool:
        if number < 0:
            raise CRASH
        return True

    with topic.subscribe(9, where=picky, lagged="count") as end, topic.subscribe(9) as other:
        await publisher.send(1)
        await publisher.send_many([-1, -2])
        with trio.testing.assert_checkpoints(), pytest.raises(FilterFailed) as caught:
            await end.receive()
        assert (caught.value.channel, caught.value.count) == ("ticks-1", 2)
        assert caught.value.__cause__ is CRASH
        assert "the filter of subscription 'ticks-1' failed for 2 messages" in str(caught.value)
        assert take_all(end) == [1]
        assert take_all(other) == [1, -1, -2]


async def test_who_is_cancelled_is_told_the_next_time() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(9, where=lambda number: 1 // number > 0) as end:
        await publisher.send(0)
        with trio.CancelScope() as scope:
            scope.cancel()
            await end.receive()
        assert scope.cancelled_caught
        with pytest.raises(FilterFailed):
            await end.receive()


async def test_what_is_not_published_is_not_told_as_missed() -> None:
    publisher, topic = open_topic(int)

    def copy(number: int) -> int:
        raise CRASH

    with topic.subscribe(0) as full, topic.subscribe(9, where=lambda n: 1 // n > 0) as end:
        with pytest.raises(trio.WouldBlock):
            publisher.send_nowait(0)
        assert take_all(end) == []
        full.close()
        publisher.send_nowait(0)
        with pytest.raises(FilterFailed) as caught:
            end.receive_nowait()
        assert caught.value.count == 1
    publisher, topic = open_topic(int, copy=copy)
    with topic.subscribe(9), topic.subscribe(9, where=lambda n: 1 // n > 0) as end:
        with pytest.raises(ValueError, match="bad message"):
            publisher.send_nowait(0)
        assert take_all(end) == []


async def test_a_filter_that_raises_wakes_who_waits() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(9, where=lambda number: 1 // number > 0) as end:
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def _() -> None:
                with pytest.raises(FilterFailed):
                    await end.receive()

            await trio.testing.wait_all_tasks_blocked()
            await publisher.send(0)
        await publisher.send(1)
        assert take_all(end) == [1]


async def test_a_filter_may_close_what_it_filters() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(9) as other, topic.subscribe(9) as end:

        def closes(_: int) -> bool:
            end.close()
            return True

        with topic.subscribe(9, where=closes) as closing:
            await publisher.send(1)
            await publisher.send_many([2])
            assert take_all(closing) == take_all(other) == [1, 2]


async def test_each_subscriber_gets_a_copy_and_a_failed_one_sends_nothing() -> None:
    def copy(message: list[int]) -> list[int]:
        if not message:
            raise CRASH
        return [*message]

    publisher, topic = open_topic(list[int], copy=copy)
    message = [1]
    with topic.subscribe(9) as one, topic.subscribe(9) as other:
        await publisher.send(message)
        with pytest.raises(ValueError, match="bad message"):
            await publisher.send_many([[2], []])
        with pytest.raises(ValueError, match="bad message"):
            publisher.send_nowait([])
        first, second = take_all(one), take_all(other)
        assert first == second == [message]
        assert len({id(message), id(first[0]), id(second[0])}) == 3


async def test_the_type_of_each_message_is_checked() -> None:
    publisher, topic = open_topic(int | str)
    with topic.subscribe(9) as end:
        wrong: Any = 1.5
        for send in (publisher.send(wrong), publisher.send_many(["a", wrong])):
            with pytest.raises(MessageTypeError, match=r"channel 'int \| str' carries int \| str"):
                await send
        with pytest.raises(MessageTypeError):
            publisher.send_nowait(wrong)
        await publisher.send_many(["a", 1, True])
        assert take_all(end) == ["a", 1, True]


async def test_drops_are_told_to_the_observer_when_every_subscriber_has_the_message(
    autojump_clock: trio.testing.MockClock,
) -> None:
    told: list[tuple[str, str, int, int]] = []

    def observe(event: MessagesDropped) -> None:
        told.append((event.channel, event.overflow, event.count, last.statistics().sent))

    publisher, topic = open_topic(int, name="ticks", observer=observe)
    with topic.subscribe(1, overflow="latest", name="slow"), topic.subscribe(9) as last:
        await publisher.send(1)
        await publisher.send(2)
        publisher.send_nowait(3)
        await publisher.send_many([4, 5])
        await trio.sleep(1)
        await publisher.send_many([6])
    assert told == [("slow", "latest", 1, 2), ("slow", "latest", 4, 6)]


async def test_the_rest_of_the_drops_is_told_at_the_end() -> None:
    told: list[int] = []
    publisher, topic = open_topic(int, observer=lambda event: told.append(event.count))
    with topic.subscribe(1, overflow="drop_newest"), topic.subscribe(1, overflow="drop_newest"):
        await publisher.send_many(range(3))
        await publisher.send_many(range(3))
        assert told == [2, 2]
        publisher.close()
        assert told == [2, 2, 3, 3]


async def test_with_max_deliveries_a_message_outlives_its_receiver_and_may_die() -> None:
    publisher, topic = open_topic(str)
    with topic.subscribe(9, max_deliveries=2) as end, topic.subscribe(9) as other:
        await publisher.send_many(["a", "b"])
        for attempts in (1, 2):
            life = end.clone()
            assert await life.receive() == "a"
            (told,) = life.settle(CRASH)
            assert told.attempt == attempts
            life.close()
        letter = end.channel.dead.receive_nowait()
        assert (letter.channel, letter.message, letter.attempts) == ("str-1", "a", 2)
        assert take_all(end) == ["b"]
        assert take_all(other) == ["a", "b"]


async def test_a_message_that_comes_back_comes_before_what_was_missed_meanwhile() -> None:
    publisher, topic = open_topic(int)
    with topic.subscribe(1, overflow="drop_oldest", max_deliveries=2) as end:
        await publisher.send(1)
        life = end.clone()
        assert await life.receive() == 1
        await publisher.send_many([2, 3])
        life.settle(CRASH)
        life.close()
        assert take_all(end) == [1, "missed 1", 3]


async def test_names_and_reprs() -> None:
    publisher, topic = open_topic(int)
    assert repr(topic) == "<Topic 'int' 0 subscriptions>"
    with topic.subscribe(2) as one, topic.subscribe(2, name="chart") as other:
        await publisher.send(1)
        assert (topic.name, one.channel.name, other.channel.name) == ("int", "int-1", "chart")
        assert repr(one) == "<ReceiveChannel 'int-1' 1/2 queued>"
        assert repr(publisher) == "<SendChannel 'int' 2 subscriptions>"
        assert one.channel.source is other.channel.source is publisher.channel
        assert publisher.channel.source is publisher.channel
    with topic.subscribe(math.inf):
        publisher.finish()
        assert repr(topic) == "<Topic 'int' 1 subscription, finished>"
    assert open_topic(int, name="ticks")[1].name == "ticks"


BAD_OPTIONS: list[tuple[float, dict[str, Any], str]] = [
    (-1, {}, "is no number of messages"),
    (1, {"overflow": "error"}, "would have a full subscriber fail the publisher"),
    (1, {"overflow": "drop"}, "is nothing that a full channel can do"),
    (2, {"overflow": "latest"}, "keeps one message"),
    (1, {"lagged": "ignore"}, "is nothing that can be done about missed messages"),
    (1, {"where": 1}, "cannot be called"),
    (1, {"where": trio.sleep}, "is an async function"),
    (1, {"name": ""}, "is no name for a channel"),
    (1, {"max_deliveries": 0}, "is no number of deliveries"),
]


@pytest.mark.parametrize(("size", "options", "problem"), BAD_OPTIONS)
def test_options_that_no_subscription_can_have_are_refused(
    size: float, options: dict[str, Any], problem: str
) -> None:
    _, topic = open_topic(int)
    with pytest.raises(ConfigurationError, match=problem):
        topic.subscribe(size, **options)
    assert topic.statistics().open_receive_channels == 0


@pytest.mark.parametrize("options", [{"name": ""}, {"copy": trio.sleep}, {"observer": 1}])
def test_options_that_no_topic_can_have_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        open_topic(int, **options)
