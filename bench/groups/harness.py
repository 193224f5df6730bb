"""An application of many components: how long it takes to start, what it weighs, and at rest."""

from __future__ import annotations

from bench._model import (
    BYTES_PER_COMPONENT,
    MILLISECONDS_PER_COMPONENT,
    OURS,
    WAKE_UPS,
    Group,
    Row,
    at_least,
    at_most,
)

GROUP = Group(
    name="harness",
    about="an application of many components, beside a bare supervisor of as many children",
    rows=(
        Row(
            name="1,000 up",
            about="describe components, check the wiring, start them, until all are ready",
            workload="application_up",
            rivals=(OURS, "ours_supervisor"),
            size=1_000,
            whole=True,
            unit=MILLISECONDS_PER_COMPONENT,
            clock="wall",  # it is what a user waits for
            baseline="ours_supervisor",
            goals=(at_most(1),),
        ),
        Row(
            name="memory",
            about="resident memory of a process of its own, with the application minus without",
            workload="application_memory",
            rivals=(OURS, "ours_supervisor"),
            size=5_000,
            whole=True,
            unit=BYTES_PER_COMPONENT,
            clock="wall",
            baseline="ours_supervisor",
            goals=(at_least(2 / 3, against="ours_supervisor"),),  # 1.5 times as much at most
            rounds=1,  # the same to a byte
            quick=False,
        ),
        Row(
            name="idle",
            about="returns from epoll in an application of 100; the size is in milliseconds",
            workload="idle_application",
            rivals=(OURS,),
            size=10_000,
            unit=WAKE_UPS,
            clock="wall",
            goals=(at_most(0),),
            rounds=1,
        ),
    ),
)
