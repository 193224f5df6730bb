"""Topics and requests of a harness: described like channels, opened anew in each run."""

from __future__ import annotations

from typing import Any

import pytest
import trio

import trioharness as th
from tests.harness._pieces import Order, send_all, send_orders, take_all


async def answer(server: th.ReceiveChannel[th.Request[int, str]]) -> None:
    async for request in server:
        request.reply(str(request.message))


async def ask(client: th.RequestClient[int, str], numbers: list[int], got: list[str]) -> None:
    for number in numbers:
        got.append(await client.call(number))


# topics


def test_each_subscription_gets_all_that_is_published() -> None:
    app = th.Harness("shop")
    publisher, numbers = app.topic(int, name="numbers")
    first, second = list[int](), list[int]()
    app.add(take_all, numbers.subscribe(2), first, name="first")
    app.add(take_all, numbers.subscribe(2, where=lambda n: n > 1), second, name="second")
    app.add(send_all, publisher, [1, 2, 3])
    for _ in range(2):
        receipt = app.run()
        assert (first, second) == ([1, 2, 3], [2, 3])
        assert [(c.name, c.sent, c.delivered) for c in receipt.channels] == [
            ("numbers-1", 3, 3),
            ("numbers-2", 2, 2),
        ]
        first.clear()
        second.clear()


def test_copies_share_a_subscription() -> None:
    app = th.Harness("shop")
    publisher, numbers = app.topic(int)
    got = list[int]()
    app.add(take_all, numbers.subscribe(9), got, copies=3)
    app.add(send_all, publisher, list(range(20)))
    app.run()
    assert sorted(got) == list(range(20))


def test_nothing_is_missed_by_a_subscriber_that_starts_late() -> None:
    app = th.Harness("shop")
    publisher, numbers = app.topic(int)
    got = list[int]()
    early = app.add(send_all, publisher, [1, 2, 3])
    app.add(take_all, numbers.subscribe(3), got, after=[early])
    app.run()
    assert got == [1, 2, 3]


@pytest.mark.usefixtures("virtual_time")
def test_a_component_may_subscribe_by_itself() -> None:
    async def listen(topic: th.Topic[int], *, task_status: th.TaskStatus[None]) -> None:
        with topic.subscribe(9) as end:
            task_status.started()
            assert await end.receive() == 1

    app = th.Harness("shop")
    publisher, numbers = app.topic(int)
    app.add(send_all, publisher, [1])
    app.add(listen, numbers)  # it starts first: it is a consumer of the topic
    assert app.run().channels == ()


@pytest.mark.usefixtures("virtual_time")
def test_a_component_that_subscribes_by_itself_may_need_the_publisher() -> None:
    async def publish(
        end: th.SendChannel[int], *, task_status: th.TaskStatus[th.SendChannel[int]]
    ) -> None:
        task_status.started(end)
        await trio.sleep(5)
        await end.send(1)

    async def listen(
        topic: th.Topic[int], *, publisher: th.SendChannel[int], task_status: th.TaskStatus[None]
    ) -> None:
        with topic.subscribe(9) as end:
            task_status.started()
            got.append(await end.receive())

    app, got = th.Harness("shop"), list[int]()
    publisher, numbers = app.topic(int)
    first = app.add(publish, publisher)
    app.add(listen, numbers, needs={"publisher": first})
    app.run()
    assert got == [1]


@pytest.mark.usefixtures("virtual_time")
@pytest.mark.parametrize("opened", [False, True])
def test_a_subscription_cannot_be_described_while_the_harness_runs(opened: bool) -> None:
    app = th.Harness("shop")
    _, numbers = app.topic(int, name="numbers")
    refused: list[str] = []

    async def subscribes() -> None:
        with pytest.raises(th.EndNotOpen) as caught:
            numbers.subscribe(1)
        refused.append(str(caught.value))

    app.add(subscribes)
    for _ in range(2):
        if opened:

            async def run() -> None:
                async with app.open():
                    pass

            trio.run(run)
        else:
            app.run()
    sentence = (
        "<declared topic 'numbers'>: it was asked for a subscription while the harness runs, "
        "which has made all its own; give it to a component as an argument of its own in add(): "
        "it gets a topic that it can subscribe to"
    )
    assert refused == [sentence, sentence]
    assert repr(app) == "<Harness 'shop': 1 components, 1 channels>"
    numbers.subscribe(1)  # for the next one
    assert repr(app) == "<Harness 'shop': 1 components, 2 channels>"


@pytest.mark.usefixtures("virtual_time")
def test_the_options_of_a_subscription_reach_it() -> None:
    """One that only counts what it missed is told nothing."""

    async def late(end: th.ReceiveChannel[int], got: list[object]) -> None:
        await trio.sleep(5)
        while True:
            try:
                got.append(await end.receive())
            except th.Lagged as lagged:
                got.append(f"missed {lagged.count}")
            except trio.EndOfChannel:
                return

    app = th.Harness("shop")
    publisher, numbers = app.topic(int)
    loud, silent = list[object](), list[object]()
    app.add(late, numbers.subscribe(1, overflow="drop_oldest"), loud, name="loud")
    app.add(
        late, numbers.subscribe(1, overflow="drop_oldest", lagged="count"), silent, name="silent"
    )
    app.add(send_all, publisher, [1, 2, 3])
    app.run()
    assert (loud, silent) == (["missed 2", 3], [3])


def test_a_subscription_survives_a_crash_and_its_dead_letters_are_written(tmp_path: Any) -> None:
    async def fail_at_two(end: th.ReceiveChannel[Order], got: list[int]) -> None:
        async for order in end:
            if order.number == 2:
                raise ValueError
            got.append(order.number)

    file = tmp_path / "dead.jsonl"
    app = th.Harness("shop", dead_letters=file)
    publisher, orders = app.topic(Order, name="orders")
    got = list[int]()
    app.add(fail_at_two, orders.subscribe(9, max_deliveries=2, name="for-two"), got)
    app.add(send_orders, publisher, [1, 2, 3])
    (receipt,) = app.run().channels
    assert got == [1, 3]
    assert (receipt.name, receipt.sent, receipt.delivered, receipt.dead) == ("for-two", 3, 2, 1)
    assert '"channel": "for-two"' in file.read_text(encoding="utf-8")


@pytest.mark.usefixtures("virtual_time")
def test_what_is_dropped_is_told_and_in_the_receipt(events: list[th.Event]) -> None:
    async def idle(end: th.ReceiveChannel[int]) -> None:
        await trio.sleep(5)

    app = th.Harness("shop", observer=events.append)
    publisher, numbers = app.topic(int, name="numbers")
    sender, receiver = app.channel(int, 1, overflow="drop_newest", name="queue")
    app.add(idle, numbers.subscribe(1, overflow="drop_oldest"), name="a")
    app.add(idle, receiver, name="b")
    app.add(send_all, publisher, [1, 2, 3], name="c")
    app.add(send_all, sender, [1, 2, 3, 4], name="d")
    receipt = app.run()
    dropped = {e.channel for e in events if isinstance(e, th.MessagesDropped)}
    assert dropped == {"numbers-1", "queue"}
    assert {c.name: (c.sent, c.dropped, c.left) for c in receipt.channels} == {
        "numbers-1": (3, 2, 1),
        "queue": (4, 3, 1),
    }
    assert "channel 'queue': 4 sent, 0 delivered, 3 dropped, 1 left" in str(receipt)


def drops(observer: th.Observer | None) -> th.Receipt:
    """The receipt of a run that drops messages."""

    async def idle(end: th.ReceiveChannel[int]) -> None:
        await trio.sleep(5)

    app = th.Harness("shop", observer=observer)
    sender, receiver = app.channel(int, 1, overflow="drop_newest", name="queue")
    app.add(idle, receiver)
    app.add(send_all, sender, [1, 2, 3])
    return app.run()


@pytest.mark.usefixtures("virtual_time")
def test_an_observer_that_fails_about_drops_spoils_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(event: th.Event) -> None:
        if isinstance(event, th.MessagesDropped):
            raise ValueError("bad observer")

    receipt = drops(fails)
    assert (receipt.channels[0].sent, receipt.channels[0].dropped) == (3, 2)
    assert "bad observer" in caplog.text
    assert "crashed" not in caplog.text


@pytest.mark.usefixtures("virtual_time")
def test_without_an_observer_drops_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    drops(None)
    told = [record for record in caplog.records if "dropped" in record.getMessage()]
    assert {(record.levelname, getattr(record, "channel", None)) for record in told} == {
        ("WARNING", "queue")
    }
    assert "'queue' is full and dropped a message (2 so far)" in caplog.text


# requests


@pytest.mark.usefixtures("virtual_time")
@pytest.mark.parametrize("room", [0, 1, 3])
def test_as_many_requests_may_wait_as_was_said(room: int) -> None:
    async def calls_in_vain(client: th.RequestClient[int, str]) -> None:
        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(client.call, number)
            await trio.sleep(1)
            queued.append(client.statistics().current_buffer_used)
            nursery.cancel_scope.cancel()

    async def idle(server: th.ReceiveChannel[th.Request[int, str]]) -> None:
        await trio.sleep(5)

    app, queued = th.Harness("shop"), list[int]()
    client, server = app.requests(int, str, room)
    app.add(idle, server)
    app.add(calls_in_vain, client)
    app.run()
    assert queued == [room]


def test_calls_and_their_receipt() -> None:
    app = th.Harness("shop")
    client, server = app.requests(int, str, name="asks")
    got = list[str]()
    app.add(answer, server, copies=2)
    app.add(ask, client, [1, 2], got)
    for run in (1, 2):
        (receipt,) = app.run().channels
        assert got == ["1", "2"] * run
        assert str(receipt) == (
            "channel 'asks': 2 sent, 2 delivered; 2 calls: 2 replied, 0 failed, 0 cancelled"
        )


@pytest.mark.usefixtures("virtual_time")
def test_a_responder_that_crashes_is_back_for_the_next_call() -> None:
    async def fail_once(server: th.ReceiveChannel[th.Request[int, str]]) -> None:
        async for request in server:
            if request.message == 1:
                raise ValueError
            request.reply("fine")

    async def ask_again(client: th.RequestClient[int, str], got: list[object]) -> None:
        for number in (1, 2):
            try:
                got.append(await client.call(number))
            except th.ResponderDied as error:
                got.append(error.error)

    app = th.Harness("shop")
    client, server = app.requests(int, str)
    got = list[object]()
    app.add(fail_once, server)
    app.add(ask_again, client, got)
    (receipt,) = app.run().channels
    assert got == ["ValueError()", "fine"]
    assert receipt.calls is not None
    assert (receipt.calls.made, receipt.calls.replied, receipt.calls.failed) == (2, 1, 1)


# what is said of them


def test_names() -> None:
    app = th.Harness("shop")
    app.channel(int, 1)
    app.requests(int, str)
    publisher, numbers = app.topic(int)
    first, second = numbers.subscribe(1), numbers.subscribe(1, name="mine")
    client, _ = app.requests(int, str, name="asks")
    assert [repr(each) for each in (publisher, numbers, first, second, client)] == [
        "<declared send end of topic 'int-3'>",
        "<declared topic 'int-3'>",
        "<declared receive end of subscription 'int-3-1'>",
        "<declared receive end of subscription 'mine'>",
        "<declared send end of requests 'asks'>",
    ]
    for declare in (
        lambda: app.channel(int, 1, name="mine"),
        lambda: app.topic(int, name="asks"),
        lambda: app.requests(int, str, name="int-3"),
        lambda: numbers.subscribe(1, name="asks"),
    ):
        with pytest.raises(th.DuplicateNameError, match="two of that name"):
            declare()
    assert repr(app) == "<Harness 'shop': 0 components, 6 channels>"


def test_those_of_another_harness_are_refused() -> None:
    other, app = th.Harness("other"), th.Harness("shop")
    publisher, numbers = other.topic(int)
    client, _ = other.requests(int, str)
    got: list[int] = []
    for end, cure in (
        (publisher, "topic()"),
        (numbers, "topic()"),
        (numbers.subscribe(1), "topic()"),
        (client, "requests()"),
    ):
        with pytest.raises(th.ConfigurationError, match="declared by another harness") as caught:
            app.add(take_all, end, got)
        assert cure in str(caught.value)


def test_a_subscription_that_cannot_be_is_refused() -> None:
    app = th.Harness("shop")
    _, numbers = app.topic(int)
    loosely: Any = numbers
    with pytest.raises(th.ConfigurationError, match="-1"):
        numbers.subscribe(-1)
    with pytest.raises(th.ConfigurationError, match="'error' would have"):
        loosely.subscribe(1, overflow="error")
    assert repr(app) == "<Harness 'shop': 0 components, 1 channels>"


def test_a_topic_that_is_marked_as_it_is_is_refused() -> None:
    """As an end is: the harness would not put the topic of the run in its place."""
    app = th.Harness("shop")
    publisher, numbers = app.topic(int, name="numbers")
    for each in (publisher, numbers):
        with pytest.raises(th.EndNotOpen, match=r"marked with as_is\(\), but exists only while"):
            app.add(take_all, th.as_is(each), [])
    assert repr(app) == "<Harness 'shop': 0 components, 1 channels>"


def test_a_topic_is_no_topic_yet() -> None:
    _, numbers = th.Harness("shop").topic(int, name="numbers")
    with pytest.raises(th.EndNotOpen, match=r"<declared topic 'numbers'>.*only while the harness"):
        numbers.statistics()
    assert not hasattr(numbers, "_nothing")
