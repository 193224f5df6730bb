"""What the tests of channels with `max_deliveries` share."""

from __future__ import annotations

import math

from trioharness._events import InHand
from trioharness.channels import ReceiveChannel, SendChannel, open_channel

Ends = tuple[SendChannel[str], ReceiveChannel[str]]

CRASH = ValueError("bad message")


def filled(*messages: str, max_deliveries: int = 2, max_buffer_size: float = math.inf) -> Ends:
    """A channel that holds some messages."""
    send, receive = open_channel(str, max_buffer_size, name="work", max_deliveries=max_deliveries)
    for message in messages:
        send.send_nowait(message)
    return send, receive


def drain(end: ReceiveChannel[str]) -> list[str]:
    """Everything that is queued; acknowledges all but the last message."""
    messages: list[str] = []
    while end.statistics().current_buffer_used:
        messages.append(end.receive_nowait())
    return messages


def story(told: tuple[InHand, ...]) -> list[tuple[str, int, str]]:
    return [(each.message.strip("'"), each.attempt, each.fate) for each in told]


def exhaust(receive: ReceiveChannel[str]) -> None:
    """Crash on the next message until it is a dead letter."""
    life = receive.clone()
    life.receive_nowait()
    life.settle(CRASH)
    life.close()
