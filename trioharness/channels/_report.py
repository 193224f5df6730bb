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
    queued = len(state.queue)
    buffered = state.buffered
    senders, receivers = state.senders, state.receivers
    send_since = receive_since = None
    age = 0.0
    # Most channels of an application at rest have nothing whose age could be asked for.
    if queued or senders or receivers or state.marks:
        with contextlib.suppress(RuntimeError):  # outside of trio
            now = trio.current_time()
            send_since = waiting_since(senders, now)
            receive_since = waiting_since(receivers, now)
            age = oldest_age(state, now)
    sent, dead, dropped = state.sent, state.dead, state.dropped
    return ChannelStatistics(
        buffered,
        state.max_buffer_size,
        state.open_send_channels,
        state.open_receive_channels,
        len(senders),
        len(receivers),
        send_since,
        receive_since,
        age,
        state.peak,
        sent,
        sent - buffered - dead - dropped - state.abandoned,
        dropped,
        dead,
        buffered - queued,
        state.in_hand,
    )


def read_waiters(state: ChannelState, now: float) -> Iterator[Waiter]:
    """Yield the tasks that wait at this moment, senders first."""
    for waiting, sends in ((state.senders, True), (state.receivers, False)):
        waiting_since(waiting, now)  # it marks all of them
        for task in waiting:
            yield Waiter(task=task, sends=sends, since=task.custom_sleep_data)
