"""The ends of the pipeline: messages become rows, and old rows are forgotten."""

from __future__ import annotations

import time

import trioharness as th

from .database import Database, Row

# A transaction costs milliseconds, a row microseconds.
BATCH = 256
WITHIN = 0.5  # seconds


async def store(messages: th.ReceiveChannel[Row], *, database: Database) -> None:
    """Write messages in batches, each in one transaction.

    A batch that could not be written is delivered again, and one that was written but not
    acknowledged is written over itself.

    Args:
        messages: Where they come from.
        database: Where to write them.
    """
    async for batch in messages.batches(BATCH, within=WITHIN):
        await database.write(batch)


async def forget(keep: float, *, database: Database) -> None:
    """Delete the rows that are older than `keep` seconds."""
    await database.forget(time.time() - keep)
