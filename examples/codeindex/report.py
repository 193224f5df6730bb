"""The end of a run in figures, and whether they add up."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

import trioharness as th

from .database import Database, Totals
from .listing import Skipped
from .messages import Outline, SourceFile
from .progress import clear_progress, show_progress
from .tally import Tally


@attrs.frozen(kw_only=True)
class Dead:
    """A file whose message became a dead letter."""

    path: str
    name: str
    reason: str


class SumsDisagree(Exception):
    """A run that ended by itself has lost files, which must not pass for a success."""

    def __init__(self, missing: int) -> None:
        super().__init__(f"{missing:,} files were found, and neither stored nor dead-lettered")


@attrs.frozen(kw_only=True)
class Report:
    """What a run has done."""

    found: int
    """Files that were found and sent into the pipeline."""
    stored: int
    dead: tuple[Dead, ...]
    """Files that are not stored, but dead letters."""
    left: int | None
    """Files that were listed but not sent; None if the run ended before all were listed."""
    skipped: tuple[Skipped, ...]
    totals: Totals
    restarts: int
    seconds: float

    @property
    def missing(self) -> int:
        """Files of which nothing is known: 0, unless the run was stopped before it had drained."""
        return self.found - self.stored - len(self.dead)


def account(tally: Tally, totals: Totals, dead: Mapping[str, Dead], seconds: float) -> Report:
    """Add up a run. A file counts once, however often it was delivered, and as stored if it is."""
    listing = tally.listing
    return Report(
        found=len(tally.sent),
        stored=len(totals.paths),
        dead=tuple(letter for path, letter in dead.items() if path not in totals.paths),
        left=None if listing is None else len(listing.files) - len(tally.sent),
        skipped=() if listing is None else listing.skipped,
        totals=totals,
        restarts=tally.restarts,
        seconds=seconds,
    )


def render(report: Report) -> str:
    """Return `report` as text for people."""
    totals = report.totals
    speed = (report.stored + len(report.dead)) / report.seconds if report.seconds else 0.0
    imports = ", ".join(f"{module} {files:,}" for module, files in totals.imports)
    return "\n".join(
        [
            _sums(report),
            *_left(report),
            f"  lines          {totals.lines:,}",
            f"  functions      {totals.functions:,}",
            f"  classes        {totals.classes:,}",
            f"  most imported  {imports or '-'}",
            f"  restarts       {report.restarts:,}",
            f"  time           {report.seconds:.1f} s, {speed:,.0f} files/s",
            *_lines("dead letters", [(dead.name, dead.reason) for dead in report.dead]),
            *_lines("not listed", [(skipped.name, skipped.reason) for skipped in report.skipped]),
        ]
    )


def read_dead_letters(path: Path) -> dict[str, Dead]:
    """Return the dead letters in the file at `path` by the path of their source file."""
    codec = th.Codec(SourceFile | Outline)
    dead: dict[str, Dead] = {}
    if not path.exists():
        return dead
    with path.open(encoding="utf-8") as lines:  # `splitlines` would also split inside of strings
        for letter in map(json.loads, lines):
            message = codec.from_builtins(letter["message"])
            dead[message.path] = Dead(path=message.path, name=message.name, reason=letter["error"])
    return dead


@asynccontextmanager
async def report(
    dead_letters: Path, copies: Mapping[str, int], *, database: Database, every: float = 2.0
) -> AsyncGenerator[Tally]:
    """Show the progress of a run, and print its report when everything else has ended.

    Its value is the tally that the other components count in.

    Args:
        dead_letters: The file that the harness writes dead letters to.
        copies: How many copies of each component there are.
        database: The index.
        every: Seconds between two lines of progress, where there is no terminal.
    """
    began = trio.current_time()
    tally = Tally(copies=copies)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: show_progress(tally, every=every))
        yield tally
        nursery.cancel_scope.cancel(reason="the run has ended")
    clear_progress()
    totals = await database.totals()
    dead = await trio.to_thread.run_sync(read_dead_letters, dead_letters)
    result = account(tally, totals, dead, trio.current_time() - began)
    print(render(result), flush=True)
    if result.missing and result.left == 0:
        raise SumsDisagree(result.missing)


def _sums(report: Report) -> str:
    verdict = "the sums agree"
    if report.missing:
        lost = "UNACCOUNTED FOR" if report.left == 0 else "not dealt with when it was stopped"
        verdict = f"{report.missing:,} {lost}"
    return (
        f"codeindex: {report.found:,} files found = {report.stored:,} stored"
        f" + {len(report.dead):,} dead-lettered ({verdict})"
    )


def _left(report: Report) -> Iterator[str]:
    if report.left is None:
        yield "  left           not all files were listed"
    elif report.left:
        yield f"  left           {report.left:,} more files were listed, but not sent"


def _lines(title: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    if rows:
        yield f"{title}:"
        width = min(40, max(len(name) for name, _ in rows))
        yield from (f"  {name:<{width}}  {reason}" for name, reason in rows)
