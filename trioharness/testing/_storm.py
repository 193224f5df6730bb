"""Storms: random sends, receives, cancels, closes, crashes; then the books must balance."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator
from random import Random
from typing import Any

import attrs
import trio

from .._errors import ConfigurationError
from ._clock import run
from ._storm_books import SENDERS, Books, StormReport
from ._storm_receivers import Life, Receiver
from ._storm_senders import Sender, StormCrash

MAX_RECEIVERS = 3
PATIENCE = (0, 0.05, 0.3, 2, math.inf, math.inf)
"""Seconds after which a call is cancelled."""
PAUSES = (0, 0, 0.1, 0.3, 1)
AFTERMATH = 1.1
"""By how much a storm is longer in which the channel is neither finished nor left."""
LONG = 1.0
"""Virtual seconds for each operation after which a storm hangs: a hundred times what one takes."""
BRIEFEST = 100
"""Operations that a storm has time for at least: one of a few is over when it began, but for the
pauses that its tasks have begun."""


@attrs.define(eq=False)
class Storm:
    """One storm: what its tasks do is drawn from `random`, what comes of it is in the books."""

    # A channel may be ours, trio's or another, so the types of its ends say nothing.
    send: Any
    receive: Any
    message: Callable[[int], Any]
    number: Callable[[Any], int]
    limit: int
    """How many operations there are to be, at least."""
    books: Books
    random: Random
    scopes: list[trio.CancelScope] = attrs.field(factory=list[trio.CancelScope])
    """Those of calls and lives that are under way."""
    senders: list[Sender] = attrs.field(factory=list[Sender])
    lives: list[Life] = attrs.field(factory=list[Life])
    over: bool = False
    """The channel was finished, or nobody is to receive any more."""
    abandoned: bool = False
    """Nobody is to receive any more."""
    may_end: bool = False
    """Nothing more can be sent, so that receivers may be told of the end."""
    suspensions: int = 0
    """How often sends were made to fail."""
    suspended: bool = False
    """They still are."""
    counted: bool = attrs.field(init=False)
    """Whether the channel counts deliveries."""
    receivers_leave: bool = attrs.field(init=False)
    """Whether receivers go before the channel ends, so that something may be left."""
    gathers: bool = attrs.field(init=False)
    """Whether receivers use `batches`."""
    receivers: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.counted = self.dead is not None
        self.receivers_leave = self.random.random() < 0.5
        self.gathers = self.random.random() < 0.5
        self.receivers = 1 + self.random.randrange(MAX_RECEIVERS)

    @property
    def goes_on(self) -> bool:
        """Whether there is still something to be done."""
        return not self.over and self.books.operations < AFTERMATH * self.limit

    @property
    def dead(self) -> Any:
        """The receive end of the dead letters; None if there are none."""
        try:
            return self.receive.channel.dead
        except (AttributeError, ConfigurationError):
            return None

    @property
    def in_order(self) -> bool:
        """Whether a receiver must have had the messages of each sender in order.

        Not if there are several, and one may put back what the next one then gets.
        """
        return self.receivers == 1 or not (self.counted or self.gathers)

    @property
    def receive_ends(self) -> list[Any]:
        """All there are."""
        return [self.receive, *(life.end for life in self.lives)]

    @contextlib.contextmanager
    def patience(self, *, life: bool = False) -> Generator[None]:
        """Cancel a call after some time, or when somebody likes; a life only so."""
        seconds = math.inf if life else self.random.choice(PATIENCE)
        with trio.move_on_after(seconds) as scope:
            self.scopes.append(scope)
            try:
                yield
            finally:
                self.scopes.remove(scope)
        self.books.cancelled += scope.cancelled_caught

    async def pause(self) -> None:
        """Take some time."""
        await trio.sleep(self.random.choice(PAUSES))

    async def rage(self) -> None:
        """Run the storm to its end.

        Raises:
            trio.TooSlowError: It hangs.
        """
        with trio.fail_after(LONG * max(self.limit, BRIEFEST)):
            async with trio.open_nursery() as nursery:
                if self.counted:
                    nursery.start_soon(self.bury, self.dead)
                nursery.start_soon(self.run_senders)
                nursery.start_soon(self.run_receivers)
                nursery.start_soon(self.strike)

    async def run_senders(self) -> None:
        """Run all senders, then close the end that was kept for them."""
        self.senders += [Sender(self, who) for who in range(SENDERS)]
        async with trio.open_nursery() as nursery:
            for sender in self.senders:
                nursery.start_soon(sender.run)
        self.may_end = True
        self.send.close()

    async def run_receivers(self) -> None:
        """Run all receivers, then take what they have left, and close the end they came from."""
        async with trio.open_nursery() as nursery:
            for who in range(self.receivers):
                nursery.start_soon(Receiver(self, who).run)
        if not self.abandoned:
            async for message in self.receive:
                self.books.left.append(self.number(message))
            self.receive.close()

    async def bury(self, dead: Any) -> None:
        """Read the dead letters, slowly."""
        async for letter in dead:
            self.books.dead.append(self.number(letter.message))
            await self.pause()

    async def strike(self) -> None:
        """Do the worst: cancel and close under those who are in the middle of something."""
        strokes = [self.cancel_one, self.cancel_one, self.close_one_sender, self.close_one_receiver]
        if hasattr(self.receive, "suspend"):
            strokes.append(self.suspend)
        end = self.random.choice((None, None, self.finish, self.abandon))
        while self.goes_on:
            for _ in range(self.random.randrange(12)):
                await trio.lowlevel.checkpoint()
            self.books.operations += 1
            self.random.choice(strokes)()
            if self.random.random() < 0.2:
                await self.pause()
            if hasattr(self.receive, "resume"):
                for receive_end in self.receive_ends:
                    receive_end.resume()
                self.suspended = False
            # Not once the receivers may have left: what they leave is then being taken.
            if end is not None and self.goes_on and self.books.operations >= self.limit:
                end()
                end = None
        await trio.lowlevel.checkpoint()

    def cancel_one(self) -> None:
        """Cancel one call or life that is under way."""
        if self.scopes:
            self.random.choice(self.scopes).cancel(reason="a storm of cancels")

    def close_one_sender(self) -> None:
        """Close the end of one sender under it."""
        sender = self.random.choice(self.senders) if self.senders else None
        if sender is not None and sender.end is not None:
            sender.closed = True
            sender.end.close()
            self.books.closed += 1

    def close_one_receiver(self) -> None:
        """Close the end of one receiver under it."""
        if self.lives:
            self.random.choice(self.lives).close()
            self.books.closed += 1

    def suspend(self) -> None:
        """Have sends fail until the next stroke."""
        self.suspensions += 1
        self.suspended = True
        for end in self.receive_ends:
            end.suspend(StormCrash("nobody receives for a while"))

    def finish(self) -> None:
        """End the channel by force, but deliver what is queued."""
        if hasattr(self.receive, "finish"):
            self.over = self.may_end = True
            self.receive.finish()

    def abandon(self) -> None:
        """Close all receive ends, where the channel then says what is left."""
        if hasattr(self.receive.statistics(), "left"):
            self.over = self.abandoned = True
            self.receive.close()
            for life in self.lives:
                life.close()


def run_storm(
    open_ends: Callable[[], tuple[Any, Any]],
    *,
    seed: int,
    operations: int = 5_000,
    message: Callable[[int], Any] = int,
    number: Callable[[Any], int] = int,
) -> StormReport:
    """Put a channel through a storm of cancels, closes and crashes, and balance the books.

    Three senders and up to three receivers, each with clones of its own, send and receive in every
    way the ends have: `send_nowait`, `send_many`, `receive_many`, `batches`, dead letters and the
    rest are used where they are there. Their calls are cancelled by deadlines and by others, their
    ends are closed under them, they crash, and in the end the channel runs out, is finished, or is
    left by its receivers. Then each message that was sent was received, dropped, dead-lettered or
    left, once, those of one sender in order; and the ``statistics()`` of the ends agree, as far as
    they say anything.

    It takes about a second of real time. Call it with many seeds: the same one gives the same
    storm. For what a channel has to do step by step see `check_channel`; not for channels that
    need real time, such as sockets.

    Args:
        open_ends: Makes a new channel and returns its send end and its receive end, which must
            have ``clone`` and ``close``, and raise what trio's memory channels raise.
        seed: What the storm follows from.
        operations: How many calls are to be made, at least; a tenth more where nobody ends it.
        message: Makes a message of a number: ``lambda n: Order(id=n)``, say.
        number: Returns the number of a message: ``lambda order: order.id``.

    Returns:
        What was done, and what became of the messages.

    Raises:
        AssertionError: The books do not balance, a message came twice, unsent or out of order, the
            channel's own numbers are wrong, or it hangs.
        ConfigurationError: This version of trio cannot be seeded.
        Exception: Whatever the ends raise that trio's do not.
    """

    async def rage() -> StormReport:
        send, receive = open_ends()
        books = Books(seed)
        random = Random(seed)  # noqa: S311 - a plan of deeds, no secret
        storm = Storm(send, receive, message, number, operations, books, random)
        try:
            await storm.rage()
        except trio.TooSlowError as error:
            raise AssertionError(
                f"storm of seed {seed}: it hangs: {send!r}, {receive!r}"
            ) from error
        statistics = receive.statistics() if hasattr(receive, "statistics") else None
        return books.close(statistics, in_order=storm.in_order, abandoned=storm.abandoned)

    return run(rage, seed=seed)
