"""Channels with `max_deliveries`: what is in hand comes back, and is counted."""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio
import trio.testing

from trioharness._events import InHand

from .counted import CRASH, drain, filled, story


def test_a_crash_gives_back_to_the_front_and_counts() -> None:
    _, receive = filled("a", "b")
    life = receive.clone()
    assert life.receive_nowait() == "a"
    assert receive.statistics().in_hand == 1
    told = life.settle(CRASH)
    assert told == (
        InHand(channel="work", message="'a'", attempt=1, max_deliveries=2, fate="returned"),
    )
    assert receive.statistics().in_hand == 0
    assert receive.statistics().received == 0
    assert drain(receive) == ["a", "b"]


def test_a_stop_gives_back_and_does_not_count() -> None:
    _, receive = filled("a", max_deliveries=1)
    for error in (None, CRASH, None):
        assert receive.receive_nowait() == "a"
        assert story(receive.settle(error, stopped=True)) == [("a", 1, "returned")]
    assert receive.statistics().dead == 0


def test_a_settlement_is_told_once() -> None:
    _, receive = filled("a")
    receive.receive_nowait()
    assert len(receive.settle(CRASH)) == 1
    assert receive.settle(CRASH) == ()
    assert drain(receive) == ["a"]


@pytest.mark.parametrize(
    ("error", "fate", "attempt_of_the_next"),
    [
        (None, "acknowledged", 1),
        (CRASH, "returned", 2),
        (ExceptionGroup("", [CRASH]), "returned", 2),
    ],
)
def test_leaving_with_settles_and_the_supervisor_is_still_told(
    error: Exception | None, fate: str, attempt_of_the_next: int
) -> None:
    _, receive = filled("a", "b", max_deliveries=5)
    life = receive.clone()
    try:
        with life:
            life.receive_nowait()
            if error is not None:
                raise error
    except (ValueError, ExceptionGroup) as raised:
        assert raised is error
    assert story(life.settle(TypeError("what the component made of it"))) == [("a", 1, fate)]
    assert life.settle(CRASH) == ()
    receive.receive_nowait()
    ((_, attempt, _),) = story(receive.settle(CRASH))
    assert attempt == attempt_of_the_next


async def test_leaving_async_with_settles() -> None:
    _, receive = filled("a", "b")
    async with receive.clone() as life:
        assert await life.receive() == "a"
    assert receive.statistics().in_hand == 0
    assert drain(receive) == ["b"]


@pytest.mark.parametrize("leaving", ["cancelled", "KeyboardInterrupt"])
async def test_leaving_with_by_no_fault_of_the_message_does_not_count(leaving: str) -> None:
    _, receive = filled("a", max_deliveries=1)
    life = receive.clone()
    with suppress(KeyboardInterrupt), trio.CancelScope() as scope, life:
        assert await life.receive() == "a"
        scope.cancel()
        if leaving == "cancelled":
            await trio.sleep_forever()
        raise KeyboardInterrupt
    assert story(life.settle(None)) == [("a", 1, "returned")]
    assert drain(receive) == ["a"]


def test_messages_come_back_in_the_order_of_sending() -> None:
    _, receive = filled(*"abcdef")
    lives = [receive.clone() for _ in range(4)]
    for life in lives:
        life.receive_nowait()
    for index in (2, 0, 3, 1):
        lives[index].settle(CRASH)
    assert drain(receive) == list("abcdef")


async def test_the_members_of_a_batch_come_back_around_what_came_back_before() -> None:
    _, receive = filled(*"abcd")
    first, second, batch = receive.clone(), receive.clone(), receive.clone()
    first.receive_nowait()
    second.receive_nowait()
    first.settle(CRASH)
    assert await batch.receive_many(2) == ["a", "c"]
    second.settle(CRASH)
    batch.settle(CRASH)
    assert drain(receive) == list("abcd")


async def test_a_batch_ends_before_a_message_that_is_to_be_alone() -> None:
    _, receive = filled("a", "b", "c")
    stopped, crashed = receive.clone(), receive.clone()
    stopped.receive_nowait()
    assert await crashed.receive_many(2) == ["b", "c"]
    crashed.settle(CRASH)
    stopped.settle(None, stopped=True)
    batches = [await receive.receive_many(9) for _ in range(3)]
    assert batches == [["a"], ["b"], ["c"]]


async def test_a_crashed_batch_is_delivered_one_by_one_until_the_culprit_is_found() -> None:
    _, receive = filled(*"abcd")
    batches: list[list[str]] = []
    dead: list[str] = []
    while receive.statistics().current_buffer_used:
        life = receive.clone()
        batches.append(await life.receive_many(3))
        error = CRASH if "b" in batches[-1] else None
        told = life.settle(error)
        dead += [message for message, _, fate in story(told) if fate == "dead"]
        life.close()
    assert batches == [["a", "b", "c"], ["a"], ["b"], ["c"], ["d"]]
    assert dead == ["b"]


async def test_innocent_members_of_a_crashed_batch_do_not_die_with_one_delivery() -> None:
    _, receive = filled("a", "b", max_deliveries=1)
    assert await receive.receive_many(10) == ["a", "b"]
    assert story(receive.settle(CRASH)) == [("a", 1, "returned"), ("b", 1, "returned")]
    assert await receive.receive_many(10) == ["a"]
    assert await receive.receive_many(10) == ["b"]
    assert story(receive.settle(CRASH)) == [("b", 2, "dead")]


async def test_a_lone_message_ends_a_batch_that_is_being_gathered(
    autojump_clock: trio.testing.MockClock,
) -> None:
    send, receive = filled("a", "b")
    other = receive.clone()
    assert await other.receive_many(2) == ["a", "b"]
    send.send_nowait("c")
    batches = receive.batches(10, within=1000)
    got: list[list[str]] = []

    async def gather() -> None:
        got.append(await anext(batches))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gather)
        await trio.testing.wait_all_tasks_blocked()
        other.settle(CRASH)
    assert got == [["c"]]
    assert trio.current_time() < 1000
    assert await anext(batches) == ["a"]
    assert trio.current_time() < 1000


async def test_returned_messages_go_to_who_waits_at_once() -> None:
    send, receive = filled("a")
    life = receive.clone()
    await life.receive()
    got: list[str] = []

    async def wait() -> None:
        got.append(await receive.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        life.settle(CRASH)
        assert send.statistics().current_buffer_used == 0
        with pytest.raises(trio.WouldBlock):
            life.receive_nowait()
    assert got == ["a"]


async def test_returned_messages_may_exceed_the_bound_and_senders_wait_meanwhile() -> None:
    send, receive = filled("a", "b", max_buffer_size=2)
    life = receive.clone()
    assert await life.receive_many(2) == ["a", "b"]
    send.send_nowait("c")
    send.send_nowait("d")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send.send, "e")
        await trio.testing.wait_all_tasks_blocked()
        life.settle(None, stopped=True)
        assert receive.statistics().current_buffer_used == 4
        assert receive.statistics().peak_buffer_used == 4
        for message in "abc":
            assert receive.statistics().tasks_waiting_send == 1
            with pytest.raises(trio.WouldBlock):
                send.send_nowait("z")
            assert receive.receive_nowait() == message
        assert receive.statistics().tasks_waiting_send == 0
    assert drain(receive) == ["d", "e"]


async def test_a_rendezvous_channel_keeps_what_came_back_and_hands_it_on_first() -> None:
    send, receive = filled(max_buffer_size=0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send.send, "a")
        life = receive.clone()
        assert await life.receive() == "a"
        life.settle(CRASH)
        nursery.start_soon(send.send, "b")
        await trio.testing.wait_all_tasks_blocked()
        assert [await receive.receive(), await receive.receive()] == ["a", "b"]


def test_close_gives_back_unchanged() -> None:
    _, receive = filled("a", max_deliveries=1)
    life = receive.clone()
    life.receive_nowait()
    life.close()
    assert receive.statistics().in_hand == 0
    assert drain(receive) == ["a"]
    assert story(receive.settle(CRASH)) == [("a", 1, "dead")]


def test_a_crash_after_close_still_counts() -> None:
    _, receive = filled("a", "b", max_deliveries=1)
    life = receive.clone()
    life.receive_nowait()
    life.close()
    assert story(life.settle(CRASH)) == [("a", 1, "dead")]
    assert drain(receive) == ["b"]
    assert receive.channel.dead.receive_nowait().message == "a"


def test_a_crash_after_close_counts_while_another_has_it() -> None:
    _, receive = filled("a", max_deliveries=2)
    life = receive.clone()
    life.receive_nowait()
    life.close()
    receive.receive_nowait()
    assert story(life.settle(CRASH)) == [("a", 1, "returned")]
    assert story(receive.settle(CRASH)) == [("a", 2, "dead")]


async def test_a_normal_end_after_close_takes_out_what_is_still_queued() -> None:
    send, receive = filled("a", "b", "c", max_buffer_size=3)
    life = receive.clone()
    await life.receive_many(2)
    life.close()
    assert receive.receive_nowait() == "a"
    send.send_nowait("d")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send.send, "e")
        await trio.testing.wait_all_tasks_blocked()
        assert story(life.settle(None)) == [("b", 1, "acknowledged"), ("a", 1, "returned")]
    assert drain(receive) == ["c", "d", "e"]


async def test_closing_under_a_receive_that_was_just_given_a_message_gives_it_back() -> None:
    send, receive = filled()
    life = receive.clone()
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await life.receive()

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        send.send_nowait("a")
        life.close()
        assert life.settle(CRASH) == ()  # the component never saw it
    assert drain(receive) == ["a"]


def test_the_event_keeps_the_message_short() -> None:
    _, receive = filled("x" * 10_000)
    receive.receive_nowait()
    (told,) = receive.settle(CRASH)
    assert len(told.message) <= 160


def test_what_was_in_hand_of_the_last_end_is_left() -> None:
    _, receive = filled("a", "b")
    receive.receive_nowait()
    receive.close()
    statistics = receive.statistics()
    assert (statistics.left, statistics.current_buffer_used, statistics.received) == (2, 2, 0)
