"""Checks of delivery: order, waiting, room, and whose turn it is."""

from __future__ import annotations

from typing import Any

import trio

from ._channel_trial import BOUNDED, SHARED, UNBOUNDED, Failed, Operation, Trial, promise

MANY = 20
CROWD = 3
ENDLESS = 1_000


@promise(
    "the ends are a trio.abc.SendChannel and a trio.abc.ReceiveChannel, or two trio.abc.Channel"
)
async def interface(trial: Trial) -> None:
    both = trio.abc.Channel if trial.setup.two_way else None
    for end, cls in ((trial.send, trio.abc.SendChannel), (trial.receive, trio.abc.ReceiveChannel)):
        expected = both or cls
        if not isinstance(end, expected):
            raise Failed(f"expected {end!r} to be a trio.abc.{expected.__name__}, but it is none")
    await trial.rest()


@promise("messages are received in the order in which they were sent, each of them once")
async def order(trial: Trial) -> None:
    sender = trial.sending(*range(MANY))
    for number in range(MANY):
        await trial.takes(number, f"after {number} others, in the order of sending")
    await trial.returns(sender)
    await trial.waits(trial.receiving(), "when all that was sent has been received")


@promise("receive waits while there is nothing to receive, and takes what is sent then")
async def receive_waits(trial: Trial) -> None:
    receiver = trial.receiving()
    await trial.waits(receiver, "while nothing was sent")
    sender = trial.sending(0)
    await trial.returns(sender, "while a receiver waits")
    await trial.gives(receiver, 0, "once that was sent")


@promise(
    "as many messages wait as the capacity says, then send waits, until one is received", BOUNDED
)
async def back_pressure(trial: Trial) -> None:
    number = await trial.fill()
    sender = trial.sending(number)
    await trial.waits(sender, f"with {number} of {number} messages queued and no receiver")
    await trial.takes(0)
    await trial.returns(sender, "after one message was received")
    await trial.waits(trial.sending(number + 1), "since one receive makes room for one message")


@promise("send never waits where the capacity is math.inf", UNBOUNDED)
async def no_back_pressure(trial: Trial) -> None:
    await trial.returns(trial.sending(*range(ENDLESS)), f"{ENDLESS} messages without a receiver")
    await trial.takes(0)


@promise("senders that wait are served in the order in which they began to", BOUNDED, SHARED)
async def senders_in_turn(trial: Trial) -> None:
    full = await trial.fill()
    senders: list[Operation] = []
    for number in range(full, full + CROWD):
        senders.append(trial.sending(number))
        await trial.waits(senders[-1], "in a full channel")
    for number in range(full + CROWD):
        await trial.takes(number, "in the order in which the senders began to wait")
    for sender in senders:
        await trial.returns(sender, "once its message was received")


@promise("receivers that wait are served in the order in which they began to", SHARED)
async def receivers_in_turn(trial: Trial) -> None:
    receivers: list[Operation] = []
    for _ in range(CROWD):
        receivers.append(trial.receiving())
        await trial.waits(receivers[-1], "while nothing was sent")
    sender = trial.sending(*range(CROWD))
    for number, receiver in enumerate(receivers):
        await trial.gives(receiver, number, f"to number {number + 1} of those that wait")
    await trial.returns(sender)


@promise("async for gives every message, and ends by itself when the send end is closed")
async def async_for(trial: Trial) -> None:
    async def send() -> None:
        for number in range(CROWD):
            await trial.send.send(trial.message(number))
        await trial.send.aclose()

    async def receive() -> list[Any]:
        return [message async for message in trial.receive]

    trial.forget(trial.send)
    sender = trial.begin("three sends and an aclose()", send)
    receiver = trial.begin("async for", receive)
    got = await trial.returns(receiver, "after the send end was closed")
    expected = [trial.message(number) for number in range(CROWD)]
    trial.demand(got == expected, receiver, f"give {expected!r}", "")
    await trial.returns(sender)


@promise("the end stays: every receive after it raises EndOfChannel, and async for is over at once")
async def end_stays(trial: Trial) -> None:
    await trial.closes(trial.send)
    for when in ("after the send end was closed", "again, as the end has come before"):
        await trial.raises(trial.receiving(), trio.EndOfChannel, when)
    step = trial.stepping()
    await trial.raises(step, StopAsyncIteration, "after the end")


CHECKS = (
    interface,
    order,
    receive_waits,
    back_pressure,
    no_back_pressure,
    senders_in_turn,
    receivers_in_turn,
    async_for,
    end_stays,
)
