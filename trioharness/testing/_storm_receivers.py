"""Those in a storm who receive: one by one, in batches, gathered or at once, and crash at times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import attrs
import trio

from ._storm_books import Books
from ._storm_senders import StormCrash

if TYPE_CHECKING:
    from ._storm import Storm

POISON = 37
"""One in so many messages crashes each receiver, where deliveries are counted."""


@attrs.define(eq=False)
class Life:
    """One life of a receiver."""

    end: Any
    hand: list[int] = attrs.field(factory=list[int])
    """What it has received and not acknowledged; always empty where deliveries are not counted."""
    closed: bool = False
    """Its end was closed under it, so that what was in hand went back."""

    def close(self) -> None:
        """Close the end under it."""
        self.end.close()
        self.hand = []
        self.closed = True


@attrs.define(eq=False)
class Receiver:
    """One receiver: life after life, each with an end of its own."""

    storm: Storm
    who: int

    @property
    def books(self) -> Books:
        """The books of the storm."""
        return self.storm.books

    async def run(self) -> None:
        """Live one life after the other until the channel ends, or the storm if it leaves early."""
        while self.storm.goes_on or not self.storm.receivers_leave:
            try:
                life = Life(self.storm.receive.clone())
            except trio.ClosedResourceError as error:
                self.books.complain(self.storm.abandoned, error)
                break
            self.storm.lives.append(life)
            try:
                with self.storm.patience(life=True):
                    await self.live(life)
            except (trio.EndOfChannel, StopAsyncIteration) as error:
                self.books.complain(self.storm.may_end, error)
                break
            except trio.ClosedResourceError as error:
                self.books.complain(life.closed, error)
            except StormCrash:
                self.books.crashes += 1
            finally:
                self.storm.lives.remove(life)
        await trio.lowlevel.checkpoint()

    async def live(self, life: Life) -> None:
        """Receive, and end in one way or another."""
        random = self.storm.random
        take = self.taking(life.end)
        with life.end:
            while random.random() > 0.05:
                await self.receive(life, take)
                if random.random() < 0.2:
                    await self.storm.pause()
                if life.closed or any(message % POISON == 0 for message in life.hand):
                    raise StormCrash
            self.leave(life)
        await trio.lowlevel.checkpoint()

    async def receive(self, life: Life, take: Callable[[], Awaitable[list[Any]]]) -> None:
        """Make one call, which acknowledges what was in hand, whatever comes of it."""
        self.books.operations += 1
        self.deal_with(life.hand)
        life.hand = []
        with self.storm.patience():
            messages = [self.storm.number(message) for message in await take()]
            if self.storm.counted:
                life.hand = messages
            else:
                self.deal_with(messages)
        await trio.lowlevel.checkpoint()

    def deal_with(self, messages: list[int]) -> None:
        """Write down what was dealt with for good."""
        self.books.received.setdefault(self.who, []).extend(messages)

    def taking(self, end: Any) -> Callable[[], Awaitable[list[Any]]]:
        """Choose how a life receives."""
        random = self.storm.random

        async def one() -> list[Any]:
            return [await end.receive()]

        async def now() -> list[Any]:  # noqa: ASYNC124 - beside those that have to be async
            try:
                return [end.receive_nowait()]  # noqa: ASYNC910 - as it is to be
            except trio.WouldBlock:
                return []  # noqa: ASYNC910 - the same

        async def many() -> list[Any]:
            messages: list[Any] = await end.receive_many(1 + random.randrange(8))
            return messages

        ways: list[Callable[[], Awaitable[list[Any]]]] = [one]
        if hasattr(end, "receive_nowait"):
            ways.append(now)
        if hasattr(end, "receive_many"):
            ways.append(many)
        if hasattr(end, "batches") and self.storm.gathers:
            within = random.choice((None, 0, 0.2, 5))
            ways.append(end.batches(1 + random.randrange(8), within).__anext__)
        return random.choice(ways)

    def leave(self, life: Life) -> None:
        """End a life by itself.

        Raises:
            StormCrash: The life shall end so.
        """
        end, random = life.end, self.storm.random
        how = random.choice(("return", "crash", "close", "acknowledge", "settle", "stop"))
        self.books.operations += 1
        if how == "crash":
            raise StormCrash
        if how == "return" or not self.storm.counted:
            self.deal_with(life.hand)
        elif how == "acknowledge":
            self.deal_with(life.hand)
            end.ack()
        else:
            if how == "close":
                end.close()
            end.settle(StormCrash(), stopped=how == "stop")
