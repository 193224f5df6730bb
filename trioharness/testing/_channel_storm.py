"""Checks that throw many cancels at sends and receives, and count what came through.

No seconds pass in a storm, only steps of tasks, so it is the same in real and in virtual time. A
storm ends by itself, since a clock that jumps only jumps once all tasks wait.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Any

import attrs
import trio

from ._channel_trial import SHARED, Failed, Trial, promise

MESSAGES = 80
STRIKES = 1_000
SEASON = 10
"""After so many messages a sender or a receiver that was slow is fast, or the other way round."""
SLOW, FAST = 24, 2
"""How many steps a task rests at most before its next call."""
CROWD = 3


@attrs.define(eq=False)
class Storm:
    """One storm: who sends which messages, and what was received."""

    trial: Trial
    senders: int
    random: Random = attrs.field(factory=partial(Random, 1))
    scopes: list[trio.CancelScope] = attrs.field(factory=list[trio.CancelScope])
    """Those of the calls that are under way."""
    got: list[Any] = attrs.field(factory=list[Any])
    complete: trio.Event = attrs.field(factory=trio.Event)

    @property
    def numbers(self) -> list[range]:
        """What each sender sends."""
        return [range(who, MESSAGES, self.senders) for who in range(self.senders)]

    async def send(self, numbers: range) -> None:
        """Send messages one by one, each until it is sent."""
        for number in numbers:
            message = self.trial.message(number)
            await self.pause(slow=number // SEASON % 2 == 0)
            await self.persist(partial(self.trial.send.send, message))
        await trio.lowlevel.checkpoint()

    async def receive(self) -> None:
        """Receive until as many messages have come as are sent."""
        while len(self.got) < MESSAGES:
            await self.pause(slow=len(self.got) // SEASON % 2 == 1)
            self.got.append(await self.persist(self.trial.receive.receive))
        self.complete.set()
        await trio.lowlevel.checkpoint()

    async def pause(self, *, slow: bool) -> None:
        """Let the others go on for some steps."""
        for _ in range(self.random.randrange(SLOW if slow else FAST)):
            await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()

    async def persist(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make a call again for as long as it is cancelled."""
        while True:
            with trio.CancelScope() as scope:
                self.scopes.append(scope)
                try:
                    return await call()
                finally:
                    self.scopes.remove(scope)

    async def strike(self) -> None:
        """Cancel one call after the other, at random, until all has come or enough is enough."""
        for _ in range(STRIKES):
            await trio.lowlevel.checkpoint()
            if self.complete.is_set():
                break
            if self.scopes:
                self.random.choice(self.scopes).cancel(reason="a storm of cancels")
        await trio.lowlevel.checkpoint()

    async def rage(self, receivers: int) -> None:
        """Expect that with so many receivers every message comes through, each of them once."""
        begin = self.trial.begin
        sending = [begin("a sender in a storm", partial(self.send, n)) for n in self.numbers]
        receiving = [begin("a receiver in a storm", self.receive) for _ in range(receivers)]
        await self.trial.returns(begin("the storm", self.strike))
        await self.trial.ended(begin("all messages", self.complete.wait))
        for operation in (*sending, *receiving):
            self.trial.demand(
                operation.how != "raised", operation, "go on", "in a storm of cancels"
            )
        self.count()
        for operation in receiving:
            operation.scope.cancel(reason="all messages of the storm were received")
        for operation in sending:
            await self.trial.returns(operation, "once its messages were received")
        await self.trial.waits(self.trial.receiving(), "when all that was sent has been received")

    def count(self) -> None:
        """Expect that what was received is what was sent, in any order."""
        left = [self.trial.message(number) for number in range(MESSAGES)]
        for message in self.got:
            if message not in left:
                raise Failed(f"expected each message once, but received {message!r} once more")
            left.remove(message)
        if left:
            came = f"{len(left)} did not, the first of them {left[0]!r}"
            raise Failed(f"expected all {MESSAGES} messages to come through, but {came}")

    def compare(self) -> None:
        """Expect that what was received is in the order of each sender."""
        queues = [deque(map(self.trial.message, numbers)) for numbers in self.numbers]
        for message in self.got:
            queue = next((queue for queue in queues if queue and queue[0] == message), None)
            if queue is None:
                after = "; ".join(f"{queue[0]!r}" for queue in queues if queue)
                raise Failed(f"expected one of {after} to come next, but received {message!r}")
            queue.popleft()


@promise("in a storm of cancels each message comes through once, in the order of its sender")
async def cancel_storm(trial: Trial) -> None:
    storm = Storm(trial, senders=trial.crowd)
    await storm.rage(receivers=1)
    storm.compare()


@promise("in a storm of cancels at many receivers each message comes through once", SHARED)
async def cancel_storm_at_many(trial: Trial) -> None:
    await Storm(trial, senders=CROWD).rage(receivers=CROWD)


CHECKS = (cancel_storm, cancel_storm_at_many)
