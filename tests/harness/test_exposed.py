"""Ends that are for those outside of the components too: `Harness.expose` and `Running.end`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.harness._pieces import figures, send_all, take_all


async def test_what_is_sent_in_the_block_arrives_and_the_end_of_the_block_is_the_last_of_it(
    autojump_clock: MockClock,
) -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 1)
    got: list[int] = []
    app.add(take_all, numbers, got)
    app.expose(out)
    async with app.open() as running:
        end = running.end(out)
        assert running.end(out) is end is running.end(end)
        for number in range(5):
            await end.send(number)
    assert got == [0, 1, 2, 3, 4]
    assert running.receipt().ended == "done"
    assert end.statistics().open_send_channels == 0


async def test_components_may_have_it_as_well(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 1)
    got: list[int] = []
    app.add(take_all, numbers, got)
    app.add(send_all, out, [1, 2])
    app.expose(out)
    async with app.open() as running:
        await trio.sleep(1)
        await running.end(out).send(3)
    assert sorted(got) == [1, 2, 3]


async def test_a_client_and_a_publisher_can_be_exposed(autojump_clock: MockClock) -> None:
    async def double(server: th.ReceiveChannel[th.Request[int, int]]) -> None:
        async for request in server:
            with request:
                request.reply(2 * request.message)

    app = th.Harness("shop")
    client, server = app.requests(int, int)
    publisher, topic = app.topic(int)
    heard: list[int] = []
    app.add(double, server)
    app.add(take_all, topic.subscribe(9), heard)
    app.expose(client, publisher)
    async with app.open() as running:
        assert await running.end(client).call(4) == 8
        await running.end(publisher).send(5)
    assert heard == [5]


async def test_a_drain_deals_with_what_was_sent_and_takes_no_more(
    autojump_clock: MockClock,
) -> None:
    async def take_slowly(end: th.ReceiveChannel[int]) -> None:
        async for _ in end:
            await trio.sleep(1)

    app = th.Harness("shop")
    out, numbers = app.channel(int, 9, name="numbers")
    app.add(take_slowly, numbers)
    app.expose(out)
    async with app.open() as running:
        end = running.end(out)
        await end.send_many(range(5))
        running.drain()
        await trio.sleep(0.5)
        with pytest.raises(trio.BrokenResourceError):
            await end.send(5)
    assert figures(running.receipt(), "numbers") == (5, 5, 0, 0)


def test_with_run_nobody_is_outside(virtual_time: None) -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 1)
    app.add(take_all, numbers, [])
    app.expose(out)
    assert app.run().ended == "done"


def test_an_exposed_end_is_a_side_of_its_channel() -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 1)
    app.expose(out)
    (finding,) = app.check()
    assert (finding.code, finding.subject) == ("TH102", "channel 'int'")
    app.add(take_all, numbers, [])
    assert app.check() == ()
    assert "from outside; to take_all" in app.graph().text()


async def test_what_is_not_exposed_is_for_components_alone(autojump_clock: MockClock) -> None:
    app = th.Harness("shop")
    out, numbers = app.channel(int, 1)
    app.add(take_all, numbers, [])
    app.add(send_all, out, [])
    async with app.open() as running:
        with pytest.raises(th.EndNotOpen, match="outside of the components; call expose"):
            running.end(out)


def a_receive_end(app: th.Harness) -> Any:
    return app.channel(int, 1)[1]


def a_topic(app: th.Harness) -> Any:
    return app.topic(int)[1]


def an_open_end(app: th.Harness) -> Any:
    return th.open_channel(int, 1)[0]


def an_end_of_another(app: th.Harness) -> Any:
    return th.Harness("other").channel(int, 1)[0]


@pytest.mark.parametrize("other", [a_receive_end, a_topic, an_open_end, an_end_of_another])
def test_nothing_else_can_be_exposed(other: Callable[[th.Harness], Any]) -> None:
    app = th.Harness("shop")
    with pytest.raises(th.ConfigurationError, match=r"harness 'shop': .* (exposed|declared here)"):
        app.expose(other(app))


async def test_a_stop_is_not_taken_for_the_end_of_the_input(
    autojump_clock: MockClock, events: list[th.Event]
) -> None:
    app = th.Harness("shop", observer=events.append)
    out, numbers = app.channel(int, 4)
    app.add(take_all, numbers, [], restart="permanent")
    app.expose(out)
    async with app.open() as running:
        running.stop("enough")
    assert [event for event in events if isinstance(event, th.ChildRestarting)] == []
