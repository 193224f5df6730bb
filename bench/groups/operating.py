"""An application that is looked at while it works: what a look costs, and what it costs others."""

from __future__ import annotations

from bench._model import (
    INSTRUCTIONS_PER_MESSAGE,
    MILLISECONDS_PER_SNAPSHOT,
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
            about="messages one by one, watched, with a snapshot every 10,000, and without",
            workload="watched",
            rivals=("ours_plain", OURS),
            size=30_000,
            whole=True,
            unit=INSTRUCTIONS_PER_MESSAGE,
            clock="instructions",
            baseline="ours_plain",
            goals=(at_least(0.98, against="ours_plain"),),
            rounds=1,
            quick=False,  # it takes a minute
        ),
    ),
)
