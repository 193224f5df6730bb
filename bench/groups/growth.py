"""Growth: what one costs among few and among many, as curves; full runs alone have the far end."""

from __future__ import annotations

from collections.abc import Mapping

from bench._model import (
    MICROSECONDS_PER_COMPONENT,
    NANOSECONDS_PER_MESSAGE,
    OURS,
    Goal,
    Group,
    Point,
    Row,
    Unit,
    at_least,
)

_CHILDREN = {1: 100, 10: 50, 100: 10, 1_000: 1, 10_000: 1, 100_000: 1}
"""How often so many are started in a sample."""
_TASKS: dict[int, int] = dict.fromkeys((1, 10, 100, 1000), 20000)
_BYTES = {100: 5_000, 1_000: 2_000, 10_000: 200, 100_000: 20, 1_000_000: 4}

_MANY = {10_000: (at_least(12, stretch=18, against="triotp"),)}
_ENCODE = {1_000_000: (at_least(1, against="cattrs_orjson"),)}
_DECODE = {1_000_000: (at_least(1.5, against="cattrs_orjson"),)}
"""However large a message is: its bounds once were looked for in all of it, value by value."""
_NO_GOALS: Mapping[int, tuple[Goal, ...]] = {}


def _curve(
    curve: str,
    of: str,
    workload: str,
    sizes: Mapping[int, int],
    others: str,
    unit: Unit = NANOSECONDS_PER_MESSAGE,
    goals: Mapping[int, tuple[Goal, ...]] = _NO_GOALS,
) -> tuple[Row, ...]:
    """Return the points of a curve: at each x, how often the work is done in a sample."""
    first, *rest = others.split()
    return tuple(
        Row(
            name=f"{curve}: {x:,} {of}",
            about=f"what one costs, over how many {of}",
            workload=workload,
            rivals=tuple(r for r in (first, OURS, *rest) if r != "triotp" or x <= 10_000),
            size=size,
            whole=x >= 1_000,  # fewer numbers would hardly be one for each task
            unit=unit,
            clock="cpu",
            baseline=first,
            goals=goals.get(x, ()),
            rounds=3 if x >= 10_000 else 5,
            point=Point(curve, x, of),
            quick=number in {0, 2},
        )
        for number, (x, size) in enumerate(sizes.items())
    )


GROUP = Group(
    name="growth",
    about="what one costs among few and among many, as curves",
    rows=(
        *_curve(
            "up",
            "children",
            "children",
            _CHILDREN,
            "raw_nursery triotp",
            MICROSECONDS_PER_COMPONENT,
            _MANY,
        ),
        *_curve("fan in", "producers", "producers", _TASKS, "raw_trio anyio_on_trio asyncio_queue"),
        *_curve(
            "fan out", "consumers", "consumers", _TASKS, "raw_trio anyio_on_trio asyncio_queue"
        ),
        *_curve("topic", "subscribers", "subscribers", _TASKS, "raw_trio"),
        *_curve("encode", "bytes", "encode_sized", _BYTES, "cattrs_orjson", goals=_ENCODE),
        *_curve("decode", "bytes", "decode_sized", _BYTES, "cattrs_orjson", goals=_DECODE),
        *_curve("socket", "bytes", "socket_sized", _BYTES, "cattrs_orjson_frames"),
    ),
)
