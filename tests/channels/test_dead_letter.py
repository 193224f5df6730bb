"""Messages that crash every receiver: they die, once there is room, and end by themselves."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from trioharness._errors import ConfigurationError
from trioharness.channels import DeadLetter, open_channel

from .counted import CRASH, drain, exhaust, filled, story


def test_the_last_crash_makes_a_dead_letter_with_its_story() -> None:
    _, receive = filled("a", "b")
    for attempt, fate in ((1, "returned"), (2, "dead")):
        life = receive.clone()
        life.receive_nowait()
        assert story(life.settle(CRASH)) == [("a", attempt, fate)]
        life.close()
    assert receive.statistics().dead == 1
    assert drain(receive) == ["b"]
    letter = receive.channel.dead.receive_nowait()
    assert letter == DeadLetter(
        channel="work",
        message="a",
        reason=(
            "delivered 2 times, and each receiver crashed, the last with ValueError('bad message')"
        ),
        attempts=2,
        error=CRASH,
    )


def test_with_one_delivery_a_message_dies_at_its_first_crash() -> None:
    _, receive = filled("a", max_deliveries=1)
    receive.receive_nowait()
    assert story(receive.settle(CRASH)) == [("a", 1, "dead")]
    assert receive.channel.dead.receive_nowait().reason.startswith("delivered once, ")


async def test_a_message_without_room_among_the_dead_stays_and_all_wait() -> None:
    numbers = [str(number) for number in range(66)]
    send, receive = filled(*numbers, max_deliveries=1, max_buffer_size=66)
    for _ in range(65):
        exhaust(receive)
    statistics = receive.statistics()
    assert (statistics.dead, statistics.current_buffer_used) == (64, 2)
    assert statistics.left == 2
    dead = receive.channel.dead
    assert dead.statistics().current_buffer_used == 64
    with pytest.raises(trio.WouldBlock):
        receive.receive_nowait()
    got: list[str] = []

    async def wait() -> None:
        got.append(await receive.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert got == []
        for number in range(64):
            send.send_nowait(f"more {number}")
        with pytest.raises(trio.WouldBlock):
            send.send_nowait("too much")
        nursery.start_soon(send.send, "later")
        await trio.testing.wait_all_tasks_blocked()
        assert (await dead.receive()).message == "0"
    assert got == ["65"]
    assert receive.statistics().dead == 65
    assert [letter.message for letter in await dead.receive_many(100)] == numbers[1:65]
    assert drain(receive)[-1] == "later"


async def test_a_batch_of_dead_letters_makes_room_for_as_many_doomed_messages() -> None:
    _, receive = filled(*"a" * 67, max_deliveries=1)
    lives = [receive.clone() for _ in range(3)]
    for life in lives:
        life.receive_nowait()
    for _ in range(64):
        exhaust(receive)
    for life in lives:
        life.settle(CRASH)
    assert receive.statistics().current_buffer_used == 3
    await receive.channel.dead.receive_many(9)
    assert receive.statistics().current_buffer_used == 0
    assert receive.channel.dead.statistics().current_buffer_used == 58


async def test_a_batch_that_is_being_gathered_waits_for_a_doomed_message(
    autojump_clock: trio.testing.MockClock,
) -> None:
    send, receive = filled(*"a" * 66, max_deliveries=1)
    for _ in range(64):
        exhaust(receive)
    life = receive.clone()
    await life.receive()
    got: list[list[str]] = []

    async def gather() -> None:
        got.append(await anext(receive.batches(3, within=100)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(gather)
        await trio.sleep(1)
        life.settle(CRASH)
        send.send_nowait("b")
        await trio.sleep(1)
        assert receive.statistics().current_buffer_used == 2
        await receive.channel.dead.receive()
        send.send_nowait("c")
    assert got == [["a", "b", "c"]]
    assert trio.current_time() < 100


async def test_a_batch_takes_nothing_past_a_doomed_message(
    autojump_clock: trio.testing.MockClock,
) -> None:
    send, receive = filled("a", *"x" * 65, max_deliveries=1)
    first = receive.clone()
    await first.receive()
    for _ in range(64):
        exhaust(receive)
    got: list[list[str]] = []

    async def gather() -> None:
        got.append(await anext(receive.batches(3, within=100)))

    send.send_nowait("b")
    last = receive.clone()
    await last.receive()
    assert await receive.receive() == "b"
    receive.ack()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gather)
        await trio.testing.wait_all_tasks_blocked()
        send.send_nowait("c")
        last.settle(CRASH)  # before the gatherer, which was just given "c", has its turn
        send.send_nowait("d")
    assert got == [["c"]]
    assert trio.current_time() == 100


async def test_a_rendezvous_sender_waits_while_a_doomed_message_does() -> None:
    send, receive = filled(*"a" * 65, max_deliveries=1)
    zero_send, zero = filled(max_deliveries=1, max_buffer_size=0)
    for _ in range(65):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(zero_send.send, "poison")
            await trio.testing.wait_all_tasks_blocked()
            exhaust(zero)
    got: list[str] = []

    async def wait() -> None:
        got.append(await zero.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        nursery.start_soon(zero_send.send, "good")
        await trio.testing.wait_all_tasks_blocked()
        assert zero.statistics().tasks_waiting_send == 1
        assert got == []
        await zero.channel.dead.receive()
    assert got == ["good"]
    send.close()
    receive.close()


async def test_the_end_waits_for_a_doomed_message() -> None:
    send, receive = filled(*"a" * 65, max_deliveries=1)
    for _ in range(65):
        exhaust(receive)
    send.close()
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            with pytest.raises(trio.EndOfChannel):
                await receive.receive()

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert receive.statistics().tasks_waiting_receive == 1
        receive.channel.dead.receive_nowait()


async def test_the_dead_letters_end_when_no_message_can_die_any_more() -> None:
    _, receive = filled("a", "b", max_deliveries=1)
    exhaust(receive)
    dead = receive.channel.dead
    life = receive.clone()
    receive.close()
    assert (await dead.receive()).message == "a"
    with pytest.raises(trio.WouldBlock):
        dead.receive_nowait()
    life.close()
    assert [letter async for letter in dead] == []
    assert life.statistics().left == 1


async def test_a_crash_that_is_known_after_the_dead_letters_have_ended_leaves_the_message() -> None:
    _, receive = filled("a", max_deliveries=1)
    receive.receive_nowait()
    receive.close()
    assert [letter async for letter in receive.channel.dead] == []
    assert story(receive.settle(CRASH)) == [("a", 1, "returned")]
    assert (receive.statistics().dead, receive.statistics().left) == (0, 1)
    with pytest.raises(trio.EndOfChannel):
        receive.channel.dead.receive_nowait()


async def test_the_dead_letters_do_not_end_before_a_doomed_message_is_among_them() -> None:
    _, receive = filled(*"a" * 65, max_deliveries=1)
    for _ in range(65):
        exhaust(receive)
    receive.close()
    assert len([letter async for letter in receive.channel.dead]) == 65
    assert receive.statistics().left == 0


async def test_finishing_the_dead_letters_does_not_end_them_early() -> None:
    _, receive = filled("a", max_deliveries=1)
    receive.channel.dead.finish()
    exhaust(receive)
    assert receive.channel.dead.receive_nowait().message == "a"


async def test_dead_letters_that_nobody_can_read_are_counted_and_stop_nothing() -> None:
    _, receive = filled(*"a" * 135, max_deliveries=1)
    for _ in range(65):
        exhaust(receive)
    receive.channel.dead.close()
    assert receive.statistics().dead == 65
    for _ in range(70):
        exhaust(receive)
    assert receive.statistics().dead == 135
    assert receive.statistics().left == 0
    assert receive.channel.dead.statistics().current_buffer_used == 0


def test_dead_is_one_end_that_can_be_cloned() -> None:
    _, receive = filled("a", max_deliveries=1)
    dead = receive.channel.dead
    assert dead is receive.channel.dead
    assert dead.channel.name == "work.dead"
    exhaust(receive)
    assert dead.clone().receive_nowait().message == "a"


def test_without_max_deliveries_there_are_no_dead_letters_and_nothing_is_in_hand() -> None:
    send, receive = open_channel(str, 1, name="work")
    send.send_nowait("a")
    receive.receive_nowait()
    receive.ack()
    assert receive.settle(CRASH) == ()
    assert receive.statistics().in_hand == 0
    with pytest.raises(ConfigurationError, match="open it with max_deliveries"):
        receive.channel.dead  # noqa: B018 - the property raises
