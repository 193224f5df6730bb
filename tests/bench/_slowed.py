"""Ours with a `send` that takes about 10 % of a message longer, for the gate to find out."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from unittest.mock import patch

import trioharness as th
from bench._model import Clock, Sample
from bench.rivals.ours import one_by_one as one_by_one_as_it_is

TURNS = 52
"""How often the planted loop goes round; one turn takes some 115 instructions of CPython 3.11."""

_send = th.SendChannel.send


def _slowed(channel: th.SendChannel[Any], value: object) -> Awaitable[None]:
    for _ in range(TURNS):
        pass
    return _send(channel, value)


def one_by_one(size: int, clock: Clock) -> Sample:
    """Do the same, with the loop before each send."""
    with patch.object(th.SendChannel, "send", _slowed):
        return one_by_one_as_it_is(size, clock)
