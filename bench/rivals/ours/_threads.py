"""A portal, through which a thread sends."""

from __future__ import annotations

from functools import partial

import trioharness as th
from bench._sample import Clock, Sample
from bench._threads import sample_of, send_each, sums


def from_a_thread(size: int, clock: Clock, room: int = 100) -> Sample:
    """Send `size` numbers through a portal."""
    result: list[int] = []
    app = th.Harness("bench")
    send, receive = app.channel(int, room)
    app.expose(send)
    app.add(sums, receive, result)
    with th.start_blocking(app) as portal:
        elapsed = send_each(partial(portal.send, send), size, clock)
    return sample_of(size, elapsed, result)


from_a_thread_without_room = partial(from_a_thread, room=0)
