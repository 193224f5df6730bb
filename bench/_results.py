"""A kept run as a page: the twenty goals, where others win, and every row beside its picture."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench._goals import CLAIMS, Claim, held_by
from bench._model import OURS, bound_text
from bench._saved import SavedGoal, SavedGroup, SavedRival, SavedRow, SavedRun
from bench._statistics import Summary, summarize
from bench._table import number_text
from bench._verdict import Verdict
from bench._wins import why

_HOW = Path(__file__).parent.parent / "docs" / "how-to-read-the-benches.md"


def results_page(run: SavedRun, pictures: Mapping[str, Path], beside: Path) -> str:
    """Return the page, in Markdown.

    Args:
        run: What was measured.
        pictures: Files by the name of their chart, see `bench._chart.write_charts`.
        beside: The folder that the page is in, which links to pictures begin at.
    """
    links = {name: os.path.relpath(file, beside) for name, file in pictures.items()}
    how = os.path.relpath(_HOW, beside)
    lines = [*_head(run, how), *_goals(run), *_wins(run)]
    for group in run.groups:
        lines += _group(group, {name: link for name, link in links.items() if _is_of(name, group)})
    return "\n".join(lines) + "\n"


def _head(run: SavedRun, how: str) -> Iterator[str]:
    machine = run.machine
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items())
    names = " ".join(group.name for group in run.groups)
    quick = " --quick" if run.effort.name == "quick" else ""
    yield "# What was measured"
    yield ""
    yield (
        f"Written by `python -m bench --results`; [how to read it]({how}). Each figure and each"
        " ratio is the median of all rounds, with the 10th and the 90th percentile beside it. A"
        " ratio is taken within its round, and above 1 is better than the baseline: ratios can be"
        " compared, figures only say of what size things are."
    )
    yield ""
    commit = machine.commit or "unknown"
    yield f"- **When**: {run.started}, in {run.seconds / 60:.0f} minutes; commit {commit}"
    yield (
        f"- **How**: {run.effort.name} run of up to {run.effort.rounds} rounds in random order,"
        f" seed {run.seed}; {run.gc}"
    )
    processors = f"{machine.processors} x {machine.processor}"
    yield f"- **On**: {processors}, {machine.system}, load {machine.load:.2f}"
    yield f"- **With**: {machine.python} ({machine.compiler}), {libraries}"
    yield f"- **Again**: `make bench ARGS='{names}{quick} --seed {run.seed}'`"
    yield ""


def _goals(run: SavedRun) -> Iterator[str]:
    yield "## The twenty goals"
    yield ""
    yield "| | goal | row | must (aim) | measured | 10th to 90th | verdict |"
    yield "|---:|---|---|---|---:|---|---|"
    for claim in CLAIMS:
        yield from _claim(claim, run)
    yield ""
    verdicts = [goal.verdict for group in run.groups for row in group.rows for goal in row.goals]
    met = sum(Verdict[verdict] in (Verdict.PASS, Verdict.STRETCH) for verdict in verdicts)
    yield f"In all groups, {met} of {len(verdicts)} goals of rows are met."
    yield ""


def _claim(claim: Claim, run: SavedRun) -> Iterator[str]:
    first = f"| {claim.number} | {claim.about} |"
    for held in held_by(claim, run):
        goal = held.goal
        name = held.row.name if goal.against is None else f"{held.row.name} / {goal.against}"
        yield f"{first} {name} | {_bound(goal)} | {_cells(goal.value)} | {_verdict(goal)} |"
        first = "| | |"
    if first != "| | |":
        yield f"{first} | | | | not measured |"


def _wins(run: SavedRun) -> Iterator[str]:
    """Say who is better than ours, in which rows, and why."""
    rows_by_reason: dict[str, list[str]] = {}
    for group in run.groups:
        for row in group.rows:
            for rival, times in _better(row):
                noise = "" if times.low > 1 else ", within the noise"
                how = f"({number_text(times.median)} times{noise})"
                said = f"{rival} in *{group.name}: {row.name}* {how}"
                reason = why(row.workload, rival, is_gap=row.name.endswith(": gap"))
                rows_by_reason.setdefault(reason, []).append(said)
    yield "## Where others win"
    yield ""
    for reason, rows in rows_by_reason.items():
        yield f"- {', '.join(rows)}: {reason}."
    if not rows_by_reason:
        yield "Nowhere, in this run."
    yield ""


def _better(row: SavedRow) -> Iterator[tuple[str, Summary]]:
    """Yield the rivals that are better than ours, and how many times; not ours in another form."""
    ours = row.rivals[OURS].ratios if OURS in row.rivals else ()
    for name, rival in row.rivals.items():
        if name.startswith(OURS) or not ours or len(rival.ratios) != len(ours):
            continue
        times = summarize([their / own for their, own in zip(rival.ratios, ours, strict=True)])
        if times.median > 1:
            yield name, times


def _group(group: SavedGroup, links: Mapping[str, str]) -> Iterator[str]:
    yield f"## {group.name}"
    yield ""
    yield f"{group.about[:1].upper()}{group.about[1:]}."
    yield ""
    for name, link in links.items():
        yield f"![{name}]({link})"
        yield ""
    for row in group.rows:
        yield from _row(row)


def _row(row: SavedRow) -> Iterator[str]:
    yield f"**{row.name}**: {row.about}; {row.unit}, {row.size:,} a sample."
    yield ""
    yield "| rival | figure | 10th to 90th | ratio | 10th to 90th | must (aim) | verdict |"
    yield "|---|---:|---|---:|---|---|---|"
    for name, rival in row.rivals.items():
        yield f"| {name} {_figures(row, name, rival)}"
    for goal in _apart(row):
        name = OURS if goal.against is None else f"{OURS} / {goal.against}"
        yield f"| {name} | | | {_cells(goal.value)} | {_bound(goal)} | {_verdict(goal)} |"
    yield ""


def _figures(row: SavedRow, name: str, rival: SavedRival) -> str:
    if rival.figure is None:
        return f"| {rival.status}: {_one_line(rival.reason)} | | | | | |"
    ratio = "1 | baseline" if name == row.baseline else _cells(rival.ratio)
    beside = [goal for goal in row.goals if goal not in _apart(row)] if name == OURS else []
    goal = f"{_bound(beside[0])} | {_verdict(beside[0])}" if beside else " | "
    return f"| {_cells(rival.figure)} | {ratio} | {goal} |"


def _apart(row: SavedRow) -> list[SavedGoal]:
    """Return the goals that have lines of their own: those that are not to the baseline."""
    return [goal for goal in row.goals if goal.against not in (None, row.baseline)]


def _bound(goal: SavedGoal) -> str:
    return bound_text(goal.kind, goal.must, goal.stretch)


def _verdict(goal: SavedGoal) -> str:
    verdict = Verdict[goal.verdict]
    met = verdict in (Verdict.PASS, Verdict.STRETCH)
    return verdict.value if met else f"**{verdict.value}**"


def _cells(summary: Summary | None) -> str:
    if summary is None:
        return " | "
    low, high = number_text(summary.low), number_text(summary.high)
    return f"{number_text(summary.median)} | {low} to {high}"


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "/")[:100]


def _is_of(chart: str, group: SavedGroup) -> bool:
    return chart == group.name or chart.startswith(f"{group.name}-")
