"""Our channels and requests under a load that is due at fixed times."""

from __future__ import annotations

from functools import partial

import trioharness as th
from bench._open_loop import ROOM, calls_of, messages_of
from bench.rivals.ours._calls import answer_each, answered

messages_due = messages_of(lambda: th.open_channel(int, ROOM))
calls_due = calls_of(partial(answered, answer_each))
