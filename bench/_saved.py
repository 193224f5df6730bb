"""A run as it was written by ``--json``, read back: what comparisons and reports are made of."""

from __future__ import annotations

import json
from typing import Any, Literal

import attrs
import cattrs

from bench._json import SCHEMA
from bench._machine import Machine
from bench._model import Point
from bench._statistics import Summary


class UnreadableRunError(Exception):
    """A file is no run of this form; the message says why."""


@attrs.frozen(kw_only=True)
class SavedRival:
    """What became of one rival; the figures are there where it was measured."""

    status: str
    reason: str = ""
    figures: tuple[float, ...] = ()
    figure: Summary | None = None
    ratios: tuple[float, ...] = ()
    """To the baseline of the row, one a round; above 1 is better."""
    ratio: Summary | None = None
    laps_ns: tuple[dict[str, int], ...] = ()
    """Percentiles of the latencies, one mapping a round, where the row has latencies."""


@attrs.frozen(kw_only=True)
class SavedGoal:
    """A goal, and how it was judged."""

    kind: Literal["floor", "ceiling"]
    must: float
    stretch: float | None
    against: str | None
    value: Summary | None
    verdict: str


@attrs.frozen(kw_only=True)
class SavedRow:
    """One row of a group."""

    name: str
    about: str
    unit: str
    clock: str
    size: int
    baseline: str | None
    rivals: dict[str, SavedRival]
    goals: tuple[SavedGoal, ...]
    workload: str = ""
    """What the rivals call it; files of older runs do not say."""
    point: Point | None = None
    """Its place on a curve; files of older runs have none."""


@attrs.frozen(kw_only=True)
class SavedGroup:
    """The rows that belong together."""

    name: str
    about: str
    rows: tuple[SavedRow, ...]


@attrs.frozen(kw_only=True)
class SavedEffort:
    """How much was spent on each row."""

    name: str
    rounds: int


@attrs.frozen(kw_only=True)
class SavedRun:
    """A run of the suite."""

    started: str
    seconds: float
    seed: int
    gc: str
    effort: SavedEffort
    machine: Machine
    groups: tuple[SavedGroup, ...]


_CONVERTER = cattrs.Converter()  # once, since it writes code for each class


def read_run(text: str) -> SavedRun:
    """Read what ``--json`` wrote.

    Args:
        text: The whole of it.

    Raises:
        UnreadableRunError: It is no such text, or of another schema.
    """
    try:
        form: Any = json.loads(text)
        schema = form["schema"]
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableRunError("it was not written by --json") from error
    if schema != SCHEMA:
        raise UnreadableRunError(f"its schema is {schema!r}, but only {SCHEMA} can be read")
    try:
        return _CONVERTER.structure(form, SavedRun)
    except cattrs.BaseValidationError as error:
        raise UnreadableRunError("; ".join(cattrs.transform_error(error)[:3])) from error
