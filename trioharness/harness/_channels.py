"""The channels, topics and requests of a harness: described once, opened anew in each run."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Literal, NoReturn, TypeAlias, TypeVar, cast, final

import attrs
from typing_extensions import TypeForm

from .._errors import ConfigurationError, DuplicateNameError, EndNotOpen
from .._events import MessagesDropped
from .._util import type_name
from ..channels import (
    Overflow,
    ReceiveChannel,
    Request,
    RequestClient,
    SendChannel,
    SubscriptionOverflow,
    Topic,
    open_channel,
    open_requests,
    open_topic,
)
from ._declared import DeclaredChannel, DeclaredEnd, not_open
from ._isolation import Isolation, check_isolation, copy_for

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")

DropObserver: TypeAlias = Callable[[MessagesDropped], None]
Opened: TypeAlias = "dict[DeclaredChannel, OpenChannel]"


@attrs.frozen(eq=False)
class OpenChannel:
    """What a declared channel is in one run."""

    send: SendChannel[Any] | None
    """Its send end; None for a subscription."""
    receive: ReceiveChannel[Any] | None
    """Its receive end; None for a topic."""
    topic: Topic[Any] | None = None


@final
@attrs.frozen(eq=False, repr=False)
class DeclaredTopic:
    """Where to subscribe, before a topic exists: to the type checker it is that topic."""

    declared: DeclaredChannel
    _channels: DeclaredChannels

    def __repr__(self) -> str:
        return f"<declared topic {self.declared.name!r}>"

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute.startswith("_") or attribute == "declared":
            raise AttributeError(attribute)  # as in `DeclaredEnd`
        raise self.not_open(f"it was asked for {attribute!r}")

    def not_open(self, use: str) -> EndNotOpen:
        """Return the error for a use that only the topic itself could be put to."""
        return not_open(repr(self), use)

    def subscribe(
        self,
        max_buffer_size: float,
        *,
        overflow: SubscriptionOverflow = "wait",
        where: Callable[[Any], bool] | None = None,
        lagged: Literal["raise", "count"] = "raise",
        max_deliveries: int | None = None,
        name: str | None = None,
    ) -> ReceiveChannel[Any]:
        """Describe a subscription, which each run makes before anything is started.

        Args:
            max_buffer_size: As for `Topic.subscribe`, like all else.
            overflow: What a publish does where it is full.
            where: Which messages it wants.
            lagged: Whether its subscriber is told what it missed.
            max_deliveries: As for `Harness.channel`.
            name: Its name in receipts and errors; that of the topic and a number by default.

        Returns:
            The receive end, as an argument for `Harness.add`.

        Raises:
            ConfigurationError: An option cannot be, or the harness has a channel of that name.
            EndNotOpen: The harness runs, which has made its subscriptions.
        """
        if self._channels.runs:
            raise EndNotOpen(
                repr(self),
                "it was asked for a subscription while the harness runs, which has made its own",
                "give it to a component as an argument of its own in add(), and subscribe there",
            )

        def subscribed(topic: Topic[Any], name: str | None) -> ReceiveChannel[Any]:
            return topic.subscribe(
                max_buffer_size,
                overflow=overflow,
                where=where,
                lagged=lagged,
                max_deliveries=max_deliveries,
                name=name,
            )

        above = self.declared
        with subscribed(open_topic(above.message_type, name=above.name)[1], name):
            pass  # opened to be checked
        name = self._channels.free_name(f"{above.name}-1", name)
        declared = DeclaredChannel(
            "subscription",
            name,
            above.message_type,
            max_deliveries,
            max_buffer_size,
            overflow,
            of=above,
        )

        def open_it(opened: Opened, _: DropObserver) -> OpenChannel:
            topic = opened[above].topic
            assert topic is not None
            return OpenChannel(None, subscribed(topic, declared.name))

        self._channels.add(declared, open_it)
        return cast("ReceiveChannel[Any]", DeclaredEnd(declared, sends=False))


@attrs.define(eq=False)
class DeclaredChannels:
    """All that a harness was described with that messages go through."""

    isolation: Isolation = "shared"
    """What sender and receiver share, where nothing else is said."""
    _openers: dict[DeclaredChannel, Callable[[Opened, DropObserver], OpenChannel]] = attrs.field(
        factory=dict[DeclaredChannel, Callable[["Opened", DropObserver], OpenChannel]]
    )

    exposed: dict[DeclaredEnd, None] = attrs.field(factory=dict[DeclaredEnd, None], init=False)
    """The ends that those outside of the components may use too."""
    runs: int = attrs.field(default=0, init=False)
    """How many runs of the harness there are just now."""

    def __len__(self) -> int:
        return len(self._openers)

    def __iter__(self) -> Iterator[DeclaredChannel]:
        return iter(self._openers)

    def __contains__(self, declared: object) -> bool:
        return declared in self._openers

    def add(
        self, declared: DeclaredChannel, opener: Callable[[Opened, DropObserver], OpenChannel]
    ) -> None:
        """Have each run open one more."""
        self._openers[declared] = opener

    def expose(self, harness: str, end: object) -> None:
        """Let those outside of the components use an end too."""
        cure = "give what channel(), topic() or requests() of this harness returned first"
        if not isinstance(end, DeclaredEnd) or end.declared not in self:
            raise ConfigurationError(harness, f"{end!r} is no end that was declared here", cure)
        if not end.sends:
            raise ConfigurationError(
                harness,
                f"{end!r} was to be exposed, but only what is sent into can be",
                "have a component receive, and answer requests that come from outside",
            )
        self.exposed[end] = None

    @contextlib.contextmanager
    def in_a_run(self) -> Generator[None]:
        """Let it be known that a run goes on, for the time of the block."""
        self.runs += 1
        try:
            yield
        finally:
            self.runs -= 1

    def opened(self, observer: DropObserver) -> Mapping[DeclaredChannel, OpenChannel]:
        """Open all of them for one run, in the order in which they were described."""
        opened: dict[DeclaredChannel, OpenChannel] = {}
        for declared, opener in self._openers.items():
            opened[declared] = opener(opened, observer)
        return opened

    def channel(
        self,
        message_type: TypeForm[T],
        max_buffer_size: float,
        overflow: Overflow,
        name: str | None,
        max_deliveries: int | None,
        isolation: Isolation | None,
    ) -> tuple[SendChannel[T], ReceiveChannel[T]]:
        """Describe a channel."""
        copy = self._copy("channel", name, message_type, isolation)

        def opened(
            name: str | None, observer: DropObserver | None
        ) -> tuple[SendChannel[T], ReceiveChannel[T]]:
            return open_channel(
                message_type,
                max_buffer_size,
                overflow=overflow,
                max_deliveries=max_deliveries,
                name=name,
                copy=copy,
                observer=observer,
            )

        send, _ = opened(name, None)  # to be checked: by the next line nobody has its ends
        name = self.free_name(send.channel.name, name)
        declared = DeclaredChannel(
            "channel", name, message_type, max_deliveries, max_buffer_size, overflow
        )
        self.add(declared, lambda _, observer: OpenChannel(*opened(declared.name, observer)))
        return (
            cast("SendChannel[T]", DeclaredEnd(declared, sends=True)),
            cast("ReceiveChannel[T]", DeclaredEnd(declared, sends=False)),
        )

    def topic(self, message_type: TypeForm[T], name: str | None) -> tuple[SendChannel[T], Topic[T]]:
        """Describe a topic."""
        _, made = open_topic(message_type, name=name)
        copy = self._copy("topic", name, message_type)
        declared = DeclaredChannel("topic", self.free_name(made.name, name), message_type)

        def open_it(_: Opened, observer: DropObserver) -> OpenChannel:
            publisher, topic = open_topic(
                message_type, name=declared.name, copy=copy, observer=observer
            )
            return OpenChannel(publisher, None, topic)

        self.add(declared, open_it)
        return (
            cast("SendChannel[T]", DeclaredEnd(declared, sends=True)),
            cast("Topic[T]", DeclaredTopic(declared, self)),
        )

    def requests(
        self,
        request_type: TypeForm[Q],
        reply_type: TypeForm[R],
        max_buffer_size: float,
        name: str | None,
    ) -> tuple[RequestClient[Q, R], ReceiveChannel[Request[Q, R]]]:
        """Describe a channel of requests; what is asked is isolated, and what is replied is not."""
        copy = self._copy("requests", name, request_type)

        def opened(name: str | None) -> tuple[Any, Any]:
            return open_requests(request_type, reply_type, max_buffer_size, name=name, copy=copy)

        client, _ = opened(name)
        declared = DeclaredChannel(
            "requests",
            self.free_name(client.channel.name, name),
            request_type,
            max_buffer_size=max_buffer_size,
            reply_type=reply_type,
        )
        self.add(declared, lambda _, __: OpenChannel(*opened(declared.name)))
        return (
            cast("RequestClient[Q, R]", DeclaredEnd(declared, sends=True)),
            cast("ReceiveChannel[Request[Q, R]]", DeclaredEnd(declared, sends=False)),
        )

    def _copy(
        self,
        kind: str,
        name: str | None,
        message_type: TypeForm[T],
        isolation: Isolation | None = None,
    ) -> Callable[[T], T] | None:
        subject = f"{kind} {type_name(message_type) if name is None else name!r}"
        isolation = self.isolation if isolation is None else isolation
        check_isolation(subject, isolation)
        return copy_for(subject, message_type, isolation)

    def free_name(self, made_up: str, name: str | None) -> str:
        """Return the name of one more of them.

        Raises:
            DuplicateNameError: It was given one that another has.
        """
        taken = {declared.name for declared in self}
        if name is None:
            base = made_up.removesuffix("-1")
            more = (f"{base}-{number}" for number in itertools.count(2))
            return next(free for free in itertools.chain([made_up], more) if free not in taken)
        if name in taken:
            raise DuplicateNameError(
                f"channel {name!r}", "the harness has two of that name", "give one another name="
            )
        return name
