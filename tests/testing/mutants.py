"""Channels around trio's own, right as they stand, to be spoilt by one fault each."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, Self

import attrs
import trio

from trioharness.testing import check_channel, run


@attrs.define(eq=False)
class Link:
    """What both ends of one channel, and all their clones, have in common."""

    inner_send: trio.MemorySendChannel[Any]
    inner_receive: trio.MemoryReceiveChannel[Any]
    senders: list[Sender] = attrs.field(factory=list[Any])
    receivers: list[Receiver] = attrs.field(factory=list[Any])
    kept: deque[Any] = attrs.field(factory=deque[Any])
    """Messages that a fault has put aside."""
    count: int = 0
    """What a fault counts."""
    event: trio.Event = attrs.field(factory=trio.Event)
    lock: trio.Lock = attrs.field(factory=trio.Lock)
    waiting: list[tuple[trio.Event, list[Any]]] = attrs.field(
        factory=list[tuple[trio.Event, list[Any]]]
    )
    scopes: list[trio.CancelScope] = attrs.field(factory=list[trio.CancelScope])

    def wake(self) -> None:
        self.event.set()
        self.event = trio.Event()


@attrs.define(eq=False, slots=False)
class Sender(trio.abc.SendChannel[Any]):
    inner: trio.MemorySendChannel[Any]
    link: Link
    closed: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.link.senders.append(self)

    async def send(self, value: Any) -> None:
        await self.inner.send(value)

    def send_nowait(self, value: Any) -> None:
        self.inner.send_nowait(value)

    def clone(self) -> Any:
        return type(self)(self.inner.clone(), self.link)

    def close(self) -> None:
        self.closed = True
        self.inner.close()

    async def aclose(self) -> None:
        self.close()
        await trio.lowlevel.checkpoint()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@attrs.define(eq=False, slots=False)
class Receiver(trio.abc.ReceiveChannel[Any]):
    inner: trio.MemoryReceiveChannel[Any]
    link: Link
    closed: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.link.receivers.append(self)

    async def receive(self) -> Any:
        return await self.inner.receive()

    def receive_nowait(self) -> Any:
        return self.inner.receive_nowait()

    def clone(self) -> Any:
        return type(self)(self.inner.clone(), self.link)

    def close(self) -> None:
        self.closed = True
        self.inner.close()

    async def aclose(self) -> None:
        self.close()
        await trio.lowlevel.checkpoint()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@attrs.define(eq=False, slots=False)
class BusySender(Sender):
    """It takes one task at a time."""

    busy: bool = attrs.field(default=False, init=False)

    async def send(self, value: Any) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        if self.busy:
            raise trio.BusyResourceError("another task sends")
        self.busy = True
        try:
            await super().send(value)
        finally:
            self.busy = False


@attrs.define(eq=False, slots=False)
class BusyReceiver(Receiver):
    """It takes one task at a time."""

    busy: bool = attrs.field(default=False, init=False)

    async def receive(self) -> Any:
        await trio.lowlevel.checkpoint_if_cancelled()
        if self.busy:
            raise trio.BusyResourceError("another task receives")
        self.busy = True
        try:
            return await super().receive()
        finally:
            self.busy = False


@attrs.define(eq=False, slots=False)
class Duplex(trio.abc.Channel[Any]):
    """One of two ends that send and receive."""

    out: trio.MemorySendChannel[Any]
    into: trio.MemoryReceiveChannel[Any]
    lock: trio.Lock

    async def send(self, value: Any) -> None:
        await self.out.send(value)

    async def receive(self) -> Any:
        return await self.into.receive()

    async def aclose(self) -> None:
        self.out.close()
        self.into.close()
        await trio.lowlevel.checkpoint()


@attrs.frozen(kw_only=True)
class Kind:
    """A kind of channel: what is declared about it, and what it is made of."""

    send: type[Sender] = Sender
    receive: type[Receiver] = Receiver
    duplex: type[Duplex] | None = None
    capacity: float = 1
    actual: float | None = None
    """The capacity that it really has, where another is declared."""
    shared: bool = True

    def make(self) -> tuple[Any, Any]:
        actual = self.capacity if self.actual is None else self.actual
        there = trio.open_memory_channel[Any](actual)
        if self.duplex is not None:
            back, lock = trio.open_memory_channel[Any](actual), trio.Lock()
            return self.duplex(there[0], back[1], lock), self.duplex(back[0], there[1], lock)
        link = Link(*there)
        return self.send(there[0], link), self.receive(there[1], link)

    def check(self, *only: str) -> tuple[str, ...]:
        """Put it through the suite, in virtual time; return which checks were made."""
        plain = self.duplex is None
        check = partial(
            check_channel,
            self.make,
            capacity=self.capacity,
            clones=plain,
            nowait=plain,
            close=plain,
            shared=self.shared,
            two_way=not plain,
            only=only or None,
        )
        return run(check, seed=1).checked  # so that what one run catches every run does
