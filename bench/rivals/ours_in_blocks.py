"""trioharness, with a block around each answer that the caller could cancel."""

from __future__ import annotations

import trio

from bench._model import Clock, Sample
from bench.rivals.ours._calls import answer_in_blocks, ask


def one_client(size: int, clock: Clock) -> Sample:
    """Call one after another."""
    return trio.run(ask, answer_in_blocks, size, clock, 1)


def ten_clients(size: int, clock: Clock) -> Sample:
    """Call from ten tasks."""
    return trio.run(ask, answer_in_blocks, size, clock, 10)
