"""Puts the application together."""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import trioharness as th

from .database import database
from .hard import hard_cases
from .listing import standard_library
from .messages import Outline, SourceFile
from .parse import parse
from .report import report
from .store import store
from .walk import walk

Component: TypeAlias = Callable[..., Awaitable[None]]

# One more than there are cores, so that none is idle while a `parse` hands over its result.
COPIES = int(os.environ.get("CODEINDEX_COPIES") or (os.cpu_count() or 1) + 1)
QUEUE = 64
MAX_DELIVERIES = 3


def build(
    trees: Sequence[Path],
    *,
    into: Path | None = None,
    with_hard_cases: bool = False,
    every: float = 2.0,
    parse: Component = parse,
    store: Component = store,
) -> th.Harness:
    """Describe a run over `trees`; nothing is read before it runs.

    Args:
        trees: Folders.
        into: The SQLite file to write; None is ``CODEINDEX_DATABASE``, or else
            ``codeindex.sqlite3`` in the current folder. Dead letters go beside it.
        with_hard_cases: Whether to index the hard cases too.
        every: Seconds between two lines of progress, where there is no terminal.
        parse: Another component in the place of `parse`, as the tests put in one that crashes.
        store: Likewise.
    """
    path = into or Path(os.environ.get("CODEINDEX_DATABASE") or "codeindex.sqlite3")
    dead_letters = path.parent / f"{path.stem}.dead.jsonl"
    copies = {"walk": 1, "parse": COPIES, "store": 1}
    app = th.Harness("codeindex", dead_letters=dead_letters)
    files_out, files_in = app.channel(SourceFile, QUEUE, max_deliveries=MAX_DELIVERIES)
    outlines_out, outlines_in = app.channel(Outline, QUEUE, max_deliveries=MAX_DELIVERIES)
    db = app.add(database, path, dead_letters)
    tally = app.add(
        functools.partial(report, every=every), dead_letters, copies, needs={"database": db}
    )
    more = {"more": app.add(hard_cases)} if with_hard_cases else {}
    app.add(walk, files_out, trees, needs={"tally": tally, **more})
    app.add(
        parse, files_in, outlines_out, name="parse", needs={"tally": tally}, copies=copies["parse"]
    )
    app.add(store, outlines_in, name="store", needs={"database": db, "tally": tally})
    return app


def index(*trees: str) -> th.Harness:
    """Index the given folders: ``trioharness run --factory examples.codeindex:index TREE...``.

    Raises:
        th.ConfigurationError: There is none, or one that is no folder.
    """
    if not trees:
        raise th.ConfigurationError("index", "no tree was given", "name at least one folder")
    for tree in trees:
        if not Path(tree).is_dir():
            raise th.ConfigurationError(
                "index", f"{tree!r} is no folder", "name folders with Python files"
            )
    return build([Path(tree) for tree in trees])


app = build([standard_library()], with_hard_cases=True)
