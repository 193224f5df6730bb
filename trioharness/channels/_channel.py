"""Channels: bounded, in order, typed, between tasks of one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, final

import attrs
import trio
from typing_extensions import TypeForm

from .._errors import ConfigurationError
from .._events import MessagesDropped
from .._util import NoPublicConstructor
from ._counted import CountedState, DeadState
from ._dead_letter import DEAD_BUFFER_SIZE, DeadLetter
from ._drops import DropTeller
from ._options import check_deliveries, check_functions, check_name, check_overflow, check_size
from ._overflow import POLICIES, Overflow
from ._receive import ReceiveChannel
from ._report import describe, read_statistics, read_waiters
from ._send import SendChannel
from ._state import ChannelState
from ._statistics import ChannelStatistics
from ._types import TypeCheck
from ._waiter import Waiter

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
    _source: Channel[T_co] | None = None

    def __repr__(self) -> str:
        return describe(self._state, self, closed=False)

    @property
    def name(self) -> str:
        """What `open_channel` was told to call it, else the type it carries."""
        return self._state.name

    @property
    def source(self) -> Channel[T_co]:
        """What the messages come from: for a subscription its topic, else the channel itself.

        An end that sends into this one feeds every end that has the same source.
        """
        return self if self._source is None else self._source

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
        return read_statistics(self._state)

    def waiters(self) -> tuple[Waiter, ...]:
        """Return the tasks that wait to send or to receive, those that wait longest first.

        For a look at a program that stands still. What waits in `select` is not among them, nor who
        waits for a reply.

        Raises:
            RuntimeError: It was called outside of trio.
        """
        return tuple(read_waiters(self._state, trio.current_time()))


def open_dead(name: str) -> tuple[DeadState, ReceiveChannel[DeadLetter[Any]]]:
    """Open what the dead letters of a channel of that name go into."""
    state = DeadState(f"{name}.dead", DEAD_BUFFER_SIZE, TypeCheck(DeadLetter))
    channel = Channel[DeadLetter[Any]]._create(state, None)
    return state, ReceiveChannel[DeadLetter[Any]]._create(state, channel)


def open_channel(
    message_type: TypeForm[T],
    max_buffer_size: float,
    *,
    overflow: Overflow = "wait",
    max_deliveries: int | None = None,
    name: str | None = None,
    copy: Callable[[T], T] | None = None,
    observer: Callable[[MessagesDropped], None] | None = None,
) -> tuple[SendChannel[T], ReceiveChannel[T]]:
    """Open a channel and return its two ends; messages flow from left to right.

    It behaves as `trio.open_memory_channel` does, and adds types that are checked on every send,
    batches, numbers, and messages that outlive the crash of their receiver. Not for other threads
    or processes, nor for one message to many receivers: that is `open_topic`.

    Args:
        message_type: What the channel carries: a class, a union (``Order | Cancel``) or any other
            type form. The class of each message is checked; arguments of generics are not.
        max_buffer_size: How many messages may wait before `send` blocks: a whole number, or
            ``math.inf`` for no limit. With 0 each send waits for its receiver.
        overflow: What a send does when the channel is full and nobody waits to receive. What is
            dropped counts as sent, and is counted as dropped.

            - ``"wait"``: it waits for room; `SendChannel.send_nowait` raises `trio.WouldBlock`.
            - ``"drop_oldest"``: it drops what has been queued for longest, to make room. With a
              `max_buffer_size` of 0 there is nothing older than the message itself.
            - ``"drop_newest"``: it drops its own message.
            - ``"latest"``: the channel keeps the newest message alone, and never returns an older
              one to its front; its `max_buffer_size` is 1.
            - ``"error"``: it raises `trio.WouldBlock`.
        max_deliveries: How many receivers a message may crash before it becomes a dead letter.
            Each message is then delivered at least once: one that was in hand when its
            receiver crashed is delivered again, unless it is dropped first where ``overflow`` says
            so. Without it, what a crashed receiver had is gone.
        name: What to call it in errors, events and numbers; the type, if not given.
        copy: Called with each message when it is sent; what it returns is what is received, so
            that sender and receiver share nothing. It is called before the send waits, and for all
            messages of a batch before the first is sent; what it raises, the send raises, and
            nothing was sent. It may use the channel itself: what it sends comes first, and where it
            closes the channel the send fails as any other. `copy.deepcopy` will do for plain data.
            Without it, messages are passed by reference.
        observer: Told when messages are dropped, as a `MessagesDropped`: the first time at once,
            then once a second at most. It is called by the send that drops, or by what ends the
            channel, when that is done; it must not block or raise.

    Returns:
        The send end and the receive end.

    Raises:
        ConfigurationError: An option has a value that no channel can have.
    """
    check = TypeCheck(message_type)
    check_size(max_buffer_size)
    check_overflow(overflow, max_buffer_size)
    check_deliveries(max_deliveries)
    check_name(name)
    check_functions(copy=copy, observer=observer)
    name = check.label if name is None else name
    state: ChannelState
    dead: ReceiveChannel[DeadLetter[T]] | None = None
    if max_deliveries is None:
        state = ChannelState(name, max_buffer_size, check, copy=copy)
    else:
        dead_state, dead = open_dead(name)
        state = CountedState(
            name,
            max_buffer_size,
            check,
            copy=copy,
            max_deliveries=max_deliveries,
            dead_letters=dead_state,
        )
    state.overflow = POLICIES[overflow]
    state.teller = None if observer is None else DropTeller(observer, name, overflow)
    channel = Channel[T]._create(state, dead)
    return SendChannel[T]._create(state, channel), ReceiveChannel[T]._create(state, channel)
