"""A run as text for a terminal: the rivals of each row, their ratios, a verdict on each goal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import assert_never

from bench._machine import Machine
from bench._measure import GC_POLICY, Broken, Measured, Missing, NotRun, RowResult
from bench._model import OURS, Effort, Goal, Group
from bench._recorded import suspects
from bench._statistics import Summary, summarize
from bench._verdict import Verdict, compare, judge

_CLOCK_WORDS = {"cpu": "CPU clock", "wall": "wall clock", "instructions": "valgrind"}


def head_lines(effort: Effort, seed: int, machine: Machine) -> list[str]:
    """Say what is run, on what, and how the table is to be read."""
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    return [
        f"{effort.name} run, up to {effort.rounds} rounds, seed {seed}, {GC_POLICY}",
        f"{machine.python}, {machine.processors} x {machine.processor}, {machine.system}",
        f"load {machine.load:.2f}, commit {machine.commit or 'unknown'}, {libraries}",
        "figure and ratio: median of all rounds, 10th to 90th percentile beside it; each ratio is",
        "taken within its round, and above 1 is better than the baseline; goal: must (stretch)",
    ]


def group_lines(group: Group) -> list[str]:
    """Open a group: its name, what it is about, and the columns."""
    columns = _line("", "figure", "10th..90th", "ratio", "10th..90th", "goal", "verdict")
    return ["", f"{group.name}: {group.about}", columns]


def row_lines(result: RowResult) -> list[str]:
    """Show one row: what was done, then one line for each rival, then the goals left over."""
    row = result.row
    beside_ours = [goal for goal in row.goals if goal.against in (None, row.baseline)][:1]
    beside = {OURS: beside_ours}
    return [
        f"  {row.name}: {row.about}",
        f"    in {row.unit.name}, {result.size:,} a sample, {_CLOCK_WORDS[row.clock]}",
        *(_rival_line(result, rival, beside.get(rival, [])) for rival in row.rivals),
        *(_goal_line(result, goal) for goal in row.goals if goal not in beside_ours),
        *(
            _line(
                each.rival,
                f"rival suspect: {number_text(each.ratio)} here, {each.recorded:.3g} recorded",
            )
            for each in suspects(result)
        ),
    ]


def goal_text(goal: Goal) -> str:
    """Say a goal in words: ``"ratio to raw_trio >= 1.05 (1.15)"``."""
    return f"figure {goal}" if goal.against is None else f"ratio to {goal.against} {goal}"


def last_line(results: Sequence[RowResult], seconds: float) -> str:
    """Count the verdicts and the rivals that did not run."""
    verdicts = Counter(judge(r, goal).verdict.value for r in results for goal in r.row.goals)
    outcomes = [outcome for result in results for outcome in result.outcomes.values()]
    said = [f"{count} {verdict}" for verdict, count in sorted(verdicts.items())]
    missing = sum(isinstance(outcome, Missing) for outcome in outcomes)
    broken = sum(isinstance(outcome, Broken) for outcome in outcomes)
    goals = f"{sum(verdicts.values())} goals: {', '.join(said)}" if said else "no goals"
    return f"{goals}; {missing} rivals missing, {broken} in error; {seconds:.0f} s"


def missed_lines(group: Group, results: Sequence[RowResult]) -> list[str]:
    """Repeat what was missed, since the table has run off the screen by then."""
    return [
        f"missed: {group.name}: {result.row.name}: {goal_text(goal)},"
        f" measured {number_text(judgement.value.median)}"
        for result in results
        for goal in result.row.goals
        if (judgement := judge(result, goal)).verdict is Verdict.FAIL and judgement.value
    ]


def _rival_line(result: RowResult, rival: str, goals: Sequence[Goal]) -> str:
    outcome = result.outcomes[rival]
    match outcome:
        case Missing(reason):
            return _line(rival, f"missing: {reason}")
        case Broken(reason):
            return _line(rival, f"ERROR: {reason}")
        case NotRun(reason):
            return _line(rival, f"NOT RUN: {reason}")
        case Measured():
            return _measured_line(result, rival, goals)
        case _:
            assert_never(outcome)


def _measured_line(result: RowResult, rival: str, goals: Sequence[Goal]) -> str:
    figure = summarize(result.figures(rival) or ())
    baseline = result.row.baseline
    against = None if baseline is None else compare(result, rival, baseline)
    ratio = _pair(summarize(against)) if against and rival != baseline else ("", "")
    if rival == baseline:
        ratio = ("1", "baseline")
    goal = (str(goals[0]), judge(result, goals[0]).verdict.value) if goals else ("", "")
    return _line(rival, *_pair(figure), *ratio, *goal)


def _goal_line(result: RowResult, goal: Goal) -> str:
    judgement = judge(result, goal)
    value = ("", "") if judgement.value is None else _pair(judgement.value)
    name = OURS if goal.against is None else f"{OURS} / {goal.against}"
    cells = (*value, "", "") if goal.against is None else ("", "", *value)
    return _line(name, *cells, str(goal), judgement.verdict.value)


def _pair(summary: Summary) -> tuple[str, str]:
    return number_text(summary.median), f"{number_text(summary.low)}..{number_text(summary.high)}"


def number_text(value: float) -> str:
    """Say a figure or a ratio in three digits, or as a whole number."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _line(name: str, *cells: str) -> str:
    """Set cells under the columns of `group_lines`; a long only cell runs across them."""
    if len(cells) == 1:
        return f"    {name:<20}  {cells[0]}"
    figure, spread, ratio, around, goal, verdict = cells
    line = f"    {name:<20}{figure:>10}  {spread:<18}{ratio:>7}  {around:<13}{goal:<17}{verdict}"
    return line.rstrip()
