"""A component that crashes again and again: how soon it runs again, and what others get done."""

from __future__ import annotations

from bench._model import OURS, P50_MICROSECONDS, TURNS_PER_RESTART, Group, Row, at_least

GROUP = Group(
    name="restart",
    about="a component that crashes again and again",
    rows=(
        Row(
            name="latency",
            about="from raising to its code running again; no log, a limit that is never reached",
            workload="restart",
            rivals=("raw_nursery", OURS, "triotp", "mode"),
            size=2_000,
            unit=P50_MICROSECONDS,
            clock="wall",
            baseline="raw_nursery",
            goals=(
                at_least(2, stretch=3, against="raw_nursery"),
                at_least(6, stretch=8.5, against="triotp"),
                at_least(3.5, stretch=5, against="mode"),
            ),
        ),
        Row(
            name="fairness",
            about="one crashes at its first step in a loop; turns of the sibling that got fewest",
            workload="crash_loop",
            rivals=("raw_nursery", OURS, "triotp"),
            size=2_000,
            unit=TURNS_PER_RESTART,
            clock="wall",
            goals=(at_least(1),),
            rounds=5,
        ),
    ),
)
