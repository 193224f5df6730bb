"""The end of the pipeline: outlines become rows."""

from __future__ import annotations

import trioharness as th

from .database import Database
from .messages import Outline
from .tally import Tally

# A transaction costs milliseconds, a row microseconds.
BATCH = 64
WITHIN = 0.25  # seconds


async def store(outlines: th.ReceiveChannel[Outline], *, database: Database, tally: Tally) -> None:
    """Write outlines in batches.

    A batch that could not be written is delivered again, one by one, and one that was written but
    not acknowledged is written again, over itself.

    Args:
        outlines: Where they come from.
        database: Where to write them.
        tally: Is told what was stored.
    """
    tally.begin("store")
    async for batch in outlines.batches(BATCH, within=WITHIN):
        await database.write(batch)
        tally.stored.update(outline.path for outline in batch)
