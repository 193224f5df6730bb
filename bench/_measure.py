"""The runner: rounds in which every rival takes its turn, in random order.

The order is random so that no rival always runs in another's wake (caches, frequency, heap). Before
the rounds each rival runs once unmeasured, unless its instructions are counted, in fresh processes.
The garbage collector stays on, as in a real program; a full collection before each sample lets no
rival pay for another's garbage, and what is there by then it passes over: none pays for the modules
that another has loaded. A row ends early when it has taken its time. A rival is foreign code:
whatever it raises ends its own part only, and is reported.
"""

from __future__ import annotations

import contextlib
import gc
import random
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TypeAlias, cast

import attrs

from bench._instructions import instructions_of
from bench._model import CLOCKS, Effort, Row
from bench._neighbour import beside_a_neighbour
from bench._sample import Sample, ToolMissingError, Workload, WorkloadOf
from bench.rivals import RivalMissingError, load_workload, module_of

GC_POLICY = "gc on, full collection before each sample, what is there by then frozen"


@attrs.frozen
class Measured:
    """A rival that did its work right in every round."""

    samples: tuple[Sample, ...]
    """One a round, in the order of the rounds."""


@attrs.frozen
class Missing:
    """A rival that cannot take part on this machine."""

    reason: str


@attrs.frozen
class Broken:
    """A rival that failed, or whose sum was wrong; its figures were thrown away."""

    reason: str


@attrs.frozen
class NotRun:
    """A rival that is here, in a row that this machine cannot measure."""

    reason: str


Outcome: TypeAlias = Measured | Missing | Broken | NotRun
"""What became of one rival in one row."""

Loader: TypeAlias = Callable[[str, str], Workload]
"""``load(rival, workload)``: see `bench.rivals.load_workload`."""

Tell: TypeAlias = Callable[[int, int, str], None]
"""``tell(done, total, rival)`` is called before each sample, to show progress."""


@attrs.frozen(kw_only=True)
class RowResult:
    """What was measured of one row."""

    row: Row
    size: int
    """How often the work was done in each sample."""
    outcomes: dict[str, Outcome]
    """By rival, in the row's order."""

    def figures(self, rival: str) -> tuple[float, ...] | None:
        """The rival's figures, one a round in the row's unit; None where there are none."""
        outcome = self.outcomes[rival]
        if not isinstance(outcome, Measured):
            return None
        return tuple(self.row.unit.figure(sample) for sample in outcome.samples)


def measure_row(
    row: Row, effort: Effort, rng: random.Random, *, tell: Tell, load: Loader = load_workload
) -> RowResult:
    """Run all rivals of `row` through their rounds.

    Args:
        row: What to measure.
        effort: How many rounds of which size.
        rng: Decides the order within each round.
        tell: Is told of each sample before it is taken.
        load: Finds a rival's function.

    Returns:
        What became of each rival. A rival that fails takes no further part; the others go on.
    """
    outcomes: dict[str, Outcome] = {}
    running: dict[str, Workload] = {}
    for rival in row.rivals:
        try:
            running[rival] = _as_asked(rival, load(rival, row.workload), row)
        except Exception as error:
            outcomes[rival] = _failure(error)
    samples: dict[str, list[Sample]] = {rival: [] for rival in running}
    rounds = effort.rounds_of(row)
    warm_ups = 0 if row.counted or row.rounds == 1 else 1
    begun = time.monotonic()
    with _thawed_at_the_end():
        for done, number, rival in _turns(tuple(running), warm_ups + rounds, rng):
            is_next = done % len(running) == 0
            if is_next and effort.is_enough(number - warm_ups, time.monotonic() - begun):
                break
            if rival in outcomes:
                continue
            tell(done, (warm_ups + rounds) * len(running), rival)
            try:
                sample = _take_sample(running[rival], row, effort)
            except Exception as error:
                outcomes[rival] = _failure(error)
            else:
                if number >= warm_ups:
                    samples[rival].append(sample)
    for rival, taken in samples.items():
        outcomes.setdefault(rival, Measured(tuple(taken)))
    in_order = {rival: outcomes[rival] for rival in row.rivals}
    return RowResult(row=row, size=effort.size(row), outcomes=in_order)


def _as_asked(rival: str, workload: Workload | WorkloadOf, row: Row) -> Workload:
    """Return what the row measures, of what the rival's module has for it."""
    if row.point is not None:
        workload = partial(cast("WorkloadOf", workload), int(row.point.x))
    workload = cast("Workload", workload)
    if row.neighbour:
        return beside_a_neighbour(workload)
    return instructions_of(module_of(rival), row.workload) if row.counted else workload


def _turns(
    rivals: tuple[str, ...], rounds: int, rng: random.Random
) -> Iterator[tuple[int, int, str]]:
    """Yield (turns done, round, rival)."""
    done = 0
    for number in range(rounds):
        for rival in rng.sample(rivals, len(rivals)):
            yield done, number, rival
            done += 1


@contextlib.contextmanager
def _thawed_at_the_end() -> Generator[None]:
    """Have the collector see all again, of which each sample has it pass over what is there."""
    try:
        yield
    finally:
        gc.unfreeze()


def _take_sample(workload: Workload, row: Row, effort: Effort) -> Sample:
    gc.collect()
    gc.freeze()
    return workload(effort.size(row), CLOCKS[row.clock])


def _failure(error: Exception) -> Outcome:
    match error:
        case RivalMissingError():
            return Missing(str(error))
        case ToolMissingError():
            return NotRun(str(error))
        case _:
            return Broken(_cause(error))


def _cause(error: Exception) -> str:
    """Name the first real error in the groups that nurseries wrap around it."""
    if isinstance(error, ExceptionGroup):
        return _cause(cast("ExceptionGroup[Exception]", error).exceptions[0])
    return f"{type(error).__name__}: {error}"
