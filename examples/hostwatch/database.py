"""What is kept: one SQLite file, with a table of samples and one of windows."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final, TypeAlias, assert_never, final

import attrs
import trio

from .messages import Sample, Window

Row: TypeAlias = Sample | Window

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS samples (metric TEXT, at REAL, value REAL, PRIMARY KEY (metric, at));
CREATE TABLE IF NOT EXISTS windows (
    metric TEXT, at REAL, count INTEGER, lowest REAL, mean REAL, highest REAL,
    PRIMARY KEY (metric, at)
);
"""


@final
@attrs.frozen(eq=False)
class Database:
    """The open file; `database` gives one. SQLite blocks, so each call runs in a thread."""

    _connection: sqlite3.Connection
    _one_at_a_time: trio.CapacityLimiter = attrs.field(
        init=False, factory=lambda: trio.CapacityLimiter(1)
    )

    async def write(self, rows: Sequence[Row]) -> None:
        """Store messages in one transaction, each in the place of the one that it repeats.

        Raises:
            sqlite3.Error: Nothing was written.

        Cancellation: what has begun is finished.
        """
        await trio.to_thread.run_sync(self._write, rows, limiter=self._one_at_a_time)

    async def forget(self, before: float) -> None:
        """Delete what is older, in seconds since 1970; a cancellation as in `write`."""
        await trio.to_thread.run_sync(self._forget, before, limiter=self._one_at_a_time)

    def _write(self, rows: Sequence[Row]) -> None:
        with self._connection as connection:
            for row in rows:
                connection.execute(*_insertion(row))

    def _forget(self, before: float) -> None:
        with self._connection as connection:
            connection.execute("DELETE FROM samples WHERE at < ?", (before,))
            connection.execute("DELETE FROM windows WHERE at < ?", (before,))


@asynccontextmanager
async def database(path: Path) -> AsyncGenerator[Database]:
    """Keep the file at `path` open; one that is there is added to.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    # Only one thread at a time uses it, but not always the same one.
    connection = await trio.to_thread.run_sync(
        lambda: sqlite3.connect(path, check_same_thread=False)
    )
    with closing(connection):
        await trio.to_thread.run_sync(connection.executescript, _SCHEMA)
        yield Database(connection)


def _insertion(row: Row) -> tuple[str, tuple[object, ...]]:
    match row:
        case Sample(metric=metric, at=at, value=value):
            return "INSERT OR REPLACE INTO samples VALUES (?, ?, ?)", (metric, at, value)
        case Window():
            return "INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?, ?)", (
                row.metric,
                row.at,
                row.count,
                row.lowest,
                row.mean,
                row.highest,
            )
        case _ as unreachable:
            assert_never(unreachable)
