"""Imports: what a program pays before its first line, beside one that only has trio."""

from __future__ import annotations

from bench._model import MILLISECONDS_PER_IMPORT, OURS, Goal, Group, Row, at_least


def _imported(name: str, about: str, workload: str, *goals: Goal) -> Row:
    return Row(
        name=name,
        about=about,
        workload=workload,
        rivals=("raw_trio", OURS),
        size=5,
        whole=True,
        unit=MILLISECONDS_PER_IMPORT,
        clock="wall",  # of the round; the figure is the processor time of other processes
        baseline="raw_trio",
        goals=goals,
        quick=bool(goals),
    )


GROUP = Group(
    name="imports",
    about="processes that import trio, and trioharness with it; names are loaded with their use",
    rows=(
        _imported(
            "import",
            "import trio, and trioharness beside it",
            "import_alone",
            at_least(0.87, stretch=1, against="raw_trio"),  # 1.15 times as much at most
        ),
        _imported(
            "import, channels",
            "the same, and take open_channel from it; trio has open_memory_channel",
            "import_channels",
        ),
        _imported(
            "import, supervision",
            "the same, and take open_supervisor from it; trio has open_nursery",
            "import_supervision",
        ),
    ),
)
