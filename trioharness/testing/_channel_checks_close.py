"""Checks of closing: what becomes of what waits, of what is asked later, and of what was sent."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from operator import methodcaller
from typing import Final, cast

import trio

from ._channel_trial import BOUNDED, CLOSE, ROOM, End, Operation, Trial, promise

CROWD = 3
BODY: Final = LookupError("raised by the body of a block")


@promise("closing the send end ends the receives that wait: EndOfChannel")
async def close_ends_receive(trial: Trial) -> None:
    receivers = [trial.receiving() for _ in range(trial.crowd)]
    await trial.rest()
    await trial.closes(trial.send)
    for receiver in receivers:
        await trial.raises(receiver, trio.EndOfChannel, "as the send end was closed meanwhile")


@promise("what was sent before the send end was closed is received before the end comes", ROOM)
async def close_keeps_what_was_sent(trial: Trial) -> None:
    assert trial.setup.capacity is not None
    sent = range(int(min(trial.setup.capacity, CROWD)))
    await trial.returns(trial.sending(*sent), "where there is room")
    await trial.closes(trial.send)
    for number in sent:
        await trial.takes(number, "which was sent before the send end was closed")
    await trial.raises(trial.receiving(), trio.EndOfChannel, "when all was received")


@promise("send through a closed end raises ClosedResourceError")
async def closed_send(trial: Trial) -> None:
    await trial.closes(trial.send)
    await trial.raises(trial.sending(0), trio.ClosedResourceError, "on an end that is closed")


@promise("receive on a closed end raises ClosedResourceError, although a message is there")
async def closed_receive(trial: Trial) -> None:
    trial.sending(0)
    await trial.rest()
    await trial.closes(trial.receive)
    await trial.raises(trial.receiving(), trio.ClosedResourceError, "on an end that is closed")
    step = trial.stepping()
    await trial.raises(step, trio.ClosedResourceError, "on an end that is closed")


@promise("closing the send end fails its sends that wait, which send nothing", BOUNDED)
async def close_fails_own_send(trial: Trial) -> None:
    full = await trial.fill()
    senders = [trial.sending(full + number) for number in range(trial.crowd)]
    await trial.rest()
    await trial.closes(trial.send)
    for sender in senders:
        await trial.raises(sender, trio.ClosedResourceError, "as its end was closed meanwhile")
    for number in range(full):
        await trial.takes(number)
    await trial.raises(trial.receiving(), trio.EndOfChannel, "since those that waited failed")


@promise("closing the receive end fails its receives that wait: ClosedResourceError")
async def close_fails_own_receive(trial: Trial) -> None:
    receivers = [trial.receiving() for _ in range(trial.crowd)]
    await trial.rest()
    await trial.closes(trial.receive)
    for receiver in receivers:
        await trial.raises(receiver, trio.ClosedResourceError, "as its end was closed meanwhile")


@promise("send raises BrokenResourceError when the receive end is closed")
async def broken_send(trial: Trial) -> None:
    await trial.closes(trial.receive)
    for _ in range(2):
        await trial.raises(trial.sending(0), trio.BrokenResourceError, "with no receive end open")


@promise("closing the receive end fails the sends that wait: BrokenResourceError", BOUNDED)
async def close_breaks_send(trial: Trial) -> None:
    full = await trial.fill()
    senders = [trial.sending(full + number) for number in range(trial.crowd)]
    await trial.rest()
    await trial.closes(trial.receive)
    for sender in senders:
        await trial.raises(sender, trio.BrokenResourceError, "as the receive end was closed")


@promise("with both ends closed each says that it is closed, and nothing of the other")
async def closed_before_broken(trial: Trial) -> None:
    await trial.closes(trial.receive, trial.send)
    await _says_closed(trial, trial.send, "with both ends closed")
    await _says_closed(trial, trial.receive, "with both ends closed")


@promise("aclose may be called again, before and after the other end is closed, to no effect")
async def aclose_again(trial: Trial) -> None:
    await trial.closes(trial.send, trial.send, trial.receive, trial.receive, trial.send)
    await _says_closed(trial, trial.send, "on an end that is closed")


@promise("aclose of the send end closes it also in a cancelled scope")
async def cancelled_aclose_of_send(trial: Trial) -> None:
    await _close_cancelled(trial, trial.send)
    await _says_closed(trial, trial.send, "after aclose() in a cancelled scope")
    await trial.raises(trial.receiving(), trio.EndOfChannel, "after aclose() in a cancelled scope")


@promise("aclose of the receive end closes it also in a cancelled scope")
async def cancelled_aclose_of_receive(trial: Trial) -> None:
    await _close_cancelled(trial, trial.receive)
    await _says_closed(trial, trial.receive, "after aclose() in a cancelled scope")
    sender = trial.sending(0)
    await trial.raises(sender, trio.BrokenResourceError, "after aclose() in a cancelled scope")


@promise("async with gives the end itself, and closes it")
async def async_with(trial: Trial) -> None:
    for end in (trial.send, trial.receive):
        await _leaves(trial, end, _begin_async_with(trial, end, None), None)


@promise("async with closes the end also where its body raises, and lets the error through")
async def async_with_error(trial: Trial) -> None:
    for end in (trial.send, trial.receive):
        await _leaves(trial, end, _begin_async_with(trial, end, BODY), BODY)


@promise("close does at once what aclose does, and may be called again", CLOSE)
async def sync_close(trial: Trial) -> None:
    receivers = [trial.receiving() for _ in range(trial.crowd)]
    await trial.rest()
    for end in (trial.send, trial.send, trial.receive, trial.receive):
        trial.forget(end)
        closing = trial.now("close()", partial(methodcaller("close"), end))
        await trial.returns(closing)
    for receiver in receivers:
        await trial.raises(receiver, trio.EndOfChannel, "as the send end was closed meanwhile")
    for end in (trial.send, trial.receive):
        await _says_closed(trial, end, "after close()")


@promise("with closes the end as async with does, without waiting", CLOSE)
async def sync_with(trial: Trial) -> None:
    for end, error in ((trial.send, None), (trial.receive, BODY)):
        trial.forget(end)
        operation = trial.now("with", partial(_with, end, error))
        await _leaves(trial, end, operation, error)


def _with(end: End, error: Exception | None) -> object:
    with cast("AbstractContextManager[object]", end) as entered:
        if error is not None:
            raise error
        return entered


def _begin_async_with(trial: Trial, end: End, error: Exception | None) -> Operation:
    async def enter() -> object:
        async with end as entered:
            if error is not None:
                raise error
            return entered

    trial.forget(end)
    return trial.begin("async with", enter)


async def _leaves(trial: Trial, end: End, operation: Operation, error: Exception | None) -> None:
    """Expect that a block was left as its body was, and has closed the end."""
    if error is None:
        entered = await trial.returns(operation)
        trial.demand(entered is end, operation, f"give {end!r}", "")
    else:
        await trial.raises(operation, type(error), "as its body did")
    await trial.rest()
    await _says_closed(trial, end, f"after {operation.label}")


async def _close_cancelled(trial: Trial, end: End) -> None:
    operation = trial.closing(end, cancelled=True)
    await trial.ended(operation)
    right = operation.how in {"cancelled", "returned"}
    trial.demand(right, operation, "be cancelled or return", "in a cancelled scope")
    await trial.rest()


async def _says_closed(trial: Trial, end: End, when: str) -> None:
    call = trial.sending(0) if end is trial.send else trial.receiving()
    await trial.raises(call, trio.ClosedResourceError, when)


CHECKS = (
    close_ends_receive,
    close_keeps_what_was_sent,
    closed_send,
    closed_receive,
    close_fails_own_send,
    close_fails_own_receive,
    broken_send,
    close_breaks_send,
    closed_before_broken,
    aclose_again,
    cancelled_aclose_of_send,
    cancelled_aclose_of_receive,
    async_with,
    async_with_error,
    sync_close,
    sync_with,
)
