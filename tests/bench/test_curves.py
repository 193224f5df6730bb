"""Rows that are points of a curve: their work is told where it stands, and is done again."""

from __future__ import annotations

import random
from typing import Any

import attrs
import pytest

from bench._growth import repeated
from bench._measure import measure_row
from bench._model import FULL, NANOSECONDS_PER_MESSAGE, OURS, QUICK, Point, Row
from bench._run import group_names, load_group
from bench._sample import Clock, Sample

ROW = Row(
    name="made up",
    about="made up",
    workload="work",
    rivals=(OURS,),
    size=4,
    unit=NANOSECONDS_PER_MESSAGE,
    clock="cpu",
    point=Point("up", 30, "children"),
)


def no_time() -> int:
    return 0


def test_many_are_started_as_often_as_it_says() -> None:
    sizes: list[int] = []

    def up(size: int, _clock: Clock) -> Sample:
        sizes.append(size)
        return Sample(count=size, nanoseconds=7)

    assert repeated(up)(30, 4, no_time) == Sample(count=120, nanoseconds=28)
    assert sizes == [30, 30, 30, 30]


def test_the_work_of_a_point_is_told_where_it_stands() -> None:
    def work(x: int, size: int, _clock: Clock) -> Sample:
        return Sample(count=size, nanoseconds=x * size)

    def load(_rival: str, _workload: str) -> Any:
        return work

    result = measure_row(
        ROW,
        attrs.evolve(FULL, rounds=2),
        random.Random(0),
        tell=lambda _done, _total, _rival: None,
        load=load,
    )
    assert result.figures(OURS) == (30, 30)


def test_a_quick_run_leaves_the_far_end_to_full_ones() -> None:
    far = attrs.evolve(ROW, quick=False)
    assert (QUICK.has(far), FULL.has(far), QUICK.has(ROW)) == (False, True, True)


@pytest.mark.parametrize("name", group_names())
def test_a_curve_has_one_point_at_each_x_and_the_same_work(name: str) -> None:
    curves: dict[str, list[Row]] = {}
    for row in load_group(name).rows:
        if row.point is not None:
            curves.setdefault(row.point.curve, []).append(row)
    for rows in curves.values():
        places = [row.point.x for row in rows if row.point]
        assert places == sorted(set(places))
        assert len({(row.workload, row.unit, row.point and row.point.of) for row in rows}) == 1
        assert OURS in rows[0].rivals
    assert bool(curves) or name != "growth"
