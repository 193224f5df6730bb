"""An application that is looked at while it works: what a look costs, and what it costs others."""

from __future__ import annotations

from bench._model import (
    MILLISECONDS_PER_SNAPSHOT,
    NANOSECONDS_PER_MESSAGE,
    OURS,
    Group,
    Row,
    at_least,
    at_most,
)

GROUP = Group(
    name="operating",
    about="an application that is looked at while it works",
    rows=(
        Row(
            name="snapshot",
            about="`Running.snapshot` of as many components and as many channels",
            workload="snapshots",
            rivals=(OURS,),
            size=1_000,
            whole=True,
            unit=MILLISECONDS_PER_SNAPSHOT,
            clock="cpu",
            goals=(at_most(10),),
        ),
        Row(
            name="watched",
            about="messages one by one, watched, with a snapshot ten times a second, and without",
            workload="watched",
            rivals=("ours_plain", OURS),
            size=100_000,
            whole=True,  # it has to take a second: a shorter one has too few looks in it
            unit=NANOSECONDS_PER_MESSAGE,
            clock="cpu",
            baseline="ours_plain",
            goals=(at_least(0.98, against="ours_plain"),),
        ),
    ),
)
