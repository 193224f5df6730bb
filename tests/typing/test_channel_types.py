"""What type checkers see of channels. Never run: mypy and pyright check it.

An expected error is an ignore that the checkers would report as unused if the error went away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from copy import deepcopy
from typing import assert_type

import trio

from trioharness._events import Event, InHand
from trioharness.channels import (
    Channel,
    ChannelStatistics,
    DeadLetter,
    Overflow,
    ReceiveChannel,
    SendChannel,
    SendProgress,
    open_channel,
)


class Order:
    pass


class Urgent(Order):
    pass


class Cancel:
    pass


async def a_class() -> None:
    send, receive = open_channel(Order, 8)
    assert_type(send, SendChannel[Order])
    assert_type(receive, ReceiveChannel[Order])
    assert_type(send.clone(), SendChannel[Order])
    assert_type(receive.clone(), ReceiveChannel[Order])
    assert_type(await receive.receive(), Order)
    assert_type(receive.receive_nowait(), Order)
    assert_type(await receive.receive_many(3), list[Order])
    assert_type(receive.batches(3, within=0.5), AsyncIterator[list[Order]])
    async for order in receive:
        assert_type(order, Order)
    async for batch in receive.batches(3):
        assert_type(batch, list[Order])
    await send.send(Urgent())
    await send.send(Cancel())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    send.send_nowait(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await send.send_many((Order(), Urgent()), progress=SendProgress())
    await send.send_many([Cancel()])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def options() -> None:
    def observe(event: Event) -> None: ...

    def copy_order(order: Order) -> Order:
        return order

    def copy_cancel(cancel: Cancel) -> Cancel:
        return cancel

    ends = open_channel(Order, 8, copy=copy_order, observer=observe, overflow="drop_oldest")
    assert_type(ends, tuple[SendChannel[Order], ReceiveChannel[Order]])
    assert_type(open_channel(Order | Cancel, 8, copy=deepcopy)[0], SendChannel[Order | Cancel])
    word: Overflow = "latest"
    open_channel(Order, 1, overflow=word)
    open_channel(Order, 8, overflow="drop")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    open_channel(Order, 8, copy=copy_cancel)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    open_channel(Order, 8, observer=print, name=8)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def unions_and_generics() -> None:
    send, receive = open_channel(Order | Cancel, 8)
    assert_type(send, SendChannel[Order | Cancel])
    assert_type(await receive.receive(), Order | Cancel)
    await send.send(Cancel())
    assert_type(open_channel(list[int], 8)[1], ReceiveChannel[list[int]])
    assert_type(open_channel(Order | None, 8)[1], ReceiveChannel[Order | None])
    assert_type(open_channel(object, float("inf"))[1], ReceiveChannel[object])


def the_channel() -> None:
    send, receive = open_channel(Order, 8, name="orders", max_deliveries=3)
    assert_type(send.channel, Channel[object])
    assert_type(receive.channel, Channel[Order])
    assert_type(receive.channel.dead, ReceiveChannel[DeadLetter[Order]])
    assert_type(receive.channel.dead.receive_nowait().message, Order)
    assert_type(receive.statistics(), ChannelStatistics)
    assert_type(receive.settle(None), tuple[InHand, ...])
    with send as same_send, receive as same_receive:
        assert_type(same_send, SendChannel[Order])
        assert_type(same_receive, ReceiveChannel[Order])


def variance() -> None:
    send, receive = open_channel(Order, 8)
    narrower: SendChannel[Urgent] = send
    wider: ReceiveChannel[Order | Cancel] = receive
    trio_send: trio.abc.SendChannel[Urgent] = send
    trio_receive: trio.abc.ReceiveChannel[object] = receive
    wrong_send: SendChannel[object] = send  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    wrong_receive: ReceiveChannel[Urgent] = receive  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del narrower, wider, trio_send, trio_receive, wrong_send, wrong_receive


def bad_options() -> None:
    open_channel(Order, "8")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    open_channel(8, 8)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    open_channel(Order, 8, max_deliveries=1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
