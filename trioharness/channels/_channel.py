"""Channels: bounded, in order, typed, between tasks of one process."""

from __future__ import annotations

import math
from typing import Generic, TypeVar, final

import attrs
from typing_extensions import TypeForm

from .._errors import ConfigurationError
from .._util import NoPublicConstructor
from ._counted import CountedState, DeadState
from ._dead_letter import DEAD_BUFFER_SIZE, DeadLetter
from ._receive import ReceiveChannel
from ._send import SendChannel
from ._state import ChannelState
from ._statistics import ChannelStatistics
from ._types import TypeCheck

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@final
@attrs.define(eq=False, repr=False)
class Channel(Generic[T_co], metaclass=NoPublicConstructor):
    """What all ends of one channel share, reached as `end.channel`.

    For looking at the channel as a whole: it cannot send or receive. Two ends belong to the same
    channel if their `channel` is the same object.
    """

    _state: ChannelState
    _dead: ReceiveChannel[DeadLetter[T_co]] | None

    def __repr__(self) -> str:
        return self._state.describe(type(self).__name__, closed=False)

    @property
    def name(self) -> str:
        """What `open_channel` was told to call it, else the type it carries."""
        return self._state.name

    @property
    def dead(self) -> ReceiveChannel[DeadLetter[T_co]]:
        """The receive end of this channel's dead letters, always the same object.

        It is an end like any other: clone it, hand it to a component. It holds 64 letters. When it
        is full, the next message that has had all its deliveries stays in front of this channel,
        and receivers wait until there is room: so have it read, or close it if nobody is to. Once
        all its ends are closed, dead letters are only counted. It ends by itself when all receive
        ends of this channel are closed.

        Raises:
            ConfigurationError: The channel was opened without `max_deliveries`.
        """
        if self._dead is None:
            raise ConfigurationError(
                f"channel {self.name!r}",
                "it has no dead letters, because its deliveries are not counted",
                "open it with max_deliveries=3, say",
            )
        return self._dead

    def statistics(self) -> ChannelStatistics:
        """Return the numbers of the channel at this moment."""
        return self._state.statistics()


def open_channel(
    message_type: TypeForm[T],
    max_buffer_size: float,
    *,
    name: str | None = None,
    max_deliveries: int | None = None,
) -> tuple[SendChannel[T], ReceiveChannel[T]]:
    """Open a channel and return its two ends; messages flow from left to right.

    It behaves as `trio.open_memory_channel` does, and adds types that are checked on every send,
    batches, numbers, and messages that outlive the crash of their receiver. Not for other threads
    or processes, nor for one message to many receivers.

    Args:
        message_type: What the channel carries: a class, a union (``Order | Cancel``) or any other
            type form. The class of each message is checked; arguments of generics are not.
        max_buffer_size: How many messages may wait before `send` blocks: a whole number, or
            ``math.inf`` for no limit. With 0 each send waits for its receiver.
        name: What to call it in errors, events and numbers; the type, if not given.
        max_deliveries: How many receivers a message may crash before it becomes a dead letter.
            Each message is then delivered at least once: one that was in hand when its
            receiver crashed is delivered again. Without it, what a crashed receiver had is gone.

    Returns:
        The send end and the receive end.

    Raises:
        ConfigurationError: An option has a value that no channel can have.
    """
    check = TypeCheck(message_type)
    _check_options(max_buffer_size, max_deliveries)
    name = check.label if name is None else name
    state: ChannelState
    dead: ReceiveChannel[DeadLetter[T]] | None = None
    if max_deliveries is None:
        state = ChannelState(name, max_buffer_size, check)
    else:
        dead_state = DeadState(f"{name}.dead", DEAD_BUFFER_SIZE, TypeCheck(DeadLetter))
        state = CountedState(
            name, max_buffer_size, check, max_deliveries=max_deliveries, dead_letters=dead_state
        )
        dead_channel = Channel[DeadLetter[T]]._create(dead_state, None)
        dead = ReceiveChannel[DeadLetter[T]]._create(dead_state, dead_channel)
    channel = Channel[T]._create(state, dead)
    return SendChannel[T]._create(state, channel), ReceiveChannel[T]._create(state, channel)


def _check_options(max_buffer_size: object, max_deliveries: object) -> None:
    if max_buffer_size != math.inf and not _is_whole(max_buffer_size, 0):
        raise ConfigurationError(
            "max_buffer_size",
            f"{max_buffer_size!r} is no number of messages",
            "give a whole number, 0 or more, or math.inf",
        )
    if max_deliveries is not None and not _is_whole(max_deliveries, 1):
        raise ConfigurationError(
            "max_deliveries",
            f"{max_deliveries!r} is no number of deliveries",
            "give a whole number, 1 or more, or None to count none",
        )


def _is_whole(number: object, least: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= least
