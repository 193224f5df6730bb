"""`filtered` and `mapped`: a receive end seen through a function."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock, assert_checkpoints

import trioharness as th
from trioharness.testing import check_channel

from .test_route import all_of, filled


def is_even(number: int) -> bool:
    return number % 2 == 0


async def test_only_some_are_shown() -> None:
    view = th.filtered(filled(1, 2, 3, 4, 5), is_even)
    with assert_checkpoints():
        assert await view.receive() == 2
    assert view.receive_nowait() == 4
    with pytest.raises(trio.EndOfChannel):
        await view.receive()


async def test_each_is_shown_changed() -> None:
    view = th.mapped(filled(1, 2, 3), str)
    assert await view.receive() == "1"
    assert await all_of(view) == ["2", "3"]


async def test_batches_leave_out_and_change() -> None:
    view = th.mapped(th.filtered(filled(1, 3, 2, 5, 4, 7), is_even), str)
    assert await view.receive_many(2) == ["2"]
    assert await view.receive_many(9) == ["4"]
    with pytest.raises(trio.EndOfChannel):
        await view.receive_many(9)


async def test_none_is_a_message_like_others() -> None:
    nothing: dict[int, None] = {}
    view = th.mapped(filled(1), nothing.get)
    assert await all_of(view) == [None]


async def test_cancelled_it_has_taken_nothing_that_it_shows() -> None:
    send, receive = th.open_channel(int, 9)
    view = th.filtered(receive, is_even)
    send.send_nowait(1)
    with trio.move_on_after(0) as scope:
        await view.receive()
    assert scope.cancelled_caught
    send.send_nowait(2)
    assert await view.receive() == 2
    assert send.statistics().received == 2


async def test_it_is_cloned_and_closed_like_the_end() -> None:
    send, receive = th.open_channel(int, 9)
    with th.filtered(receive, is_even) as view:
        clone = view.clone()
    with pytest.raises(trio.ClosedResourceError):
        await view.receive()
    send.send_nowait(4)
    assert clone.receive_nowait() == 4
    await clone.aclose()
    with pytest.raises(trio.BrokenResourceError):
        send.send_nowait(1)


async def test_it_is_handed_over_and_survives_restarts(autojump_clock: MockClock) -> None:
    got: list[str] = []

    async def collect(end: trio.abc.ReceiveChannel[str]) -> None:
        async for message in end:
            got.append(message)
            if got == ["2"]:
                raise ValueError

    async with th.open_supervisor("s") as sup:
        sup.start_soon(
            collect, th.mapped(th.filtered(filled(1, 2, 3, 4, max_deliveries=2), is_even), str)
        )
    assert got == ["2", "2", "4"]


async def test_what_the_end_can_do_the_view_can() -> None:
    send, receive = th.open_channel(int, 9, name="numbers")
    view = th.filtered(receive, is_even)
    assert view.channel is receive.channel
    assert view.statistics() == receive.statistics()
    assert repr(view) == f"<view by is_even of {receive!r}>"
    assert repr(th.mapped(receive, str)) == f"<view by str of {receive!r}>"
    view.finish()
    with pytest.raises(trio.BrokenResourceError):
        send.send_nowait(1)
    with pytest.raises(AttributeError):
        view._nothing  # noqa: B018


@pytest.mark.parametrize("view", [th.filtered, th.mapped])
def test_what_cannot_be_is_refused(view: Any) -> None:
    with pytest.raises(th.ConfigurationError, match="3 is no receive end"):
        view(3, is_even)
    with pytest.raises(th.ConfigurationError, match="3 is not callable"):
        view(filled(), 3)


async def test_it_passes_the_checks_of_a_channel() -> None:
    def open_ends() -> tuple[th.SendChannel[int], th.ReceiveView[int]]:
        send, receive = th.open_channel(int, 8)
        return send, th.filtered(receive, lambda _: True)

    await check_channel(open_ends, capacity=8, clones=True, nowait=True, close=True)
