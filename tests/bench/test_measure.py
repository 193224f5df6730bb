"""The runner and the verdicts, on workloads whose figures are made up."""

from __future__ import annotations

import gc
import json
import random
import sys
import weakref
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from bench._json import to_json
from bench._machine import describe_machine
from bench._measure import Broken, Measured, Missing, NotRun, RowResult, Tell, measure_row
from bench._model import (
    MESSAGES_PER_SECOND,
    NANOSECONDS_PER_MESSAGE,
    OURS,
    P99_MILLISECONDS,
    Effort,
    Goal,
    Group,
    Row,
    Unit,
    at_least,
    at_most,
)
from bench._run import GroupResult, Run
from bench._sample import (
    Clock,
    Sample,
    ToolMissingError,
    Workload,
    WrongSumError,
    check_items,
    check_sum,
)
from bench._table import last_line, row_lines
from bench._verdict import Verdict, failed, judge
from bench.rivals import RivalMissingError, load_workload

EFFORT = Effort(name="test", rounds=3, scale=1.0)


def make_row(
    *goals: Goal,
    rivals: tuple[str, ...] = ("base", OURS),
    baseline: str | None = "base",
    unit: Unit = NANOSECONDS_PER_MESSAGE,
) -> Row:
    return Row(
        name="row",
        about="made up",
        workload="work",
        rivals=rivals,
        size=10,
        unit=unit,
        clock="cpu",
        baseline=baseline,
        goals=goals,
    )


def takes(nanoseconds: int) -> Workload:
    """Return a workload that claims to have taken that long for each of its items."""
    return lambda size, _clock: Sample(count=size, nanoseconds=size * nanoseconds)


class Rubbish:
    """Something that only the garbage collector can remove."""

    def __init__(self) -> None:
        self.me = self


def fails(size: int, clock: Clock) -> Sample:
    raise ExceptionGroup("nursery", [ValueError("deep inside")])


def is_wrong(size: int, clock: Clock) -> Sample:
    check_sum("messages received", size - 1, size)
    return Sample(count=size, nanoseconds=1)


def silent(done: int, total: int, rival: str) -> None:
    """Show no progress."""


def measure(
    row: Row,
    work: dict[str, Workload],
    *,
    seed: int = 0,
    tell: Tell = silent,
    effort: Effort = EFFORT,
) -> RowResult:
    def load(rival: str, workload: str) -> Workload:
        if rival not in work:
            raise RivalMissingError(f"{rival} is not installed; get it")
        return work[rival]

    rng = random.Random(seed)
    return measure_row(row, effort, rng, tell=tell, load=load)


def rounds_run(seed: int) -> list[tuple[str, ...]]:
    """Return the order of the rivals in each round, the warm-up first."""
    ran: list[str] = []

    def remember(name: str) -> Workload:
        def work(size: int, clock: Clock) -> Sample:
            ran.append(name)
            return Sample(count=size, nanoseconds=1)

        return work

    names = ("base", OURS, "third")
    measure(make_row(rivals=names), {name: remember(name) for name in names}, seed=seed)
    return [tuple(ran[i : i + 3]) for i in range(0, len(ran), 3)]


def test_every_round_runs_every_rival_once_after_one_warm_up() -> None:
    rounds = rounds_run(seed=1)
    assert len(rounds) == EFFORT.rounds + 1
    assert all(sorted(order) == ["base", OURS, "third"] for order in rounds)


def test_the_order_is_random_and_the_seed_decides_it() -> None:
    rounds = rounds_run(seed=1)
    assert len(set(rounds)) > 1
    assert rounds_run(seed=1) == rounds
    assert rounds_run(seed=2) != rounds


def test_the_warm_up_is_thrown_away() -> None:
    times = iter([10**9, 1, 2, 3])

    def work(size: int, clock: Clock) -> Sample:
        return Sample(count=1, nanoseconds=next(times))

    result = measure(make_row(rivals=(OURS,), baseline=None), {OURS: work})
    assert result.figures(OURS) == (1, 2, 3)


def test_no_rival_pays_for_the_garbage_of_another() -> None:
    left: list[weakref.ref[Rubbish]] = []

    def work(size: int, clock: Clock) -> Sample:
        check_sum("garbage of earlier samples", [ref() for ref in left if ref()], [])
        left.append(weakref.ref(Rubbish()))
        return Sample(count=size, nanoseconds=1)

    result = measure(make_row(), {"base": work, OURS: work})
    assert result.figures("base") == result.figures(OURS) == (0.1,) * EFFORT.rounds


def test_progress_counts_every_sample() -> None:
    told: list[tuple[int, int]] = []
    measure(
        make_row(),
        {"base": takes(1), OURS: takes(1)},
        tell=lambda done, total, _rival: told.append((done, total)),
    )
    assert told == [(done, 8) for done in range(8)]


@pytest.mark.parametrize(("workload", "reason"), [(fails, "deep inside"), (is_wrong, "got 9")])
def test_a_rival_that_fails_is_an_error_and_the_others_go_on(
    workload: Workload, reason: str
) -> None:
    result = measure(make_row(), {"base": takes(5), OURS: workload})
    broken = result.outcomes[OURS]
    assert isinstance(broken, Broken)
    assert reason in broken.reason
    assert result.figures("base") == (5,) * EFFORT.rounds
    assert failed([result])


def test_a_wrong_item_is_named_and_so_is_a_wrong_count() -> None:
    check_items("message received", [1, 2, 3], [1, 2, 3])
    with pytest.raises(WrongSumError, match=r"^message received 1: got 3, expected 2$"):
        check_items("message received", [1, 3, 2], [1, 2, 3])
    with pytest.raises(WrongSumError, match=r"^count of each message received: got 2, expected 3$"):
        check_items("message received", [1, 2], [1, 2, 3])


def test_a_rival_that_fails_only_once_has_no_figures() -> None:
    calls = iter(range(100))

    def fails_late(size: int, clock: Clock) -> Sample:
        check_sum("luck", next(calls) < 2, True)
        return Sample(count=size, nanoseconds=1)

    result = measure(make_row(), {"base": takes(5), OURS: fails_late})
    assert result.figures(OURS) is None
    assert next(calls) == 3


def test_a_missing_rival_is_reported_and_is_no_failure() -> None:
    row = make_row(at_least(2, against="third"), rivals=("base", OURS, "third"))
    result = measure(row, {"base": takes(5), OURS: takes(4)})
    assert result.outcomes["third"] == Missing("third is not installed; get it")
    assert judge(result, row.goals[0]).verdict is Verdict.MISSING
    assert not failed([result])
    assert any("third" in line and "missing: " in line for line in row_lines(result))


def needs_a_tool(size: int, clock: Clock) -> Sample:
    raise ToolMissingError("needs the program 'strace', which is not installed")


def test_a_row_that_cannot_be_measured_here_says_so_and_is_no_failure() -> None:
    row = make_row(at_most(0), rivals=(OURS,), baseline=None)
    result = measure(row, {OURS: needs_a_tool})
    assert result.outcomes[OURS] == NotRun("needs the program 'strace', which is not installed")
    assert judge(result, row.goals[0]).verdict is Verdict.NOT_RUN
    assert not failed([result])
    assert any(line.split()[:4] == [OURS, "NOT", "RUN:", "needs"] for line in row_lines(result))
    assert as_json(result)["groups"][0]["rows"][0]["rivals"][OURS]["status"] == "not run"
    assert "1 NOT RUN" in last_line([result], 0)


def test_a_row_may_have_fewer_rounds_and_its_size_whatever_the_effort() -> None:
    row = attrs.evolve(make_row(), rounds=2, whole=True)
    quick = Effort(name="quick", rounds=9, scale=0.2)
    assert (quick.size(row), quick.rounds_of(row)) == (10, 2)
    assert (quick.size(make_row()), quick.rounds_of(make_row())) == (2, 9)
    told: list[int] = []
    result = measure(
        row,
        {"base": takes(5), OURS: takes(4)},
        tell=lambda _done, total, _rival: told.append(total),
    )
    assert result.figures(OURS) == (4, 4)
    assert set(told) == {6}


def test_a_row_that_takes_its_time_ends_with_a_whole_round_and_not_before_the_least() -> None:
    work = {"base": takes(5), OURS: takes(4)}
    hurried = attrs.evolve(EFFORT, rounds=9, seconds=0.0)
    result = measure(make_row(), work, effort=hurried)
    assert result.figures("base") == (5,) * hurried.least
    assert result.figures(OURS) == (4,) * hurried.least
    assert measure(make_row(), work, effort=attrs.evolve(hurried, seconds=60)).figures(OURS) == (
        (4,) * 9
    )


def test_nobody_is_warmed_up_for_a_single_round() -> None:
    told: list[int] = []
    row = attrs.evolve(make_row(), rounds=1)
    measure(row, {"base": takes(5), OURS: takes(4)}, tell=lambda _, total, __: told.append(total))
    assert told == [2, 2]


def test_the_collector_passes_over_what_was_there_before_and_not_over_what_comes_after() -> None:
    seen: list[int] = []
    kept: list[list[object]] = []

    def work(size: int, clock: Clock) -> Sample:
        kept.extend([] for _ in range(1_000))
        seen.append(len(gc.get_objects()))
        return Sample(count=size, nanoseconds=size)

    measure(make_row(), {"base": work, OURS: work})
    assert 1_000 <= min(seen) <= max(seen) < 2_000 < len(gc.get_objects())
    assert gc.get_freeze_count() == 0


def test_ours_is_never_excused() -> None:
    row = make_row(at_least(2, against="base"))
    result = measure(row, {"base": takes(5)})
    assert judge(result, row.goals[0]).verdict is Verdict.ERROR
    assert failed([result])


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (at_least(1.25, against="base"), Verdict.PASS),
        (at_least(1.25, stretch=1.26, against="base"), Verdict.PASS),
        (at_least(1.2, stretch=1.25, against="base"), Verdict.STRETCH),
        (at_least(1.26, against="base"), Verdict.FAIL),
        (at_most(4), Verdict.PASS),
        (at_most(5, stretch=4), Verdict.STRETCH),
        (at_most(3.9), Verdict.FAIL),
    ],
)
def test_a_goal_is_judged_by_ratio_or_by_figure(goal: Goal, verdict: Verdict) -> None:
    result = measure(make_row(goal), {"base": takes(5), OURS: takes(4)})
    assert judge(result, goal).verdict is verdict
    assert failed([result]) is (verdict is Verdict.FAIL)
    assert any(line.endswith(f"{goal!s:<17}{verdict.value}") for line in row_lines(result))


def test_a_higher_figure_is_better_where_the_unit_says_so() -> None:
    row = make_row(at_least(1.25, against="base"), unit=MESSAGES_PER_SECOND)
    result = measure(row, {"base": takes(5), OURS: takes(4)})
    assert result.figures(OURS) == (2.5e8,) * EFFORT.rounds
    assert judge(result, row.goals[0]).verdict is Verdict.PASS


def test_a_relaxed_goal_is_so_many_times_easier() -> None:
    assert at_least(1000).relaxed(10) == at_least(100)
    assert at_most(100).relaxed(10) == at_most(1000)


@pytest.mark.parametrize(
    "build",
    [
        lambda: at_least(2, stretch=1.9),
        lambda: at_most(2, stretch=2.1),
        lambda: Goal("ceiling", 2, None, "base"),
        lambda: make_row(at_least(1, against="stranger")),
        lambda: make_row(baseline="stranger"),
        lambda: make_row(at_most(1), rivals=("base",)),
    ],
)
def test_rows_and_goals_that_make_no_sense_are_refused(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"stretch|ratio|not in its rivals"):
        build()


def test_a_rival_whose_library_is_not_installed_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # None in sys.modules is Python's own way to make an import fail.
    monkeypatch.setitem(sys.modules, "anyio", None)
    monkeypatch.delitem(sys.modules, "bench.rivals.anyio_on_trio", raising=False)
    with pytest.raises(RivalMissingError, match="'anyio'"):
        load_workload("anyio_on_trio", "one_by_one")


def test_a_rival_nobody_wrote_is_a_mistake_and_not_missing() -> None:
    with pytest.raises(ModuleNotFoundError, match="stranger"):
        load_workload("stranger", "one_by_one")


def as_json(result: RowResult) -> Any:
    group = Group(name="g", about="made up", rows=(result.row,))
    run = Run(
        effort=EFFORT,
        seed=7,
        machine=describe_machine(),
        started="now",
        seconds=1.0,
        groups=(GroupResult(group=group, rows=(result,)),),
    )
    return json.loads(to_json(run))


def test_the_json_form_holds_every_raw_figure() -> None:
    row = make_row(at_least(1.2, against="base"), rivals=("base", OURS, "third"))
    form = as_json(measure(row, {"base": takes(5), OURS: takes(4)}))
    assert (form["schema"], form["seed"]) == (1, 7)
    assert form["machine"]["libraries"]["trio"][0].isdigit()
    rivals = form["groups"][0]["rows"][0]["rivals"]
    assert rivals[OURS]["figures"] == [4.0] * EFFORT.rounds
    assert rivals[OURS]["ratios"] == [1.25] * EFFORT.rounds
    assert rivals["third"]["status"] == "missing"
    assert form["groups"][0]["rows"][0]["goals"][0]["verdict"] == "PASS"


def test_the_json_form_of_a_latency_row_holds_its_percentiles() -> None:
    row = make_row(rivals=(OURS,), baseline=None, unit=P99_MILLISECONDS)
    laps = tuple(range(1_000_000, 101_000_000, 1_000_000))
    result = measure(row, {OURS: lambda _size, _clock: Sample(count=100, nanoseconds=1, laps=laps)})
    assert isinstance(result.outcomes[OURS], Measured)
    assert result.figures(OURS) == (99.0,) * EFFORT.rounds
    measured = as_json(result)["groups"][0]["rows"][0]["rivals"][OURS]
    assert [form["p50"] for form in measured["laps_ns"]] == [50_000_000] * EFFORT.rounds
