"""What is read out of one file, and how each hard case fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.codeindex.hard import FOLDER, stage
from examples.codeindex.listing import list_trees
from examples.codeindex.messages import Outline, SourceFile
from examples.codeindex.outline import outline, read_source

Write = Callable[[bytes], SourceFile]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(source: bytes) -> SourceFile:
        path = tmp_path / "module.py"
        path.write_bytes(source)
        return SourceFile(path=str(path), name="module.py")

    return write


def test_an_outline_has_lines_symbols_and_imports(write: Write) -> None:
    source = b'''"""Doc."""
import os.path, sys
from os import sep
from . import sibling
from .cousin import x

class Shop:
    async def serve(self):
        def inner(): import json
'''
    found = outline(write(source))
    assert found.lines == 9
    assert [(s.kind, s.name, s.line) for s in found.symbols] == [
        ("class", "Shop", 7),
        ("function", "serve", 8),
        ("function", "inner", 9),
    ]
    assert found.imports == ("json", "os", "sys")


def test_the_declared_encoding_counts(write: Write) -> None:
    source = "# -*- coding: latin-1 -*-\ndef liège(): pass\n".encode("latin-1")
    assert [symbol.name for symbol in outline(write(source)).symbols] == ["liège"]


def test_an_empty_file_has_nothing(write: Write) -> None:
    assert outline(write(b"")) == Outline(
        path=write(b"").path, name="module.py", lines=0, symbols=(), imports=()
    )


def test_what_python_would_only_warn_about_is_no_failure(write: Write) -> None:
    """Warnings are errors in this test run, as they are for users who say so."""
    assert outline(write(b'x = "\\d" is 1\n')).lines == 1


PIECES = st.lists(st.sampled_from(["function", "async", "class", "import", "comment"]), max_size=30)


@given(PIECES)
def test_everything_written_is_counted(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    text = {
        "function": "def f{n}(): pass",
        "async": "async def f{n}(): pass",
        "class": "class C{n}: pass",
        "import": "import m{n}.sub",
        "comment": "# def c{n}(): pass",
    }
    lines = [text[piece].format(n=n) for n, piece in enumerate(pieces)]
    path = tmp_path_factory.getbasetemp() / "pieces.py"
    path.write_text("\n".join(lines))
    found = outline(SourceFile(path=str(path), name="pieces.py"))
    kinds = [symbol.kind for symbol in found.symbols]
    assert found.lines == len(pieces)
    assert kinds.count("function") == pieces.count("function") + pieces.count("async")
    assert kinds.count("class") == pieces.count("class")
    assert len(found.imports) == pieces.count("import")
    assert [s.line for s in found.symbols] == sorted(s.line for s in found.symbols)


def test_each_hard_case_fails_in_its_own_way(tmp_path: Path) -> None:
    listing = list_trees([stage(FOLDER, tmp_path)])
    failures = {file.name.partition("/")[2]: _failure(file) for file in listing.files}
    words = {name: str(error) for name, error in failures.items()}
    assert len(failures) == 6
    assert "can't decode byte" in words["invoice_export.py"]
    assert "Missing parentheses in call to 'print'" in words["fetch_mail.py"]
    assert "null bytes" in words["session_cache.py"]
    assert "too many nested parentheses" in words["pricing_rules.py"]
    assert isinstance(failures["plugin_registry.py"], FileNotFoundError)
    assert isinstance(failures["api_credentials.py"], PermissionError)


def _failure(file: SourceFile) -> Exception:
    with pytest.raises(Exception) as caught:
        outline(file)
    return caught.value


def test_the_copy_of_the_hard_cases_leaves_the_stored_ones_alone(tmp_path: Path) -> None:
    before = {path.name: path.lstat().st_mode for path in FOLDER.iterdir()}
    copy = stage(FOLDER, tmp_path)
    assert {path.name: path.lstat().st_mode for path in FOLDER.iterdir()} == before
    assert [p.name for p in copy.iterdir() if p.lstat().st_mode & 0o777 == 0] == [
        "api_credentials.py"
    ]


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.py"
    os.mkfifo(path)
    with pytest.raises(OSError, match="not a regular file"):
        read_source(path)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such modes")
@pytest.mark.parametrize("mode", [0o400, 0o040, 0o004])
def test_one_who_may_read_is_enough_for_root(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "module.py"
    path.write_bytes(b"x = 1\n")
    path.chmod(mode)
    if os.geteuid() == 0 or mode == 0o400:
        assert read_source(path) == b"x = 1\n"
    else:
        with pytest.raises(PermissionError):
            read_source(path)
