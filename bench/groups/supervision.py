"""Many children of one supervisor: how long they take to start and to stop, and what they weigh."""

from __future__ import annotations

from bench._model import (
    BYTES_PER_COMPONENT,
    MICROSECONDS_PER_COMPONENT,
    OURS,
    WAKE_UPS,
    Group,
    Row,
    at_least,
    at_most,
)

GROUP = Group(
    name="supervision",
    about="many children of one supervisor",
    rows=(
        Row(
            name="1,000 up",
            about="start children, each gives a value when it is ready, until all values are there",
            workload="children_up",
            rivals=(
                "raw_nursery",
                OURS,
                "ours_one_by_one",
                "raw_start_soon",
                "trio_chain",
                "triotp",
                "mode",
                "aiotools",
            ),
            size=1_000,
            whole=True,
            unit=MICROSECONDS_PER_COMPONENT,
            clock="cpu",
            baseline="raw_nursery",
            goals=(
                at_least(1.8, stretch=2.3, against="raw_nursery"),
                at_least(8, stretch=12, against="triotp"),
            ),
        ),
        Row(
            name="1,000 down",
            about="ours in reverse start order, one after another; the others cancel all at once",
            workload="children_down",
            rivals=("raw_nursery", OURS, "raw_start_soon", "trio_chain", "triotp", "aiotools"),
            size=1_000,
            whole=True,
            unit=MICROSECONDS_PER_COMPONENT,
            clock="cpu",
            baseline="raw_nursery",
            goals=(
                at_least(0.65, stretch=0.8, against="raw_nursery"),
                at_least(4, stretch=5.5, against="triotp"),
            ),
        ),
        Row(
            name="memory",
            about="resident memory of a process of its own, with children minus without",
            workload="children_memory",
            rivals=("raw_nursery", OURS, "triotp"),
            size=5_000,
            whole=True,
            unit=BYTES_PER_COMPONENT,
            clock="wall",
            baseline="raw_nursery",
            goals=(
                at_least(0.77, stretch=1, against="raw_nursery"),  # 1.3 times as much at most
                at_least(3.34, stretch=4.55, against="triotp"),  # 0.3 (0.22) times as much at most
            ),
            rounds=1,  # the same to a byte
        ),
        Row(
            name="idle",
            about="returns from epoll in a tree of 100 children; the size is in milliseconds",
            workload="idle_tree",
            rivals=(OURS,),
            size=10_000,
            unit=WAKE_UPS,
            clock="wall",
            goals=(at_most(0),),
            rounds=1,
        ),
    ),
)
