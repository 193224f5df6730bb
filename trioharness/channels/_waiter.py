"""Who waits at a channel, for those who look at it from outside."""

from __future__ import annotations

import attrs
from trio.lowlevel import Task


@attrs.frozen(kw_only=True)
class Waiter:
    """One task that waits at a channel, from `Channel.waiters`."""

    task: Task
    """The task, as trio has it: its ``name`` and its ``iter_await_frames()`` say who it is."""
    sends: bool
    """Whether it waits to send; else to receive."""
    since: float
    """Since when, or earlier: the trio time of the first reading that saw it wait."""
