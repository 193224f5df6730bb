"""Those in a storm who send: one by one, in batches, at once or not at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import trio

from ..channels import SendProgress
from ._storm_books import Books

if TYPE_CHECKING:
    from ._storm import Storm

MAX_BATCH = 12


class StormCrash(Exception):
    """What a component of a storm crashes with."""


@attrs.define(eq=False)
class Sender:
    """One sender: life after life, each with an end of its own, which may be closed under it."""

    storm: Storm
    who: int
    end: Any = None
    closed: bool = False
    """The end was closed under it."""

    @property
    def books(self) -> Books:
        """The books of the storm."""
        return self.storm.books

    async def run(self) -> None:
        """Live one life after the other until the storm is over."""
        while self.storm.goes_on:
            self.end = self.storm.send.clone()
            self.closed = False
            try:
                with self.storm.patience(life=True):
                    await self.live(self.end)
            except StormCrash:
                self.books.crashes += 1
            except trio.ClosedResourceError as error:
                self.books.complain(self.closed, error)
                await self.storm.pause()
            except trio.BrokenResourceError:  # `act` has asked for the reason
                await self.storm.pause()
        await trio.lowlevel.checkpoint()

    async def live(self, end: Any) -> None:
        """Send this and that."""
        random = self.storm.random
        with end:
            while self.storm.goes_on and random.random() > 0.02:
                await self.act(end)
                if random.random() < 0.2:
                    await self.storm.pause()
            if random.random() < 0.3:
                raise StormCrash
        await trio.lowlevel.checkpoint()

    async def act(self, end: Any) -> None:
        """Make one call."""
        self.books.operations += 1
        how = self.storm.random.random()
        suspensions = self.storm.suspensions - self.storm.suspended
        try:
            with self.storm.patience():
                if how < 0.2 and hasattr(end, "send_nowait"):
                    (message,) = self.books.next_of(self.who, 1)
                    end.send_nowait(self.storm.message(message))
                    self.books.sent[self.who] += 1
                elif how < 0.4 and hasattr(end, "send_many"):
                    await self.send_batch(end)
                else:
                    (message,) = self.books.next_of(self.who, 1)
                    await end.send(self.storm.message(message))
                    self.books.sent[self.who] += 1
        except trio.WouldBlock:
            pass
        except trio.BrokenResourceError as error:
            reason = self.storm.over or self.storm.suspensions > suspensions
            self.books.complain(reason, error)
            raise
        await trio.lowlevel.checkpoint()

    async def send_batch(self, end: Any) -> None:
        """Send a batch: whole or not at all, or its progress is true whatever comes of it."""
        batch = self.books.next_of(self.who, self.storm.random.randrange(MAX_BATCH))
        messages = [*map(self.storm.message, batch)]
        if len(batch) <= room(end):
            await end.send_many(messages)
            self.books.sent[self.who] += len(batch)
            return
        progress = SendProgress()
        try:
            await end.send_many(messages, progress=progress)
        finally:
            self.books.sent[self.who] += progress.sent


def room(end: Any) -> float:
    """Return how large a batch can be that certainly does not go in by parts."""
    numbers: Any = end.statistics() if hasattr(end, "statistics") else None
    size = getattr(numbers, "max_buffer_size", 0)
    used = getattr(numbers, "current_buffer_used", math.inf)
    awaited = used == 0 and getattr(numbers, "tasks_waiting_receive", 0) > 0
    return max(1, size - used + awaited)
