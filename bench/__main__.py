"""The command: ``python -m bench [name ...] [--quick] [--json FILE] [--chart DIR] ...``.

Exit codes: 0 every goal is met; 1 a goal is missed, a rival did its work wrong or is suspect, or
the process of a group died; 2 the command is wrong, or lacks a tool that it cannot do without, and
nothing ran; 130 interrupted.
"""

from __future__ import annotations

import argparse
import datetime as dt
import difflib
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import attrs

from bench._chart import check_charts, write_charts
from bench._compare import compare_lines, compare_runs
from bench._counted import COUNTED, counted
from bench._forked import ProcessDiedError
from bench._instructions import check_valgrind
from bench._json import to_json
from bench._machine import describe_machine
from bench._measure import RowResult
from bench._model import FULL, QUICK, Effort, Group
from bench._progress import ProgressLine
from bench._recorded import suspects
from bench._results import results_page
from bench._run import Run, group_names, load_group, measure_groups
from bench._sample import ToolMissingError
from bench._saved import SavedRun, UnreadableRunError, read_run
from bench._table import goal_text, group_lines, head_lines, last_line, missed_lines, row_lines
from bench._verdict import failed

GATE = "instructions"
"""The group whose floors hold on a busy machine too."""


class UsageError(Exception):
    """The command cannot be carried out as it was given; nothing ran."""


def main(arguments: Sequence[str]) -> int:
    """Carry out the command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        chosen = [load_group(name) for name in _chosen(options)]
        if options.list:
            return _list(chosen)
        kept = None if options.kept is None else _read_groups(options.kept, options.names)
        earlier = None if options.compare is None else _read(options.compare)
        _check_reports(options)
    except UsageError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if kept is not None:
        _report(options, kept, earlier)
        return 0
    try:
        run = _run_unless_interrupted(chosen, options)
    except ProcessDiedError as error:
        print(f"\nbench: {error}, nothing is written", file=sys.stderr)
        return 1
    if run is None:
        return 130
    text = to_json(run)
    if options.json is not None:
        options.json.write_text(text, encoding="utf-8")
    _report(options, read_run(text), earlier)
    return 1 if unsound(run.rows) else 0


def _run_unless_interrupted(chosen: Sequence[Group], options: argparse.Namespace) -> Run | None:
    effort = QUICK if options.quick else FULL
    if options.instructions:
        chosen, left_out = counted(chosen)
        effort = COUNTED
        if left_out:
            print(f"not counted, since they are not about work: {', '.join(left_out)}\n")
    run: Run | None = None
    try:
        run = _run(chosen, effort, options.seed)
    except* KeyboardInterrupt:  # from within a nursery it comes in a group
        print("\nbench: interrupted, nothing is written", file=sys.stderr)
    return run


def _report(options: argparse.Namespace, run: SavedRun, earlier: SavedRun | None) -> None:
    """Show a run in all the ways that were asked for."""
    pictures: dict[str, Path] = {}
    if options.chart is not None:
        pictures = write_charts(run, options.chart)
    if options.results is not None:
        folder = options.results.parent
        if options.chart is None:
            pictures = write_charts(run, folder / options.results.stem.lower(), ["svg"])
        options.results.write_text(results_page(run, pictures, folder), encoding="utf-8")
    if earlier is not None:
        print("\n" + "\n".join(compare_lines(earlier, compare_runs(earlier, run))))


def unsound(rows: Sequence[RowResult]) -> bool:
    """Whether a goal is missed, work was done wrong, or a rival is worse than it can be."""
    return failed(rows) or any(map(suspects, rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure trioharness beside other ways to do the same work, in one run.",
    )
    parser.add_argument("names", nargs="*", metavar="name", help="a group; default: all of them")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all raw figures to FILE")
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="say what changed since a run kept by --json"
    )
    parser.add_argument("--chart", type=Path, metavar="DIR", help="draw SVG and PNG files into DIR")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="write a Markdown page, pictures beside it"
    )
    parser.add_argument(
        "--from",
        dest="kept",
        type=Path,
        metavar="FILE",
        help="measure nothing: draw, compare or write about a run kept by --json",
    )
    parser.add_argument(
        "--instructions", action="store_true", help="count instructions with valgrind, not time"
    )
    parser.add_argument(
        "--gate", action="store_true", help=f"the group {GATE!r} alone, or exit code 2: no valgrind"
    )
    parser.add_argument("--list", action="store_true", help="show groups, rows and goals, run none")
    parser.add_argument(
        "--seed", type=int, help="order of the rivals, as an earlier run printed it"
    )
    return parser


def _chosen(options: argparse.Namespace) -> list[str]:
    """Return the names of the groups to run; the gate refuses to pass for want of a tool."""
    if options.kept is not None and (options.gate or options.json):
        raise UsageError("--from measures nothing; leave out --gate and --json")
    if options.gate and options.names:
        raise UsageError("--gate says itself which group runs; name none")
    if options.gate or options.instructions:
        try:
            check_valgrind()
        except ToolMissingError as error:
            what = "the gate did not run" if options.gate else "nothing was counted"
            raise UsageError(f"{what}: it {error}") from error
    return [GATE] if options.gate else _checked(options.names)


def _checked(names: Sequence[str]) -> list[str]:
    """Return `names` without repetition, or all groups where none is named."""
    known = group_names()
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known)}"
            raise UsageError(f"there is no group {name!r}; {hint}")
    return list(dict.fromkeys(names)) or known


def _read(file: Path) -> SavedRun:
    try:
        return read_run(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {str(file)!r}: {error.strerror}") from error
    except (UnicodeDecodeError, UnreadableRunError) as error:
        raise UsageError(f"cannot compare with {str(file)!r}: {error}") from error


def _read_groups(file: Path, names: Sequence[str]) -> SavedRun:
    """Read a run, or what it has of some groups."""
    run = _read(file)
    if not names:
        return run
    groups = tuple(group for group in run.groups if group.name in names)
    if not groups:
        raise UsageError(f"{str(file)!r} has none of these groups; leave them out to have all")
    return attrs.evolve(run, groups=groups)


def _check_reports(options: argparse.Namespace) -> None:
    """Find out before a run of minutes, not after it, what cannot be written at its end."""
    for file in (options.json, options.results):
        if file is not None:
            _check_writable(file)
    if options.chart is not None or options.results is not None:
        try:
            check_charts()
        except ToolMissingError as error:
            raise UsageError(f"nothing can be drawn: it {error}") from error
    if options.chart is not None and options.chart.exists() and not options.chart.is_dir():
        raise UsageError(f"{str(options.chart)!r} is no folder; name another")


def _check_writable(file: Path) -> None:
    """Try it, and leave the folder as it was."""
    existed = file.exists()
    try:
        file.open("a", encoding="utf-8").close()
        if not existed:
            file.unlink()
    except OSError as error:
        raise UsageError(f"cannot write {str(file)!r}: {error.strerror}; name another") from error


def _list(chosen: Sequence[Group]) -> int:
    for group in chosen:
        print(f"{group.name}: {group.about}")
        for row in group.rows:
            print(f"  {row.name}: {row.about}")
            print(f"    {', '.join(row.rivals)}; in {row.unit.name}")
            for goal in row.goals:
                print(f"    goal: {goal_text(goal)}")
    return 0


def _run(chosen: Sequence[Group], effort: Effort, seed: int | None) -> Run:
    """Measure `chosen`, printing each row of the table as soon as it is there."""
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    machine = describe_machine()
    progress = ProgressLine(sys.stderr)
    print("\n".join(head_lines(effort, seed, machine)))

    def finished(group: Group, result: RowResult) -> None:
        progress.clear()
        opening = group_lines(group) if result.row is group.rows[0] else []
        print("\n".join(opening + row_lines(result)), flush=True)

    started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    begun = time.perf_counter()
    results = measure_groups(chosen, effort, seed, show=progress.show, finished=finished)
    seconds = time.perf_counter() - begun
    run = Run(
        effort=effort, seed=seed, machine=machine, started=started, seconds=seconds, groups=results
    )
    missed = [line for each in results for line in missed_lines(each.group, each.rows)]
    print("\n".join(["", *missed, last_line(run.rows, seconds)]))
    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
