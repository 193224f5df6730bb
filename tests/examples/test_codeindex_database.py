"""The index: written over itself, all or nothing, and nobody else's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from examples.codeindex.database import DatabaseUnusable, Totals, database
from examples.codeindex.messages import Outline, Symbol


def outline(path: str, functions: int = 1, lines: int = 10, *imports: str) -> Outline:
    symbols = [Symbol(kind="function", name=f"f{n}", line=n + 1) for n in range(functions)]
    return Outline(path=path, name=path, lines=lines, symbols=tuple(symbols), imports=imports)


async def written(path: Path, *batches: list[Outline]) -> Totals:
    async with database(path, path.with_suffix(".dead.jsonl")) as index:
        for batch in batches:
            await index.write(batch)
        return await index.totals()


async def test_sums_and_the_most_imported(tmp_path: Path) -> None:
    batch = [outline("a", 2, 5, "os", "re"), outline("b", 1, 7, "re"), outline("c", 0, 1)]
    totals = await written(tmp_path / "index.sqlite3", batch)
    assert totals == Totals(
        paths=frozenset("abc"),
        lines=13,
        functions=3,
        classes=0,
        imports=(("re", 2), ("os", 1)),
    )


FILES = st.builds(
    outline,
    st.sampled_from("abcdef"),
    st.integers(0, 3),
    st.integers(0, 9),
    st.sampled_from(["os", "re", "sys"]),
)


@given(st.lists(st.lists(FILES, max_size=4), max_size=6))
def test_whatever_is_delivered_again_is_stored_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Outline]]
) -> None:
    last = {file.path: file for batch in batches for file in batch}
    path = tmp_path_factory.getbasetemp() / "again.sqlite3"
    totals = trio.run(written, path, *batches)
    assert totals.paths == set(last)
    assert totals.lines == sum(file.lines for file in last.values())
    assert totals.functions == sum(len(file.symbols) for file in last.values())
    assert sum(files for _, files in totals.imports) == len(last)


async def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    async with database(tmp_path / "index.sqlite3", tmp_path / "index.dead.jsonl") as index:
        await index.write([outline("a", 3)])
        with pytest.raises(OverflowError):
            await index.write([outline("a", 1), outline("b", lines=2**80)])
        totals = await index.totals()
    assert totals.paths == {"a"}
    assert totals.functions == 3


async def test_each_run_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    await written(path, [outline("old")])
    assert (await written(path, [outline("new")])).paths == {"new"}


async def test_the_database_of_another_application_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photos.sqlite3"
    with closing(sqlite3.connect(path)) as photos, photos:
        photos.execute("CREATE TABLE files (path TEXT)")
        photos.execute("INSERT INTO files VALUES ('holiday.jpg')")
    with pytest.raises(DatabaseUnusable, match="another application"):
        await written(path)
    with closing(sqlite3.connect(path)) as photos:
        assert photos.execute("SELECT path FROM files").fetchall() == [("holiday.jpg",)]


async def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but longer than the header of one is\n" * 10)
    before = path.read_text()
    with pytest.raises(DatabaseUnusable, match=r"notes\.txt.*not a database.*CODEINDEX_DATABASE"):
        await written(path)
    assert path.read_text() == before


@pytest.mark.parametrize("name", ["", "absent/index.sqlite3"])
async def test_a_path_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatabaseUnusable, match="unable to open database file") as caught:
        await written(tmp_path / name)
    assert repr(str(tmp_path / name)) in str(caught.value)
