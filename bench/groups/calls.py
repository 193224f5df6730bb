"""Requests and their replies."""

from __future__ import annotations

from bench._model import (
    MICROSECONDS_PER_CALL,
    OURS,
    P99_TO_P50,
    Goal,
    Group,
    Row,
    at_least,
    with_gaps,
)


def _calls(name: str, about: str, workload: str, *goals: Goal) -> Row:
    return Row(
        name=name,
        about=about,
        workload=workload,
        rivals=("raw_trio", OURS, "ours_in_blocks", "triotp", "asyncio_queue", "pykka"),
        size=4_000,
        unit=MICROSECONDS_PER_CALL,
        clock="cpu",
        baseline="raw_trio",
        goals=goals,
    )


GROUP = Group(
    name="calls",
    about="requests and their replies, from task to task",
    rows=(
        *with_gaps(
            _calls(
                "1 client",
                "calls one after another; by hand each has a new reply channel",
                "one_client",
                at_least(2, stretch=2.3, against="raw_trio"),
                at_least(3, stretch=3.6, against="triotp"),
            ),
            _calls(
                "10 clients",
                "the same from 10 clients at once; ours answers in batches, the others cannot",
                "ten_clients",
                at_least(4.5, stretch=5.8, against="raw_trio"),
                at_least(6, stretch=8, against="triotp"),
            ),
            but="pykka",
        ),
        Row(
            name="casts",
            about="requests without a reply, 1 client",
            workload="casts",
            rivals=("triotp", OURS, "pykka"),
            size=4_000,
            unit=MICROSECONDS_PER_CALL,
            clock="cpu",
            baseline="triotp",
            goals=(at_least(1.4, stretch=1.6, against="triotp"),),
        ),
        Row(
            name="evenness",
            about="the 99th percentile of a call of 1 client, in terms of the median",
            workload="evenness",
            rivals=("raw_trio", OURS, "triotp"),
            size=4_000,
            unit=P99_TO_P50,
            clock="wall",
            baseline="raw_trio",
        ),
    ),
)
