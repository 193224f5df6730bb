"""Checks of what a channel may have: clones, nowait, one task at a time, two ways."""

from __future__ import annotations

from typing import cast

import trio

from ._channel_trial import (
    BOUNDED,
    BUSY,
    CLONES,
    NOWAIT,
    TWO_WAY,
    ReceiveEnd,
    SendEnd,
    Trial,
    promise,
)

# Where deliveries are counted, what an end has received last is still in its hand, and goes back
# when the end is closed. So no check closes an end that has received while another is open.


@promise(
    "a message goes to one of the clones of the receive end, whichever send end it came through",
    CLONES,
)
async def clones_share(trial: Trial) -> None:
    other_send = await trial.clone(trial.send)
    other_receive = await trial.clone(trial.receive)
    receivers = [trial.receiving()]
    await trial.rest()
    receivers.append(trial.receiving(via=other_receive))
    await trial.rest()
    await trial.returns(trial.sending(0, via=other_send), "while a receiver waits")
    await trial.returns(trial.sending(1), "while a receiver waits")
    await trial.gives(receivers[0], 0, "as it began to wait before that on the clone")
    await trial.gives(receivers[1], 1, "through the clone")


@promise("the channel ends when its last send end is closed, each counted once", CLONES)
async def last_send_end(trial: Trial) -> None:
    other = await trial.clone(trial.send)
    receiver = trial.receiving()
    await trial.rest()
    await trial.closes(trial.send, trial.send)
    await trial.waits(receiver, "with one send end still open")
    await trial.returns(trial.sending(0, via=other), "through the end that is open")
    await trial.gives(receiver, 0)
    receiver = trial.receiving()
    await trial.rest()
    await trial.closes(other)
    await trial.raises(receiver, trio.EndOfChannel, "as all send ends are closed")


@promise("sends break when the last receive end is closed, each counted once", CLONES)
async def last_receive_end(trial: Trial) -> None:
    other = await trial.clone(trial.receive)
    await trial.closes(other, other)
    sender = trial.sending(0)
    await trial.takes(0, "through the end that is open")
    await trial.returns(sender, "with one receive end still open")
    await trial.closes(trial.receive)
    await trial.raises(trial.sending(1), trio.BrokenResourceError, "with no receive end open")


@promise("closing one receive end leaves what is queued to the others", CLONES)
async def queue_outlives_an_end(trial: Trial) -> None:
    other = await trial.clone(trial.receive)
    sender = trial.sending(0)
    await trial.rest()
    await trial.closes(trial.receive)
    await trial.takes(0, "through the end that is open", via=other)
    await trial.returns(sender, "with one receive end still open")


@promise("closing a receive end fails what waits on it, and nothing that waits on a clone", CLONES)
async def receive_clone_closes_alone(trial: Trial) -> None:
    other = await trial.clone(trial.receive)
    here, there = trial.receiving(), trial.receiving(via=other)
    await trial.rest()
    await trial.closes(trial.receive)
    await trial.raises(here, trio.ClosedResourceError, "as its end was closed meanwhile")
    await trial.waits(there, "on another end than the one that was closed")
    await trial.returns(trial.sending(0), "while a receiver waits")
    await trial.gives(there, 0)


@promise("closing a send end fails what waits on it, and nothing on a clone", CLONES, BOUNDED)
async def send_clone_closes_alone(trial: Trial) -> None:
    other = await trial.clone(trial.send)
    full = await trial.fill()
    here, there = trial.sending(full), trial.sending(full + 1, via=other)
    await trial.rest()
    await trial.closes(trial.send)
    await trial.raises(here, trio.ClosedResourceError, "as its end was closed meanwhile")
    await trial.waits(there, "on another end than the one that was closed")
    for number in (*range(full), full + 1):
        await trial.takes(number)
    await trial.returns(there, "once its message was received")


@promise("clone of a closed end raises ClosedResourceError", CLONES)
async def closed_clone(trial: Trial) -> None:
    for end in (trial.send, trial.receive):
        await trial.closes(end)
        await trial.raises(trial.cloning(end), trio.ClosedResourceError, "of a closed end")


@promise("send_nowait sends where send would not wait, and fails where it would fail", NOWAIT)
async def send_nowait(trial: Trial) -> None:
    receiver = trial.receiving()
    await trial.rest()
    await trial.returns(trial.sending_now(0), "while a receiver waits")
    await trial.gives(receiver, 0)
    await trial.closes(trial.receive)
    broken = trial.sending_now(1)
    await trial.raises(broken, trio.BrokenResourceError, "with no receive end open")
    await trial.closes(trial.send)
    await trial.raises(trial.sending_now(1), trio.ClosedResourceError, "on a closed end")


@promise("receive_nowait takes what is there, and says if nothing is, or if it is the end", NOWAIT)
async def receive_nowait(trial: Trial) -> None:
    await trial.raises(trial.receiving_now(), trio.WouldBlock, "while nothing was sent")
    sender = trial.sending(0)
    await trial.rest()
    await trial.gives(trial.receiving_now(), 0, "which is there")
    await trial.returns(sender, "once its message was received")
    await trial.raises(trial.receiving_now(), trio.WouldBlock, "when all has been received")
    await trial.closes(trial.send)
    await trial.raises(trial.receiving_now(), trio.EndOfChannel, "after the send end was closed")
    await trial.closes(trial.receive)
    await trial.raises(trial.receiving_now(), trio.ClosedResourceError, "on a closed end")


@promise("send_nowait refuses what there is no room for, and sends nothing then", NOWAIT, BOUNDED)
async def send_nowait_when_full(trial: Trial) -> None:
    for number in range(trial.capacity):
        await trial.returns(trial.sending_now(number), "where there is room")
    refused = trial.sending_now(trial.capacity)
    await trial.raises(refused, trio.WouldBlock, "in a full channel")
    for number in range(trial.capacity):
        await trial.takes(number)
    await trial.waits(trial.receiving(), "since the last send_nowait was refused")


@promise("send_nowait takes no room that a waiting sender has been given", NOWAIT, BOUNDED)
async def send_nowait_in_turn(trial: Trial) -> None:
    full = await trial.fill()
    sender = trial.sending(full)
    await trial.waits(sender, "in a full channel")
    # At capacity 0 it is the waiting sender's own message that is received.
    received, late = trial.receiving_now(), trial.sending_now(full + 1)
    await trial.gives(received, 0)
    await trial.raises(late, trio.WouldBlock, "as a sender that waited has the room")
    await trial.returns(sender, "after one message was received")


@promise("receive_nowait takes no message that a waiting receiver has been given", NOWAIT)
async def receive_nowait_in_turn(trial: Trial) -> None:
    receiver = trial.receiving()
    await trial.waits(receiver, "while nothing was sent")
    sent, late = trial.sending_now(0), trial.receiving_now()
    await trial.returns(sent, "while a receiver waits")
    await trial.raises(late, trio.WouldBlock, "as a receiver that waited has the message")
    await trial.gives(receiver, 0)


@promise("of two receives at once the second raises BusyResourceError, the first goes on", BUSY)
async def busy_receive(trial: Trial) -> None:
    first = trial.receiving()
    await trial.waits(first, "while nothing was sent")
    await trial.raises(trial.receiving(), trio.BusyResourceError, "while another one waits")
    await trial.waits(first, "while nothing was sent")
    sender = trial.sending(0)
    await trial.gives(first, 0)
    await trial.returns(sender)


@promise(
    "of two sends at once the second raises BusyResourceError, the first goes on", BUSY, BOUNDED
)
async def busy_send(trial: Trial) -> None:
    full = await trial.fill()
    first = trial.sending(full)
    await trial.waits(first, "in a full channel")
    await trial.raises(trial.sending(full + 1), trio.BusyResourceError, "while another one waits")
    for number in range(full + 1):
        await trial.takes(number)
    await trial.returns(first, "once its message was received")
    await trial.waits(trial.receiving(), "since the other send was refused")


@promise("each end receives what the other one sends, and not what itself sends", TWO_WAY)
async def two_ways(trial: Trial) -> None:
    there, back = _ways_back(trial)
    trial.sending(0)
    await trial.rest()
    own = trial.receiving(via=back)
    await trial.waits(own, "as only this end itself has sent")
    trial.sending(1, via=there)
    await trial.gives(own, 1, "which the other end sent")
    await trial.takes(0, "which the other end sent")


@promise("a full channel is full one way only", TWO_WAY, BOUNDED)
async def full_one_way(trial: Trial) -> None:
    there, back = _ways_back(trial)
    full = await trial.fill()
    await trial.waits(trial.sending(full), "in a full channel")
    sender = trial.sending(full + 1, via=there)
    await trial.takes(full + 1, "while the other way is full", via=back)
    await trial.returns(sender, "while the other way is full")


@promise("closing an end closes both ways", TWO_WAY)
async def close_both_ways(trial: Trial) -> None:
    there, back = _ways_back(trial)
    own = trial.receiving(via=back)
    await trial.rest()
    await trial.closes(trial.send)
    await trial.raises(own, trio.ClosedResourceError, "as its end was closed meanwhile")
    await trial.raises(trial.sending(0), trio.ClosedResourceError, "on an end that is closed")
    await trial.raises(trial.receiving(), trio.EndOfChannel, "as the other end was closed")
    sender = trial.sending(0, via=there)
    await trial.raises(sender, trio.BrokenResourceError, "as the other end was closed")


def _ways_back(trial: Trial) -> tuple[SendEnd, ReceiveEnd]:
    """Return the ends as they are for the way back."""
    return cast("SendEnd", trial.receive), cast("ReceiveEnd", trial.send)


CHECKS = (
    clones_share,
    last_send_end,
    last_receive_end,
    queue_outlives_an_end,
    receive_clone_closes_alone,
    send_clone_closes_alone,
    closed_clone,
    send_nowait,
    receive_nowait,
    send_nowait_when_full,
    send_nowait_in_turn,
    receive_nowait_in_turn,
    busy_receive,
    busy_send,
    two_ways,
    full_one_way,
    close_both_ways,
)
