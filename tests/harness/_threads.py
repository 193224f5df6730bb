"""Applications for threads, and threads that do not outlive a test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import attrs
import outcome
import trio

import trioharness as th

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds after which a thread that does not end is a failure."""


class InThread(Generic[T]):
    """A call in a thread of its own."""

    def __init__(self, fn: Callable[..., T], *args: object) -> None:
        self._outcome: outcome.Outcome[T] | None = None

        def run() -> None:
            self._outcome = outcome.capture(fn, *args)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self) -> T:
        """Wait for its end; return or raise what it did."""
        self._thread.join(PATIENCE)
        assert self._outcome is not None, "a thread hangs"
        return self._outcome.unwrap()


@attrs.define
class Shop:
    """A channel and requests that are open to the outside, and what becomes of them."""

    room: int = 2
    app: th.Harness = attrs.field(init=False)
    orders: th.SendChannel[int] = attrs.field(init=False)
    ask: th.RequestClient[int, int] = attrs.field(init=False)
    got: list[int] = attrs.field(factory=list[int], init=False)
    working: trio.Event = attrs.field(factory=trio.Event, init=False)
    cancelled: list[int] = attrs.field(factory=list[int], init=False)

    def __attrs_post_init__(self) -> None:
        self.app = th.Harness("shop", observer=lambda _: None)
        self.orders, orders_in = self.app.channel(int, self.room, name="orders")
        self.ask, asked = self.app.requests(int, int, name="asks")
        self.app.expose(self.orders, self.ask)
        self.app.add(self.take, orders_in, name="take")
        self.app.add(self.double, asked, name="double")

    async def take(self, end: th.ReceiveChannel[int]) -> None:
        async for number in end:
            if number < 0:
                await trio.sleep_forever()
            self.got.append(number)

    async def double(self, server: th.ReceiveChannel[th.Request[int, int]]) -> None:
        async for request in server:
            with request:
                self.working.set()
                if request.message < 0:
                    try:
                        await trio.sleep_forever()
                    finally:
                        self.cancelled.append(request.message)
                if request.message == 0:
                    raise ZeroDivisionError
                request.reply(2 * request.message)
