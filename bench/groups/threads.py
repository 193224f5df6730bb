"""Messages of a thread that does not run trio."""

from __future__ import annotations

from bench._model import Group, at_least, flow_row

GROUP = Group(
    name="threads",
    about="a thread that sends; trio's own way is `trio.from_thread.run`",
    rows=(
        flow_row(
            "send",
            "one by one, each send waited for in the thread, with room for 100",
            "from_a_thread",
            2_000,
            "raw_trio",
            at_least(0.8, stretch=1.2, against="raw_trio"),
        ),
        flow_row(
            "send and wait",
            "the same without room, so that each send waits for its receiver",
            "from_a_thread_without_room",
            2_000,
            "raw_trio",
            at_least(0.8, against="raw_trio"),
        ),
    ),
)
