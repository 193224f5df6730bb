"""Messages taken from whichever of several channels has one."""

from __future__ import annotations

from bench._model import Group, at_least, flow_row, with_gaps

GROUP = Group(
    name="select",
    about="messages taken from whichever of several channels has one",
    rows=with_gaps(
        flow_row(
            "10 idle",
            "select over 1 busy and 10 idle channels, beside a plain receive of the busy one; "
            "trio with a task for each channel",
            "one_busy_of_11",
            20_000,
            "ours_plain raw_trio",
            at_least(0.5, stretch=0.9, against="ours_plain"),
        ),
        flow_row(
            "100 idle",
            "the same over 1 busy and 100 idle ones, beside 10 idle ones",
            "one_busy_of_101",
            20_000,
            "ours_plain",
            at_least(0.8, stretch=0.95, against="ours_plain"),
        ),
        flow_row(
            "idle timer",
            "the same over 1 busy channel and a timer, beside a plain receive",
            "one_busy_and_a_timer",
            20_000,
            "ours_plain",
        ),
        flow_row(
            "each waits",
            "the same over 1 busy and 10 idle ones without room, so that each item is waited for",
            "one_busy_without_room",
            20_000,
            "ours_plain",
        ),
    ),
)
