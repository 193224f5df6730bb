"""Messages from task to task within one process."""

from __future__ import annotations

from bench._model import NANOSECONDS_PER_MESSAGE, OURS, Group, Row, at_least

GROUP = Group(
    name="channels",
    about="messages from task to task within one process",
    rows=(
        Row(
            name="one by one",
            about="send and receive each message, 1 producer, 1 consumer, room for 100",
            workload="one_by_one",
            rivals=("raw_trio", OURS, "anyio_on_trio"),
            size=20_000,
            unit=NANOSECONDS_PER_MESSAGE,
            clock="cpu",
            baseline="raw_trio",
            goals=(at_least(1.05, stretch=1.15, against="raw_trio"),),
        ),
    ),
)
