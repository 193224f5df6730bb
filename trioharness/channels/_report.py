"""What a channel says of itself when somebody looks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import trio

from ._sampling import oldest_age, waiting_since
from ._state import ChannelState
from ._statistics import ChannelStatistics
from ._waiter import Waiter


def describe(state: ChannelState, end: object, *, closed: bool) -> str:
    """Return the `repr` of an end or of the channel."""
    how = "closed" if closed else state.load
    finished = ", finished" if state.finished else ""
    suspended = ", suspended" if state.suspended is not None and not state.broken else ""
    return f"<{type(end).__name__} {state.name!r} {how}{finished}{suspended}>"


def read_statistics(state: ChannelState) -> ChannelStatistics:
    """Return the numbers of this moment."""
    buffered = state.buffered
    now: float | None = None
    # Most channels of an application at rest have nothing whose age could be asked for.
    if state.queue or state.senders or state.receivers or state.marks:
        with contextlib.suppress(RuntimeError):  # outside of trio
            now = trio.current_time()
    return ChannelStatistics(
        current_buffer_used=buffered,
        max_buffer_size=state.max_buffer_size,
        open_send_channels=state.open_send_channels,
        open_receive_channels=state.open_receive_channels,
        tasks_waiting_send=len(state.senders),
        tasks_waiting_receive=len(state.receivers),
        send_waiting_since=None if now is None else waiting_since(state.senders, now),
        receive_waiting_since=None if now is None else waiting_since(state.receivers, now),
        oldest_age=0.0 if now is None else oldest_age(state, now),
        peak_buffer_used=state.peak,
        sent=state.sent,
        received=state.sent - buffered - state.dead - state.dropped - state.abandoned,
        dropped=state.dropped,
        dead=state.dead,
        doomed=buffered - len(state.queue),
        in_hand=state.in_hand,
    )


def read_waiters(state: ChannelState, now: float) -> Iterator[Waiter]:
    """Yield the tasks that wait at this moment, senders first."""
    for waiting, sends in ((state.senders, True), (state.receivers, False)):
        waiting_since(waiting, now)  # it marks all of them
        for task in waiting:
            yield Waiter(task=task, sends=sends, since=task.custom_sleep_data)
