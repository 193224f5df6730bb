"""What a bench is made of, as data: groups of rows, each with its rivals and its goals.

A row is one piece of work that several rivals do. A rival is a module in `bench.rivals` with one
function for each work it takes part in, all of the same form, see `bench._sample.Workload`. A goal
is what ours must reach: an absolute figure, or a ratio to one of the rivals.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import attrs

from bench._sample import Clock, Sample
from bench._statistics import percentile

OURS = "ours"
"""The name of the rival that is trioharness itself; every goal is about it."""

_GAP_PART = 4
"""A neighbour sees all there is to see in one of so many parts of the work."""

ClockName: TypeAlias = Literal["cpu", "wall", "instructions"]
"""``"cpu"`` for throughput on one thread, ``"wall"`` for latencies and whatever waits.

``"instructions"`` for what is too near to call on a clock: the row's workload runs in processes of
its own, in which instructions are counted instead, see `bench._instructions`.
"""

CLOCKS: Mapping[ClockName, Clock] = {
    "cpu": time.process_time_ns,
    "wall": time.perf_counter_ns,
    "instructions": time.perf_counter_ns,
}


@attrs.frozen
class Unit:
    """What a row's figure is, and how it comes from a sample."""

    name: str
    better: Literal["higher", "lower"]
    figure: Callable[[Sample], float]


def _p99_milliseconds(sample: Sample) -> float:
    return percentile(sample.laps, 99) / 1e6


def _p50_microseconds(sample: Sample) -> float:
    return percentile(sample.laps, 50) / 1e3


def _p99_microseconds(sample: Sample) -> float:
    return percentile(sample.laps, 99) / 1e3


def _p99_to_p50(sample: Sample) -> float:
    return percentile(sample.laps, 99) / percentile(sample.laps, 50)


MESSAGES_PER_SECOND = Unit("messages/s", "higher", lambda s: s.count * 1e9 / s.nanoseconds)
NANOSECONDS_PER_MESSAGE = Unit("ns/message", "lower", lambda s: s.nanoseconds / s.count)
MILLISECONDS_PER_COMPONENT = Unit("ms/component", "lower", lambda s: s.nanoseconds / s.count / 1e6)
P99_MILLISECONDS = Unit("ms, p99", "lower", _p99_milliseconds)
P50_MICROSECONDS = Unit("us, p50", "lower", _p50_microseconds)
MILLISECONDS_PER_IMPORT = Unit("ms/import", "lower", lambda s: s.amount / s.count / 1e6)
WHOLE_PROCESS = Unit("ns each, whole process", "lower", lambda s: s.amount / s.count)
MICROSECONDS_PER_COMPONENT = Unit("us/component", "lower", lambda s: s.nanoseconds / s.count / 1e3)
MILLISECONDS_PER_SNAPSHOT = Unit("ms/snapshot", "lower", lambda s: s.nanoseconds / s.count / 1e6)
MICROSECONDS_PER_CALL = Unit("us/call", "lower", lambda s: s.nanoseconds / s.count / 1e3)
P99_TO_P50 = Unit("times the median", "lower", _p99_to_p50)
BYTES_PER_COMPONENT = Unit("bytes/component", "lower", lambda s: s.amount / s.count)
TURNS_PER_RESTART = Unit("turns/restart", "higher", lambda s: s.amount / s.count)
INSTRUCTIONS_PER_MESSAGE = Unit("instructions/message", "lower", lambda s: s.amount / s.count)
INSTRUCTIONS_PER_CALL = attrs.evolve(INSTRUCTIONS_PER_MESSAGE, name="instructions/call")
INSTRUCTIONS_PER_CHILD = attrs.evolve(INSTRUCTIONS_PER_MESSAGE, name="instructions/child")
INSTRUCTIONS_PER_RESTART = attrs.evolve(INSTRUCTIONS_PER_MESSAGE, name="instructions/restart")
BYTES_PER_MESSAGE = Unit("bytes/message", "lower", lambda s: s.amount / s.count)
LOST = Unit("messages lost", "lower", lambda s: float(s.amount))
WAKE_UPS = Unit("wake-ups", "lower", lambda s: float(s.amount))
LATENCY = Unit("us from due, p99", "lower", _p99_microseconds)


@attrs.frozen
class Goal:
    """What ours must reach in a row, and what it aims at; made by `at_least` and `at_most`."""

    kind: Literal["floor", "ceiling"]
    must: float
    """The bound below (or above) which the row fails."""
    stretch: float | None
    """The aim; missing it is no failure."""
    against: str | None
    """The rival ours is compared with; None: the bound is on the row's own figure."""

    def __attrs_post_init__(self) -> None:
        if self.kind == "ceiling" and self.against is not None:
            raise ValueError("a ratio is better when greater; give its floor with at_least")
        if self.stretch is not None and not self.met_by(self.stretch):
            raise ValueError(f"stretch {self.stretch!r} does not even meet must {self.must!r}")

    def met_by(self, value: float) -> bool:
        """Whether `value` is good enough."""
        return value >= self.must if self.kind == "floor" else value <= self.must

    def stretched_by(self, value: float) -> bool:
        """Whether `value` reaches the aim, where there is one."""
        if self.stretch is None:
            return False
        return value >= self.stretch if self.kind == "floor" else value <= self.stretch

    def relaxed(self, margin: float) -> Goal:
        """Return this goal `margin` times easier to meet, for a test that noise must not fail."""
        easier = self.must / margin if self.kind == "floor" else self.must * margin
        return attrs.evolve(self, must=easier)

    def __str__(self) -> str:
        return bound_text(self.kind, self.must, self.stretch)


def bound_text(kind: Literal["floor", "ceiling"], must: float, stretch: float | None) -> str:
    """Say how far a goal has to go, with its aim: ``">= 1.05 (1.15)"``."""
    aim = "" if stretch is None else f" ({stretch:g})"
    return f"{'>=' if kind == 'floor' else '<='} {must:g}{aim}"


def at_least(must: float, *, stretch: float | None = None, against: str | None = None) -> Goal:
    """Ours must reach `must`: of the row's figure, or as a ratio to the rival `against`."""
    return Goal("floor", must, stretch, against)


def at_most(must: float, *, stretch: float | None = None) -> Goal:
    """Ours must not go over `must` in the row's figure."""
    return Goal("ceiling", must, stretch, None)


@attrs.frozen
class Point:
    """Where a row stands on a curve: the cost of one, over how many or how large."""

    curve: str
    """The rows of a group with the same one make up a curve: ``"children up"``."""
    x: float
    """How many, or how large."""
    of: str
    """What `x` counts, in the plural: ``"children"``, ``"bytes"``."""


@attrs.frozen(kw_only=True)
class Row:
    """One piece of work, done by several rivals in turn."""

    name: str
    about: str
    """What is done and what is timed, in a line for the reader of the table."""
    workload: str
    """The function of each rival's module that does it."""
    rivals: tuple[str, ...]
    """Modules of `bench.rivals`, in the order of the table."""
    size: int
    """How often the work is done in one sample of a full run."""
    unit: Unit
    clock: ClockName
    baseline: str | None = None
    """The rival that everyone's ratio is to; None: the figures stand alone."""
    goals: tuple[Goal, ...] = ()
    rounds: int | None = None
    """How many rounds are enough, where a sample is long or exact; None: as many as the run has.

    Where one is enough, nobody is warmed up for it either.
    """
    whole: bool = False
    """Whether a quick run does it in full size too, since the goal is about just that size."""
    point: Point | None = None
    """Its place on a curve, where the row is one of several that differ in size alone.

    The rivals' function then is a `WorkloadOf`: it is given `Point.x` before the size.
    """
    neighbour: bool = False
    """Whether a neighbour takes its turns beside the work, and its gaps are what is measured."""
    quick: bool = True
    """Whether a quick run has it too: not where a single sample takes many seconds."""

    @property
    def counted(self) -> bool:
        """Whether its instructions are counted, instead of its time."""
        return self.clock == "instructions"

    def __attrs_post_init__(self) -> None:
        named = {goal.against for goal in self.goals} | {self.baseline}
        if self.goals:
            named.add(OURS)
        for rival in named - {None}:
            if rival not in self.rivals:
                raise ValueError(f"row {self.name!r} compares with {rival!r}, not in its rivals")


def flow_row(name: str, about: str, workload: str, size: int, others: str, *goals: Goal) -> Row:
    """Return a row of what a message takes; the first of the others is the baseline."""
    first, *rest = others.split()
    return Row(
        name=name,
        about=about,
        workload=workload,
        rivals=(first, OURS, *rest),
        size=size,
        unit=NANOSECONDS_PER_MESSAGE,
        clock="cpu",
        baseline=first,
        goals=goals,
    )


def with_gaps(*rows: Row, but: str = "") -> tuple[Row, ...]:
    """Return `rows`, each with one more behind it: the gaps of a neighbour beside the same work.

    Args:
        rows: Rows about throughput.
        but: Rivals that have no loop a neighbour could live in.
    """
    return tuple(each for row in rows for each in (row, _gap_row(row, but.split())))


def _gap_row(row: Row, but: list[str]) -> Row:
    return attrs.evolve(
        row,
        name=f"{row.name}: gap",
        about="how long a neighbour in the same loop waits for its turn meanwhile",
        rivals=tuple(rival for rival in row.rivals if rival not in but),
        size=max(1, row.size // _GAP_PART),
        unit=P50_MICROSECONDS,
        goals=(),
        rounds=3,
        neighbour=True,
    )


@attrs.frozen(kw_only=True)
class Group:
    """Rows that belong together; the ``GROUP`` of one module in `bench.groups`."""

    name: str
    about: str
    rows: tuple[Row, ...]


@attrs.frozen(kw_only=True)
class Effort:
    """How much is spent on each row."""

    name: str
    rounds: int
    """How many of a row are measured, if its time is enough for them."""
    scale: float
    """Factor on each row's size."""
    least: int = 3
    """How many are measured in any case."""
    seconds: float = math.inf
    """After so long on the wall clock a row ends with the round it is in."""
    quick: bool = False
    """Whether rows are left out that are too long for it."""

    def has(self, row: Row) -> bool:
        """Whether `row` is measured at all."""
        return row.quick or not self.quick

    def size(self, row: Row) -> int:
        """How often `row`'s work is done in one sample."""
        return row.size if row.whole else max(1, round(row.size * self.scale))

    def rounds_of(self, row: Row) -> int:
        """How many rounds of `row` are measured at most."""
        return self.rounds if row.rounds is None else min(self.rounds, row.rounds)

    def is_enough(self, rounds: int, seconds: float) -> bool:
        """Whether a row that took so long for so many measured rounds is to end."""
        return rounds >= self.least and seconds > self.seconds


FULL = Effort(name="full", rounds=15, scale=1.0, least=7, seconds=8)
"""Half an hour on two cores: some 170 rows, few of which take longer than they are to."""
QUICK = Effort(name="quick", rounds=5, scale=0.2, least=3, seconds=0.5, quick=True)
"""Under three minutes."""
