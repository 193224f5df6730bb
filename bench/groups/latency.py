"""Latency under a load that is due at fixed times, whether or not earlier work is done."""

from __future__ import annotations

from bench._model import LATENCY, OURS, Group, Point, Row

_LOADS = (20, 50, 80)


def _under_load(curve: str, workload: str, size: int, others: str) -> tuple[Row, ...]:
    first, *rest = others.split()
    return tuple(
        Row(
            name=f"{curve}, {load} %",
            about=f"from due to done, at {load} % of what trio alone can do",
            workload=workload,
            rivals=(first, OURS, *rest),
            size=size,
            unit=LATENCY,
            clock="cpu",  # it never waits for anything else
            baseline=first,
            rounds=9,
            point=Point(curve, load, "% of trio's most"),
        )
        for load in _LOADS
    )


GROUP = Group(
    name="latency",
    about="messages and calls at fixed times; 50, 90, 99, 99.9 and 100 % are in the JSON file",
    rows=(
        *_under_load("messages", "messages_due", 5_000, "raw_trio anyio_on_trio asyncio_queue"),
        *_under_load("calls", "calls_due", 2_000, "raw_trio triotp asyncio_queue"),
    ),
)
