"""The source of the pipeline: a message per file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import trio

from .listing import list_trees
from .messages import SourceFile
from .tally import Tally


async def walk(
    files: trio.abc.SendChannel[SourceFile],
    trees: Sequence[Path],
    *,
    tally: Tally,
    more: Path | None = None,
) -> None:
    """List `trees` and send every file.

    Listing comes first, and whole: it costs milliseconds, and makes it known how far the rest has
    come, and what is left when the run is interrupted.

    Args:
        files: Where to send them.
        trees: Folders.
        tally: Is told what was listed and what was sent.
        more: One more tree, known only at run time.
    """
    tally.begin("walk")
    all_trees = [*trees, *([more] if more else [])]
    listing = await trio.to_thread.run_sync(list_trees, all_trees)
    tally.listing = listing
    for file in listing.files:
        await files.send(file)
        tally.sent.add(file.path)
