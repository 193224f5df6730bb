"""Random trees again, under each strategy, and with the calls that only stopped children take."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

import trioharness as th
from tests.supervision.test_random import World
from trioharness.rules import STRATEGIES, Strategy


class GroupWorld(World):
    """One run under a strategy."""

    def __init__(self, seed: int, strategy: Strategy) -> None:
        super().__init__(seed)
        self.strategy = strategy
        if strategy != "one_for_one":
            # Not "quiet": the restart of a group brings back what was stopped by hand.
            self.ends = ("cancel", "drain")

    async def call(self, sup: th.Supervisor) -> None:
        children = list(sup.children.values())
        match self.chance.randrange(20):
            case 0 | 1 | 2 if children:
                await self.chance.choice(children).start()
            case 3 if children:
                await self.chance.choice(children).delete()
            case _:
                await super().call(sup)


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_the_promises_hold_under_each_strategy(strategy: Strategy, seed: int) -> None:
    trio.run(GroupWorld(seed, strategy).run, clock=MockClock(autojump_threshold=0))
