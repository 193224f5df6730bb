"""Random trees again, under each strategy, and with the calls that only stopped children take."""

from __future__ import annotations

import contextlib

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

import trioharness as th
from tests.supervision.test_random import CANCEL_GRACE, LIVELY, World
from trioharness.rules import STRATEGIES, Strategy


class GroupWorld(World):
    """One run under a strategy."""

    def __init__(self, seed: int, strategy: Strategy) -> None:
        super().__init__(seed)
        self.strategy: Strategy = strategy

    async def call(self, sup: th.Supervisor) -> None:
        children = list(sup.children.values())
        match self.chance.randrange(20):
            case 0 | 1 | 2 if children:
                await self.chance.choice(children).start()
            case 3 if children:
                await self.chance.choice(children).delete()
            case _:
                await super().call(sup)

    async def run(self) -> None:
        # Not "quiet": the restart of a group brings back what was stopped by hand.
        ends = (
            ["cancel", "drain"] if self.strategy != "one_for_one" else ["cancel", "drain", "quiet"]
        )
        how = self.chance.choice(ends)
        with contextlib.suppress(th.RestartLimitExceeded):
            async with th.open_supervisor(
                "s",
                strategy=self.strategy,
                max_restarts=self.chance.choice([1000, 1000, 10]),
                within=10,
                cancel_grace=CANCEL_GRACE,
                observer=self.observe,
            ) as sup:
                self.sup = sup
                async with trio.open_nursery() as nursery:
                    for _ in range(3):
                        nursery.start_soon(self.caller, sup)
                    await trio.sleep(LIVELY)
                    nursery.cancel_scope.cancel()
                await self.end(sup, how)
        self.check_end()


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_promises_hold_under_each_strategy(strategy: Strategy, seed: int) -> None:
    trio.run(GroupWorld(seed, strategy).run, clock=MockClock(autojump_threshold=0))
