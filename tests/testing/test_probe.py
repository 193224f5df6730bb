"""A component between two probes, and what a failed expectation says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio

import trioharness as th
from tests.testing.virtual import virtual
from trioharness.testing import ChannelProbe, ChannelProbes, Faults, leak_check


async def doubler(numbers: th.ReceiveChannel[int], doubles: th.SendChannel[int]) -> None:
    async for number in numbers:
        await trio.sleep(1)
        await doubles.send(2 * number)


@virtual
async def test_a_component_between_two_probes() -> None:
    with leak_check():
        with ChannelProbe(int) as numbers, ChannelProbe(int) as doubles:
            async with th.open_supervisor("shop") as shop:
                shop.start_soon(doubler, numbers.receive_end, doubles.send_end)
                numbers.feed(1, 2, 3)
                assert not doubles.sent
                assert await doubles.next(within=5) == 2
                assert trio.current_time() == 1
                numbers.close()
                await trio.sleep(1.5)  # not when it sends: who goes first then is chance
                assert list(doubles.sent) == [2, 4]
                assert await doubles.next(within=0) == 4
            assert list(doubles.sent) == [2, 4, 6]
            assert await doubles.next(within=0) == 6
            with pytest.raises(AssertionError, match="channel 'int': all its senders have ended"):
                await doubles.next(within=5)
            assert trio.current_time() == 3
        del numbers, doubles


@virtual
async def test_it_bears_restarts_and_delivers_again() -> None:
    with ChannelProbe(int, max_deliveries=2) as numbers, ChannelProbe(int) as doubles:
        async with th.open_supervisor("shop") as shop:
            broken = Faults().crash_on_message(doubler, 2)
            shop.start_soon(broken, numbers.receive_end, doubles.send_end)
            numbers.feed(1, 2)
            numbers.close()
        assert list(doubles.sent) == [2, 4]
        assert numbers.channel.statistics().received == 2


@virtual
async def test_a_failure_says_what_came() -> None:
    with ChannelProbe(int, name="doubles") as doubles:
        with pytest.raises(AssertionError) as caught:
            await doubles.next(within=2.5)
        assert str(caught.value) == (
            "channel 'doubles': nothing was sent within 2.5 s; there was no message before"
        )
        assert trio.current_time() == 2.5
        for number in range(7):
            await doubles.send_end.send(number)
            assert await doubles.next(within=0) == number
        with pytest.raises(AssertionError, match=r"7 before: …, 2, 3, 4, 5, 6$"):
            await doubles.next(within=2.5)


@virtual
async def test_waiting_is_a_checkpoint_and_loses_nothing() -> None:
    with ChannelProbe(int) as doubles:
        await doubles.send_end.send(1)
        with trio.CancelScope() as scope:
            scope.cancel()
            await doubles.next(within=1)
        assert scope.cancelled_caught
        with trio.testing.assert_checkpoints():
            assert await doubles.next(within=1) == 1


@virtual
async def test_who_sends_into_a_closed_probe_is_told() -> None:
    with ChannelProbe(int) as doubles:
        send = doubles.send_end
        await send.send(1)
        doubles.close()
        with pytest.raises(trio.BrokenResourceError):
            await send.send(2)
        assert doubles.sent == (1,)


@virtual
async def test_what_is_fed_is_of_the_type() -> None:
    numbers: ChannelProbe[object] = ChannelProbe(int)
    with numbers, pytest.raises(th.MessageTypeError):
        numbers.feed("1")


WRONG: list[tuple[Callable[[ChannelProbe[int]], object], Callable[[ChannelProbe[int]], object]]] = [
    (lambda probe: probe.feed(1), lambda probe: probe.send_end),
    (lambda probe: probe.receive_end, lambda probe: probe.sent),
    (lambda probe: probe.sent, lambda probe: probe.receive_end),
    (lambda probe: probe.send_end, lambda probe: probe.feed(1)),
]


@pytest.mark.parametrize(("first", "second"), WRONG)
def test_it_does_one_of_both(
    first: Callable[[ChannelProbe[int]], object], second: Callable[[ChannelProbe[int]], object]
) -> None:
    with ChannelProbe(int) as probe:
        first(probe)
        with pytest.raises(th.ConfigurationError, match="give the component another ChannelProbe"):
            second(probe)


@virtual
async def test_what_makes_probes_closes_them_all() -> None:
    with ChannelProbes() as channel_probe:
        numbers, texts = channel_probe(int, name="numbers"), channel_probe(str, max_deliveries=2)
        texts.feed("a")
        await numbers.send_end.send(1)
        assert (await numbers.next(within=1), texts.channel.statistics().left) == (1, 1)
    for probe in (numbers, texts):
        figures = probe.channel.statistics()
        assert (figures.open_send_channels, figures.open_receive_channels) == (0, 0)
