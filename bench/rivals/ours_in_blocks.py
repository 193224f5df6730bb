"""trioharness, with a block around each answer that the caller could cancel."""

from __future__ import annotations

from functools import partial

from bench._calls import calls_of
from bench.rivals.ours._calls import answer_in_blocks, answered

one_client = calls_of(partial(answered, answer_in_blocks), 1)
ten_clients = calls_of(partial(answered, answer_in_blocks), 10)
