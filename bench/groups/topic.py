"""One message to ten subscribers, each in a task of its own that receives all of them."""

from __future__ import annotations

from bench._model import NANOSECONDS_PER_MESSAGE, OURS, Goal, Group, Row, at_least


def _to_ten(name: str, about: str, workload: str, size: int, goal: Goal) -> Row:
    return Row(
        name=name,
        about=about,
        workload=workload,
        rivals=("raw_trio", OURS),
        size=size,
        unit=NANOSECONDS_PER_MESSAGE,
        clock="cpu",
        baseline="raw_trio",
        goals=(goal,),
    )


GROUP = Group(
    name="topic",
    about="each message to ten subscribers; trio sends it ten times, into a channel each",
    rows=(
        _to_ten(
            "publish",
            "one by one, also received one by one, room for 100 at each subscriber",
            "to_ten_subscribers",
            5_000,
            at_least(2.8, stretch=3.5, against="raw_trio"),
        ),
        _to_ten(
            "publish many",
            "in batches of 100, also received in batches; trio one by one",
            "to_ten_subscribers_in_batches",
            100_000,
            at_least(60, stretch=85, against="raw_trio"),
        ),
    ),
)
