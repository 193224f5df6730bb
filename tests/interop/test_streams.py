"""Channels as anyio's streams, and its streams as channels: the same messages, the same errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import anyio
import pytest
import trio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from anyio.streams.stapled import StapledObjectStream
from trio.testing import MockClock

import trioharness as th
from trioharness.interop import from_anyio, to_anyio
from trioharness.testing import check_channel, run


def there_and_back(capacity: float) -> tuple[Any, Any]:
    """Our ends as streams, and these as ends again: what is lost on the way shows."""
    send, receive = th.open_channel(int, capacity)
    return from_anyio(to_anyio(send)), from_anyio(to_anyio(receive))


def anyios(capacity: float) -> tuple[Any, Any]:
    send, receive = anyio.create_memory_object_stream[int](capacity)
    return from_anyio(send), from_anyio(receive)


SENT_THOUGH_CANCELLED = ["cancelled_as_it_sends", "cancel_storm", "cancel_storm_at_many"]
"""The race of anyio's that tests/testing/test_check_channel.py tells of."""


@pytest.mark.parametrize("capacity", [0, 1, 3, math.inf])
@pytest.mark.parametrize(("opens", "but"), [(there_and_back, []), (anyios, SENT_THOUGH_CANCELLED)])
def test_both_ways_pass_the_conformance_checks(
    capacity: float, opens: Callable[[float], tuple[Any, Any]], but: list[str]
) -> None:
    check = partial(check_channel, partial(opens, capacity), capacity=capacity, but=but)
    report = run(partial(check, clones=True, nowait=True, close=True, shared=True))
    assert len(report.checked) > 20
    assert report.left_out == tuple(name for name in report.left_out if name in but)


async def test_a_stream_has_anyios_errors() -> None:
    ends = th.open_channel(int, 1, name="numbers")
    send: Any = to_anyio(ends[0])
    receive: Any = to_anyio(ends[1])
    assert (isinstance(send, ObjectSendStream), isinstance(receive, ObjectReceiveStream)) == (1, 1)
    with pytest.raises(anyio.WouldBlock):
        receive.receive_nowait()
    await send.send(1)
    with pytest.raises(anyio.WouldBlock):
        send.send_nowait(2)
    with pytest.raises(th.MessageTypeError):
        await send.send("no number")
    await send.aclose()
    with pytest.raises(anyio.ClosedResourceError, match="this end of channel 'numbers' is closed"):
        await send.send(1)
    with pytest.raises(anyio.ClosedResourceError):
        send.clone()
    assert [number async for number in receive] == [1]
    with pytest.raises(anyio.EndOfStream):
        await receive.receive()


async def test_a_send_to_nobody_fails_in_the_words_of_both() -> None:
    send, receive = th.open_channel(int, 1)
    receive.close()
    with pytest.raises(anyio.BrokenResourceError, match="has no open receive end"):
        await to_anyio(send).send(1)
    sender, receiver = anyio.create_memory_object_stream[int](1)
    receiver.close()
    async with from_anyio(sender) as end:
        with pytest.raises(trio.BrokenResourceError):
            await end.send(1)


async def test_both_close_without_waiting_where_the_other_does() -> None:
    send, receive = th.open_channel(int, 1)
    stream: Any = to_anyio(send)
    with stream as same:
        assert same is stream
    with pytest.raises(trio.ClosedResourceError):
        send.send_nowait(1)
    stream = to_anyio(receive)
    stream.close()
    with pytest.raises(trio.ClosedResourceError):
        receive.receive_nowait()


async def test_busy_is_busy_in_both() -> None:
    class Busy(trio.abc.ReceiveChannel[int]):
        async def receive(self) -> int:
            await trio.lowlevel.checkpoint()
            raise trio.BusyResourceError

        async def aclose(self) -> None:
            await trio.lowlevel.checkpoint()

    stream = to_anyio(Busy())
    with pytest.raises(anyio.BusyResourceError):
        await stream.receive()
    with pytest.raises(trio.BusyResourceError):
        await from_anyio(stream).receive()
    assert not hasattr(stream, "clone")
    assert not hasattr(from_anyio(stream), "clone")
    await stream.aclose()


async def test_what_they_are_is_seen() -> None:
    send, _ = th.open_channel(int, 1, name="numbers")
    stream: Any = to_anyio(send)
    assert repr(stream).endswith("as a stream of anyio>")
    back = cast("Callable[[Any], Any]", from_anyio)(stream)
    assert repr(back).endswith("as a stream of anyio> as an end of a channel>")
    assert stream.statistics() == send.statistics() == back.statistics()
    assert not hasattr(stream, "colour")
    assert not hasattr(back, "colour")


@pytest.mark.parametrize("change", [to_anyio, from_anyio])
def test_nothing_else_can_be_changed(change: Callable[[Any], Any]) -> None:
    with pytest.raises(th.ConfigurationError, match="7 is no"):
        change(7)


def test_what_goes_both_ways_is_neither() -> None:
    send, receive = anyio.create_memory_object_stream[int](1)
    with send, receive:
        both: Any = StapledObjectStream(send, receive)
        with pytest.raises(th.ConfigurationError, match="of one direction"):
            from_anyio(both)


async def test_a_stream_of_ours_is_handed_over_as_its_end(autojump_clock: MockClock) -> None:
    """What is in hand when a component crashes comes back, through a stream as well."""
    got: list[int] = []

    async def worker(numbers: ObjectReceiveStream[int]) -> None:
        async for number in numbers:
            got.append(number)
            if got == [1, 2]:
                raise ValueError

    send, receive = th.open_channel(int, 9, max_deliveries=3)
    with trio.fail_after(5):
        async with th.open_supervisor(observer=lambda _: None) as sup:
            child = sup.start_soon(worker, to_anyio(receive))
            with send:
                await send.send_many([1, 2, 3])
    assert got == [1, 2, 2, 3]
    assert (child.state, child.incarnation) == ("complete", 2)


async def test_an_end_of_an_anyio_stream_is_handed_over_as_the_stream(
    autojump_clock: MockClock,
) -> None:
    got: list[int] = []

    async def worker(numbers: trio.abc.ReceiveChannel[int]) -> None:
        async for number in numbers:
            got.append(number)
            if number == 1:
                raise ValueError

    send, receive = anyio.create_memory_object_stream[int](9)
    with trio.fail_after(5):
        async with th.open_supervisor(observer=lambda _: None) as sup:
            sup.start_soon(worker, from_anyio(receive))
            sup.start_soon(worker, from_anyio(receive), name="beside")  # closed only once
            async with from_anyio(send) as end:
                for number in range(4):
                    await end.send(number)
    assert sorted(got) == [0, 1, 2, 3]
    assert receive.statistics().open_receive_streams == 0
