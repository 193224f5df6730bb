"""How long has it been waiting? Answered from what earlier readings saw.

To note the time of each wait costs 1.5 to 4 % of a message, and that of each message more, so no
send and no receive looks at a clock. Whoever reads the statistics does: each reading marks the
tasks that it finds waiting, and the newest message that it finds queued. A later reading that still
finds them knows that they have been waiting at least since then. So the times are as exact as the
readings are frequent, and never too long.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from trio.lowlevel import Task

from ._state import ChannelState

MARKS: Final = 32
"""A new mark is made when this part of the greatest age has passed since the last one, so that a
channel which is read all the time keeps some dozens of them and is wrong by 3 % at most."""


def waiting_since(waiting: OrderedDict[Task, Any], now: float) -> float | None:
    """Mark the tasks that wait; return when the first of them was seen to wait for the first time.

    The mark is the task's `custom_sleep_data`, which is there for who puts it to sleep, and which
    trio resets when the task wakes up: it belongs to this wait and to no other.
    """
    if not waiting:
        return None
    for task in waiting:
        if task.custom_sleep_data is None:  # one that publishes may have been seen elsewhere
            task.custom_sleep_data = now
    for task in waiting:
        since: float = task.custom_sleep_data
        return since
    return None


def oldest_age(state: ChannelState, now: float) -> float:
    """Mark the newest message; return for how long the oldest one is known to have been there."""
    if not state.queue:
        state.marks = []
        return 0.0
    first, last = state.span()
    # Another trio program may have left marks of its own time.
    marks = [mark for mark in state.marks if first <= mark[1] and mark[0] <= now]
    if not marks or now - marks[-1][0] > (now - marks[0][0]) / MARKS:
        marks.append((now, last))
    state.marks = marks
    return now - marks[0][0]
