"""The index itself: one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import final

import attrs
import trio

from .messages import Outline

# In the header of the file, so that nobody else's tables are ever dropped: "cidx" in ASCII.
_APPLICATION_ID = 0x63696478

_SCHEMA = (
    "DROP TABLE IF EXISTS files",
    "DROP TABLE IF EXISTS symbols",
    "DROP TABLE IF EXISTS imports",
    "CREATE TABLE files (path TEXT PRIMARY KEY, name TEXT NOT NULL, lines INTEGER NOT NULL)",
    "CREATE TABLE symbols (path TEXT NOT NULL, kind TEXT, name TEXT, line INTEGER)",
    "CREATE TABLE imports (path TEXT NOT NULL, module TEXT NOT NULL)",
    "CREATE INDEX symbols_by_path ON symbols (path)",
    "CREATE INDEX symbols_by_name ON symbols (name)",
    "CREATE INDEX imports_by_path ON imports (path)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
)


@attrs.define(eq=False)
class DatabaseUnusable(Exception):
    """The index cannot be written where it was asked for."""

    path: Path
    problem: str

    def __str__(self) -> str:
        return (
            f"cannot write the index to {str(self.path)!r}: {self.problem}; "
            f"name another file in CODEINDEX_DATABASE"
        )


@attrs.frozen(kw_only=True)
class Totals:
    """Sums over everything stored."""

    paths: frozenset[str]
    """Every file that is stored."""
    lines: int
    functions: int
    classes: int
    imports: tuple[tuple[str, int], ...]
    """Modules and how many files import them, the most imported first."""


@final
@attrs.define(eq=False)
class Database:
    """The open index; `database` gives one. SQLite blocks, so each call runs in a thread."""

    _connection: sqlite3.Connection
    _one_at_a_time: trio.CapacityLimiter = attrs.field(
        init=False, factory=lambda: trio.CapacityLimiter(1)
    )

    async def write(self, outlines: Sequence[Outline]) -> None:
        """Store `outlines`, each in the place of what was stored for its path: all, or none.

        Raises:
            sqlite3.Error: Nothing was written.

        Cancellation: what has begun is finished.
        """
        await trio.to_thread.run_sync(self._write, outlines, limiter=self._one_at_a_time)

    async def totals(self, most: int = 10) -> Totals:
        """Return the sums, with the `most` imported modules."""
        return await trio.to_thread.run_sync(self._totals, most, limiter=self._one_at_a_time)

    def _write(self, outlines: Iterable[Outline]) -> None:
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            for outline in outlines:
                _replace(connection, outline)

    def _totals(self, most: int) -> Totals:
        ask = self._connection.execute
        kinds = dict(ask("SELECT kind, count(*) FROM symbols GROUP BY kind"))
        imports = ask(
            "SELECT module, count(*) AS files FROM imports"
            " GROUP BY module ORDER BY files DESC, module LIMIT ?",
            (most,),
        )
        return Totals(
            paths=frozenset(path for (path,) in ask("SELECT path FROM files")),
            lines=ask("SELECT coalesce(sum(lines), 0) FROM files").fetchone()[0],
            functions=kinds.get("function", 0),
            classes=kinds.get("class", 0),
            imports=tuple(imports),
        )


@asynccontextmanager
async def database(path: Path, dead_letters: Path) -> AsyncGenerator[Database]:
    """Keep the index at `path` open; a new one each time, in the place of the last.

    The file of dead letters belongs to it, and is begun anew with it; where one of the two cannot
    be written, the other is left as it was.

    Raises:
        DatabaseUnusable: A file cannot be written, or is somebody else's.
    """
    connection = await trio.to_thread.run_sync(_open, path, dead_letters)
    try:
        yield Database(connection)
    finally:
        connection.close()


def _open(path: Path, dead_letters: Path) -> sqlite3.Connection:
    if dead_letters.exists():
        try:
            dead_letters.open("a", encoding="utf-8").close()
        except OSError as error:
            raise DatabaseUnusable(dead_letters, str(error.strerror)) from error
    try:
        # Only one thread at a time uses it, but not always the same one.
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    except sqlite3.Error as error:
        raise DatabaseUnusable(path, str(error)) from error
    try:
        _begin_anew(connection, path)
        dead_letters.unlink(missing_ok=True)
    except sqlite3.Error as error:
        connection.close()
        raise DatabaseUnusable(path, str(error)) from error
    except DatabaseUnusable:
        connection.close()
        raise
    return connection


def _begin_anew(connection: sqlite3.Connection, path: Path) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    if tables and owner != _APPLICATION_ID:
        raise DatabaseUnusable(path, "it is the database of another application")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            connection.execute(statement)


def _replace(connection: sqlite3.Connection, outline: Outline) -> None:
    path = outline.path
    connection.execute(
        "INSERT INTO files VALUES (?, ?, ?)"
        " ON CONFLICT (path) DO UPDATE SET name = excluded.name, lines = excluded.lines",
        (path, outline.name, outline.lines),
    )
    connection.execute("DELETE FROM symbols WHERE path = ?", (path,))
    connection.execute("DELETE FROM imports WHERE path = ?", (path,))
    connection.executemany(
        "INSERT INTO symbols VALUES (?, ?, ?, ?)",
        [(path, symbol.kind, symbol.name, symbol.line) for symbol in outline.symbols],
    )
    connection.executemany(
        "INSERT INTO imports VALUES (?, ?)", [(path, module) for module in outline.imports]
    )
