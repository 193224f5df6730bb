"""Topics: every subscriber gets every message, with a bound of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, TypeAlias, TypeVar, final

import attrs
from typing_extensions import TypeForm

from .._errors import ConfigurationError
from .._events import MessagesDropped
from .._util import NoPublicConstructor
from ._channel import Channel, open_dead
from ._dead_letter import DeadLetter
from ._drops import DropTeller
from ._options import check_deliveries, check_functions, check_name, check_overflow, check_size
from ._overflow import POLICIES
from ._publishing import TopicState
from ._receive import ReceiveChannel
from ._report import describe, read_statistics
from ._send import SendChannel
from ._statistics import ChannelStatistics
from ._subscription import (
    CountedSubscriptionState,
    PlainSubscriptionState,
    Subscription,
    SubscriptionState,
)
from ._types import TypeCheck

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

SubscriptionOverflow: TypeAlias = Literal["wait", "drop_oldest", "drop_newest", "latest"]
"""What a publish does where a subscription is full; see `Topic.subscribe`."""


@final
@attrs.define(eq=False, repr=False)
class Topic(Generic[T_co], metaclass=NoPublicConstructor):
    """Where to subscribe, from `open_topic`.

    It cannot publish, and it has nothing to close: give it to whoever may listen. A subscription
    that is to survive the restart of a component is made outside and handed over to it, as a
    channel end is; a component that subscribes by itself begins anew with each incarnation.
    """

    _state: TopicState
    _channel: Channel[T_co]
    _copy: Callable[[T_co], T_co] | None
    _observer: Callable[[MessagesDropped], None] | None

    def __repr__(self) -> str:
        return describe(self._state, self, closed=False)

    @property
    def name(self) -> str:
        """What `open_topic` was told to call it, else the type it carries."""
        return self._state.name

    def subscribe(
        self,
        max_buffer_size: float,
        *,
        overflow: SubscriptionOverflow = "wait",
        where: Callable[[T_co], bool] | None = None,
        lagged: Literal["raise", "count"] = "raise",
        max_deliveries: int | None = None,
        name: str | None = None,
    ) -> ReceiveChannel[T_co]:
        """Subscribe to what is published from now on.

        What comes back is a receive end like that of a channel: use it in ``with``, receive one by
        one or in batches, hand it over to a component. Its clones share one subscription, and each
        message goes to one of them; for every one to get each message, subscribe for each. It ends
        when its last clone is closed, or, once all is received, when no publisher is open any more.
        Its `finish` ends this subscription alone, and publishers do not notice.

        Whatever a subscriber missed, it is told, in the place of what is missing: the next receive
        raises `Lagged` with the number of messages, once, and the one after it goes on behind them.

        Args:
            max_buffer_size: How many messages may wait for this subscriber: a whole number, or
                ``math.inf`` for no limit. With 0 each message needs a receive that waits for it.
            overflow: What a publish does when so many wait already.

                - ``"wait"``: it gives the message to all others, and waits for this one.
                - ``"drop_oldest"``: it drops what has been queued here for longest, to make room.
                - ``"drop_newest"``: it drops the message for this subscriber.
                - ``"latest"``: this subscriber keeps the newest alone; `max_buffer_size` is 1.
            where: Says of each message whether this subscriber wants it, before it is queued and
                before it is copied. It is called by the publisher, so it must not block. What it
                raises is told to the subscriber, in a `FilterFailed` from its next receive, once
                the message counts as sent; the message is not queued then.
            lagged: ``"count"`` only counts what was missed, as ``dropped`` of the statistics.
            max_deliveries: As for `open_channel`: a message whose receiver crashed is delivered
                again, and becomes a dead letter in the end.
            name: What to call it in errors, events and numbers; if not given, the topic's name and
                a number.

        Returns:
            The receive end.

        Raises:
            ConfigurationError: An option has a value that no subscription can have.
        """
        check_size(max_buffer_size)
        _check_subscription(overflow, lagged)
        check_overflow(overflow, max_buffer_size)
        check_deliveries(max_deliveries)
        check_name(name)
        check_functions(where=where)
        topic = self._state
        topic.subscribed += 1
        name = f"{topic.name}-{topic.subscribed}" if name is None else name
        subscription = Subscription(topic, where, lagged == "raise")
        state, dead = self._open(name, max_buffer_size, subscription, max_deliveries)
        state.overflow = POLICIES[overflow]
        if self._observer is not None:
            state.teller = DropTeller(self._observer, name, overflow)
        topic.add(state)
        channel = Channel[T_co]._create(state, dead, self._channel)
        return ReceiveChannel[T_co]._create(state, channel)

    def _open(
        self,
        name: str,
        max_buffer_size: float,
        subscription: Subscription,
        max_deliveries: int | None,
    ) -> tuple[SubscriptionState, ReceiveChannel[DeadLetter[T_co]] | None]:
        check, copy = self._state.check, self._copy
        if max_deliveries is None:
            state = PlainSubscriptionState(
                name, max_buffer_size, check, copy=copy, subscription=subscription
            )
            return state, None
        dead_state, dead = open_dead(name)
        counted = CountedSubscriptionState(
            name,
            max_buffer_size,
            check,
            copy=copy,
            subscription=subscription,
            max_deliveries=max_deliveries,
            dead_letters=dead_state,
        )
        return counted, dead

    def statistics(self) -> ChannelStatistics:
        """Return the numbers of the topic at this moment.

        They are those of a channel in which nothing is ever queued: ``sent`` is what was published,
        ``open_receive_channels`` how many subscriptions there are. What each of them has received,
        holds and has dropped is in its own numbers, and so is whether a publisher waits for it.
        """
        return read_statistics(self._state)


def _check_subscription(overflow: object, lagged: object) -> None:
    if overflow == "error":
        raise ConfigurationError(
            "overflow",
            "'error' would have a full subscriber fail the publisher, for all others too",
            "write 'drop_newest', and the subscriber is told what it missed",
        )
    if lagged not in ("raise", "count"):
        raise ConfigurationError(
            "lagged",
            f"{lagged!r} is nothing that can be done about missed messages",
            "write 'raise' or 'count'",
        )


def open_topic(
    message_type: TypeForm[T],
    *,
    name: str | None = None,
    copy: Callable[[T], T] | None = None,
    observer: Callable[[MessagesDropped], None] | None = None,
) -> tuple[SendChannel[T], Topic[T]]:
    """Open a topic: what is sent into its publisher goes to every subscriber.

    The publisher is a send end like that of a channel: clone it, hand it over, close it; when the
    last one is closed the subscriptions end. Each subscriber chooses how much may wait for it and
    what happens then; see `Topic.subscribe`. Not for work that is to be done once: that is a
    channel. Without subscribers, what is published is gone.

    A message goes to all subscribers at once, at one checkpoint. Only for those that are full, and
    chose ``overflow="wait"``, does `SendChannel.send` wait, until each of them has the message or
    is gone; all see the same messages in the same order. `SendChannel.send_nowait` raises
    `trio.WouldBlock` where it would have to wait, and then nobody got the message.

    If a send is cancelled while it waits, or its publisher is closed then: who had room has the
    message, and to those it waited for it counts as missed, so they are told with `Lagged`. If
    nobody had room it was not sent at all: nobody is told that it was missed, and no filter that
    failed for it is told of. For `SendChannel.send_many` this holds of each message;
    ``progress.sent`` counts those that anybody has got, so sending the rest again doubles nothing.

    Args:
        message_type: What the topic carries: a class, a union (``Tick | Halt``) or any other type
            form. The class of each message is checked; arguments of generics are not.
        name: What to call it in errors, events and numbers; the type, if not given.
        copy: Called with each message once for each subscriber that gets it, which gets what it
            returns. What it raises, the send raises, and nothing was sent. Without it, all
            subscribers share the message with the publisher.
        observer: Told when a subscription drops messages, as for `open_channel`, with the name of
            the subscription.

    Returns:
        The publisher and the topic.

    Raises:
        ConfigurationError: An option has a value that no topic can have.
    """
    check = TypeCheck(message_type)
    check_name(name)
    check_functions(copy=copy, observer=observer)
    state = TopicState(check.label if name is None else name, 0, check)
    channel = Channel[T]._create(state, None)
    publisher = SendChannel[T]._create(state, channel)
    return publisher, Topic[T]._create(state, channel, copy, observer)
