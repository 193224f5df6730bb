"""Correctness beside speed: nothing is lost, doubled or reordered by a cancel, close or crash."""

from __future__ import annotations

from bench._model import LOST, OURS, Group, Row, at_most

GROUP = Group(
    name="storm",
    about="cancel safety: what other groups are fast at, under cancels, closes and crashes",
    rows=(
        Row(
            name="every kind of channel",
            about="storms of operations on each kind; one that goes wrong is an error",
            workload="storm",
            rivals=(OURS,),
            size=50_000,
            unit=LOST,
            clock="cpu",
            goals=(at_most(0),),
            rounds=5,
        ),
    ),
)
