"""What type checkers see of topics. Never run: mypy and pyright check it.

An expected error is an ignore that the checkers would report as unused if the error went away.
"""

from __future__ import annotations

from copy import deepcopy
from typing import assert_type

from trioharness import Harness
from trioharness.channels import (
    ChannelStatistics,
    ReceiveChannel,
    SendChannel,
    SubscriptionOverflow,
    Topic,
    open_topic,
)


class Tick:
    price: float = 1.0


class Late(Tick):
    pass


class Halt:
    pass


async def a_class() -> None:
    publisher, topic = open_topic(Tick)
    assert_type(publisher, SendChannel[Tick])
    assert_type(topic, Topic[Tick])
    assert_type(topic.statistics(), ChannelStatistics)
    with topic.subscribe(8) as ticks:
        assert_type(ticks, ReceiveChannel[Tick])
        assert_type(await ticks.receive(), Tick)
    await publisher.send(Late())
    await publisher.send(Halt())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def unions_and_variance() -> None:
    publisher, topic = open_topic(Tick | Halt, copy=deepcopy)
    assert_type(topic, Topic[Tick | Halt])
    narrower: SendChannel[Tick] = publisher
    wider: Topic[object] = topic
    wrong: Topic[Tick] = topic  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del narrower, wider, wrong


def options() -> None:
    def cheap(tick: Tick) -> bool:
        return tick.price < 2

    def of_halts(halt: Halt) -> bool:
        return bool(halt)

    _, topic = open_topic(Tick, name="ticks", observer=print)
    word: SubscriptionOverflow = "latest"
    topic.subscribe(1, overflow=word, lagged="count", max_deliveries=2, name="chart")
    topic.subscribe(1, where=cheap)
    topic.subscribe(1, where=lambda tick: tick.price < 2)
    topic.subscribe(1, where=of_halts)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    topic.subscribe(1, overflow="error")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    topic.subscribe(1, lagged="ignore")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def described() -> None:
    app = Harness()
    publisher, topic = app.topic(Tick)
    assert_type(publisher, SendChannel[Tick])
    assert_type(topic, Topic[Tick])
    assert_type(topic.subscribe(5), ReceiveChannel[Tick])
