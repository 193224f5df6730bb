"""Those in a storm who send: one by one, in batches, at once or not at all."""

from __future__ import annotations

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

    @property
    def books(self) -> Books:
        """The books of the storm."""
        return self.storm.books

    async def run(self) -> None:
        """Live one life after the other until the storm is over."""
        while self.storm.goes_on:
            self.end = self.storm.send.clone()
            try:
                with self.storm.patience(life=True):
                    await self.live(self.end)
            except StormCrash:
                self.books.crashes += 1
            except (trio.ClosedResourceError, trio.BrokenResourceError):
                await self.storm.pause()  # closed, suspended, or over
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
        await trio.lowlevel.checkpoint()

    async def send_batch(self, end: Any) -> None:
        """Send a batch; whatever comes of it, its progress is true."""
        batch = self.books.next_of(self.who, self.storm.random.randrange(MAX_BATCH))
        progress = SendProgress()
        try:
            await end.send_many([*map(self.storm.message, batch)], progress=progress)
        finally:
            self.books.sent[self.who] += progress.sent
