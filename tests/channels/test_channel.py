"""`open_channel`, the channel itself, and what its two ends have beyond trio's memory channel."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
import trio.testing

from trioharness._errors import ConfigurationError, MessageTypeError
from trioharness.channels import (
    Channel,
    ChannelStatistics,
    DeadLetter,
    ReceiveChannel,
    Request,
    RequestClient,
    SendChannel,
    open_channel,
)


class Order:
    pass


class Cancel:
    pass


class Urgent(Order):
    pass


@pytest.mark.parametrize("size", [-1, 1.0, 1.5, -math.inf, math.nan, True, "1", None])
def test_a_bad_max_buffer_size_is_refused(size: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_channel(int, size)
    assert str(caught.value) == (
        f"max_buffer_size: {size!r} is no number of messages; "
        f"give a whole number, 0 or more, or math.inf"
    )


@pytest.mark.parametrize("number", [0, -1, 1.0, math.inf, True, "3"])
def test_a_bad_max_deliveries_is_refused(number: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"max_deliveries: .* is no number of deliveries"):
        open_channel(int, 1, max_deliveries=number)


@pytest.mark.parametrize("size", [0, 1, math.inf])
def test_a_good_max_buffer_size_is_kept(size: float) -> None:
    send, _ = open_channel(int, size)
    assert send.statistics().max_buffer_size == size


@pytest.mark.parametrize("cls", [SendChannel, RequestClient, Request, ReceiveChannel, Channel])
def test_live_objects_have_no_public_constructor(cls: type[Any]) -> None:
    with pytest.raises(TypeError, match="no public constructor"):
        cls()
    assert cls is SendChannel or cls.__final__  # of which a client is one


def test_the_ends_are_trios_channels() -> None:
    send, receive = open_channel(int, 1)
    assert isinstance(send, trio.abc.SendChannel)
    assert isinstance(receive, trio.abc.ReceiveChannel)


def test_all_ends_share_one_channel() -> None:
    send, receive = open_channel(int, 1)
    assert send.channel is receive.channel
    assert send.clone().channel is receive.clone().channel is send.channel
    assert send.channel.statistics() == receive.statistics()
    assert open_channel(int, 1)[0].channel is not send.channel


def test_a_channel_is_called_as_told_or_by_its_type() -> None:
    assert open_channel(int, 1, name="numbers")[0].channel.name == "numbers"
    assert open_channel(Order | Cancel | None, 1)[0].channel.name == "Order | Cancel | None"


@pytest.mark.parametrize("max_deliveries", [None, 2])
def test_the_reprs_are_one_line_with_the_name(max_deliveries: int | None) -> None:
    send, receive = open_channel(int, 3, name="numbers", max_deliveries=max_deliveries)
    send.send_nowait(1)
    assert repr(send) == "<SendChannel 'numbers' 1/3 queued>"
    assert repr(receive) == "<ReceiveChannel 'numbers' 1/3 queued>"
    assert repr(send.channel) == "<Channel 'numbers' 1/3 queued>"
    send.finish()
    assert repr(receive) == "<ReceiveChannel 'numbers' 1/3 queued, finished>"
    send.close()
    receive.close()
    assert repr(send) == "<SendChannel 'numbers' closed, finished>"
    assert repr(receive) == "<ReceiveChannel 'numbers' closed, finished>"


@pytest.mark.parametrize("max_deliveries", [None, 2])
async def test_a_wrong_type_is_refused_before_anything_is_queued(
    max_deliveries: int | None,
) -> None:
    wrong: Any = Cancel()
    send, receive = open_channel(Order, 1, name="orders", max_deliveries=max_deliveries)
    with pytest.raises(MessageTypeError):
        await send.send(wrong)
    with pytest.raises(MessageTypeError) as caught:
        send.send_nowait(wrong)
    assert str(caught.value) == (
        "channel 'orders' carries Order, but was given Cancel; "
        "send what it carries, or open the channel for Order | Cancel"
    )
    error = caught.value
    assert (error.channel, error.expected, error.got) == ("orders", "Order", "Cancel")
    assert send.statistics().sent == send.statistics().current_buffer_used == 0
    for message in (Order(), Urgent(), Urgent()):
        await send.send(message)
        assert await receive.receive() is message


def test_closed_and_broken_come_before_the_type() -> None:
    wrong: Any = ""
    send, receive = open_channel(int, 1)
    receive.close()
    with pytest.raises(trio.BrokenResourceError, match="'int' has no open receive end"):
        send.send_nowait(wrong)
    send.close()
    with pytest.raises(trio.ClosedResourceError, match="this end of channel 'int' is closed"):
        send.send_nowait(wrong)


async def test_the_statistics_count(autojump_clock: trio.testing.MockClock) -> None:
    send, receive = open_channel(int, 2)
    send.send_nowait(1)
    send.send_nowait(2)
    assert await receive.receive() == 1
    async with trio.open_nursery() as nursery:
        send.send_nowait(3)
        nursery.start_soon(send.send, 4)
        await trio.testing.wait_all_tasks_blocked()
        assert send.statistics() == ChannelStatistics(
            current_buffer_used=2,
            max_buffer_size=2,
            open_send_channels=1,
            open_receive_channels=1,
            tasks_waiting_send=1,
            tasks_waiting_receive=0,
            send_waiting_since=trio.current_time(),
            receive_waiting_since=None,
            oldest_age=0,
            peak_buffer_used=2,
            sent=3,
            received=1,
            dropped=0,
            dead=0,
            doomed=0,
            in_hand=0,
        )
        assert await receive.receive() == 2
    assert (send.statistics().sent, send.statistics().received) == (4, 2)
    receive.close()
    statistics = send.statistics()
    assert (statistics.current_buffer_used, statistics.received, statistics.left) == (0, 2, 2)


async def test_a_handed_over_message_counts_as_sent_and_received() -> None:
    send, receive = open_channel(int, 0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive.receive)
        await trio.testing.wait_all_tasks_blocked()
        send.send_nowait(1)
        assert (send.statistics().sent, send.statistics().received) == (1, 1)


@pytest.mark.parametrize("which", ["send end", "receive end"])
@pytest.mark.parametrize("max_deliveries", [None, 2])
async def test_finish_refuses_what_is_new_and_delivers_what_is_queued(
    which: str, max_deliveries: int | None
) -> None:
    send, receive = open_channel(int, 1, name="numbers", max_deliveries=max_deliveries)
    send.send_nowait(1)

    async def refused() -> None:
        with pytest.raises(trio.BrokenResourceError, match="'numbers' is finished"):
            await send.send(2)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(refused)
        await trio.testing.wait_all_tasks_blocked()
        end = send if which == "send end" else receive
        end.finish()
        end.finish()
    await refused()
    with pytest.raises(trio.BrokenResourceError):
        send.clone().send_nowait(3)
    assert await receive.receive() == 1
    with pytest.raises(trio.EndOfChannel):
        await receive.receive()
    with pytest.raises(trio.EndOfChannel):
        receive.receive_nowait()


@pytest.mark.parametrize("max_deliveries", [None, 2])
async def test_finish_wakes_who_waits_to_receive(max_deliveries: int | None) -> None:
    send, receive = open_channel(int, 1, max_deliveries=max_deliveries)
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            assert [message async for message in receive] == []

        nursery.start_soon(wait)
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        send.finish()
    send.close()
    send.finish()


async def test_a_cancelled_send_sends_nothing_and_a_cancelled_receive_takes_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    send, receive = open_channel(int, 1)
    send.send_nowait(1)
    with trio.move_on_after(1) as scope:
        await send.send(2)
    assert scope.cancelled_caught
    with trio.CancelScope() as scope:
        scope.cancel()
        await receive.receive()
    assert scope.cancelled_caught
    assert receive.receive_nowait() == 1
    with trio.move_on_after(1) as scope:
        await receive.receive()
    assert scope.cancelled_caught
    send.send_nowait(3)
    assert receive.statistics().current_buffer_used == 1
    assert receive.receive_nowait() == 3


async def test_who_was_given_a_message_keeps_it_though_cancelled_at_once() -> None:
    send, receive = open_channel(int, 0)
    got: list[int] = []
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                got.append(await receive.receive())

            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            send.send_nowait(1)
            scope.cancel()
    assert got == [1]


async def test_aclose_closes_though_cancelled() -> None:
    send, receive = open_channel(int, 1)
    with trio.CancelScope() as scope:
        scope.cancel()
        await send.aclose()
    assert scope.cancelled_caught
    assert send.statistics().open_send_channels == 0
    async with receive:
        pass
    async with send:
        pass
    assert send.statistics().open_receive_channels == 0


async def test_leaving_async_with_when_cancelled_does_not_hide_the_error_of_the_block() -> None:
    send, receive = open_channel(int, 1)

    async def block() -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            async with send, receive:
                raise KeyError

    with pytest.raises(KeyError):
        await block()
    assert send.statistics().open_send_channels == send.statistics().open_receive_channels == 0


def test_a_dead_letter_is_data() -> None:
    error = ValueError()
    letter = DeadLetter(channel="c", message=1, reason="r", attempts=2, error=error)
    assert letter == DeadLetter(channel="c", message=1, reason="r", attempts=2, error=error)
    with pytest.raises(AttributeError):
        letter.message = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
