"""Checks of checkpoints and of cancellation: it takes nothing, sends nothing, loses nothing."""

from __future__ import annotations

from collections import deque

import trio

from ._channel_trial import BOUNDED, ROOM, Operation, Trial, promise

RACES = 16
"""Rounds of each race; a cancel comes a few steps later from round to round."""
STEPS = 4


@promise("send is a checkpoint also where a receiver waits already")
async def send_is_a_checkpoint(trial: Trial) -> None:
    receiver = trial.receiving()
    await trial.waits(receiver, "while nothing was sent")
    await trial.yields(trial.sending(0), "while a receiver waits")
    await trial.gives(receiver, 0)


@promise("send is a checkpoint also where there is room", ROOM)
async def send_into_room_is_a_checkpoint(trial: Trial) -> None:
    await trial.yields(trial.sending(0), "where there is room")


@promise("receive and a step of async for are checkpoints also where a message is there already")
async def receive_is_a_checkpoint(trial: Trial) -> None:
    trial.sending(0, 1)
    await trial.rest()
    await trial.yields(trial.receiving(), "where a message is there")
    await trial.rest()
    step = trial.stepping()
    await trial.yields(step, "where a message is there")


@promise("aclose is a checkpoint, also of an end that is closed already")
async def aclose_is_a_checkpoint(trial: Trial) -> None:
    for end in (trial.send, trial.receive):
        await trial.yields(trial.closing(end))
        await trial.yields(trial.closing(end), "of an end that is closed already")


@promise("a cancelled call is cancelled also where it could only raise: at an end closed or broken")
async def errors_come_after_cancellation(trial: Trial) -> None:
    await trial.closes(trial.receive)
    await trial.is_cancelled(trial.sending(0, cancelled=True), "with no receive end open")
    await trial.is_cancelled(trial.receiving(cancelled=True), "on an end that is closed")
    await trial.closes(trial.send)
    await trial.is_cancelled(trial.sending(0, cancelled=True), "on an end that is closed")


@promise("a cancelled receive is cancelled also at the end of the channel")
async def end_comes_after_cancellation(trial: Trial) -> None:
    await trial.closes(trial.send)
    await trial.is_cancelled(trial.receiving(cancelled=True), "at the end of the channel")


@promise("send in a cancelled scope sends nothing, although a receiver waits")
async def cancelled_before_send(trial: Trial) -> None:
    receiver = trial.receiving()
    await trial.waits(receiver, "while nothing was sent")
    await trial.is_cancelled(trial.sending(0, cancelled=True), "in a cancelled scope")
    await trial.waits(receiver, "since a cancelled send sends nothing")
    sender = trial.sending(1)
    await trial.gives(receiver, 1, "since the send before was cancelled")
    await trial.returns(sender)


@promise("receive in a cancelled scope takes nothing, although a message is there")
async def cancelled_before_receive(trial: Trial) -> None:
    trial.sending(0)
    await trial.rest()
    await trial.is_cancelled(trial.receiving(cancelled=True), "in a cancelled scope")
    await trial.takes(0, "since the receive before was cancelled")


@promise("a send that is cancelled while it waits sends nothing", BOUNDED)
async def cancelled_send(trial: Trial) -> None:
    full = await trial.fill()
    sender = trial.sending(full)
    await trial.waits(sender, "in a full channel")
    await _cancel(trial, sender)
    later = trial.sending(full + 1)
    await trial.waits(later, "in a full channel")
    for number in (*range(full), full + 1):
        await trial.takes(number, f"since the send of message number {full} was cancelled")
    await trial.returns(later)


@promise("a receive that is cancelled while it waits takes nothing")
async def cancelled_receive(trial: Trial) -> None:
    receiver = trial.receiving()
    await trial.waits(receiver, "while nothing was sent")
    await _cancel(trial, receiver)
    trial.sending(0)
    await trial.takes(0, "since the receive before was cancelled")


@promise("a receive that is cancelled in the moment it is served has the message, or left it there")
async def cancelled_as_it_receives(trial: Trial) -> None:
    for number in range(RACES):
        receiver = trial.receiving()
        await trial.waits(receiver, "while nothing was sent")
        sender = trial.sending(number)
        await _cancel_soon(trial, receiver, number % STEPS)
        if receiver.how == "cancelled":
            await trial.takes(number, "since the receive before was cancelled")
        else:
            await trial.gives(receiver, number, "in a race with a cancel")
        await trial.returns(sender)
    await trial.waits(trial.receiving(), "when all that was sent has been received")


@promise(
    "a send that is cancelled in the moment it is served has sent, or its message is not", BOUNDED
)
async def cancelled_as_it_sends(trial: Trial) -> None:
    number = await trial.fill()
    queued = deque(range(number))
    for race in range(RACES):
        sender = trial.sending(number)
        await trial.waits(sender, "in a full channel")
        receiver = trial.receiving()
        await _cancel_soon(trial, sender, race % STEPS)
        await trial.rest()
        if sender.how != "cancelled":
            await trial.returns(sender, "in a race with a cancel")
            queued.append(number)
        else:  # so that there is room now, or a receiver still waits
            await trial.returns(trial.sending(number + 1), "after a send was cancelled")
            queued.append(number + 1)
        await trial.gives(receiver, queued.popleft(), "in a race of sends with cancels")
        number += 2


async def _cancel(trial: Trial, operation: Operation) -> None:
    operation.scope.cancel(reason="a check of the channel cancels what waits")
    await trial.is_cancelled(operation, "while it waits")


async def _cancel_soon(trial: Trial, operation: Operation, steps: int) -> None:
    """Cancel an operation a few steps from now, and wait until it has ended."""

    async def cancel() -> None:  # noqa: ASYNC910 - one that comes at once is as good
        for _ in range(steps):
            await trio.lowlevel.checkpoint()
        operation.scope.cancel(reason="a check of the channel races with it")

    await trial.returns(trial.begin("a cancel", cancel))
    await trial.ended(operation)


CHECKS = (
    send_is_a_checkpoint,
    send_into_room_is_a_checkpoint,
    receive_is_a_checkpoint,
    aclose_is_a_checkpoint,
    errors_come_after_cancellation,
    end_comes_after_cancellation,
    cancelled_before_send,
    cancelled_before_receive,
    cancelled_send,
    cancelled_receive,
    cancelled_as_it_sends,
    cancelled_as_it_receives,
)
