"""Reads one file and says what it holds. Raises for whatever it cannot read or parse."""

from __future__ import annotations

import ast
import errno
import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

from .messages import Outline, SourceFile, Symbol


def outline(file: SourceFile) -> Outline:
    """Return what `file` holds. Blocks, and holds the GIL for as long as the parser runs.

    Raises:
        OSError: It cannot be read.
        SyntaxError: It is no Python of this interpreter, or not in the encoding it claims.
        ValueError: It has null bytes (some versions of Python raise SyntaxError).
        MemoryError, RecursionError: It is nested too deeply.
    """
    source = read_source(Path(file.path))
    with warnings.catch_warnings():
        # Invalid escapes and the like are the business of whoever runs the file.
        warnings.simplefilter("ignore")
        tree = ast.parse(source, file.name)
    nodes = list(ast.walk(tree))
    symbols = sorted(_symbols(nodes), key=lambda symbol: (symbol.line, symbol.name))
    return Outline(
        path=file.path,
        name=file.name,
        lines=len(source.splitlines()),
        symbols=tuple(symbols),
        imports=tuple(sorted(set(_imports(nodes)))),
    )


def read_source(path: Path) -> bytes:
    """Return the bytes of the regular file at `path`.

    A file that gives no one leave to read it (mode 000) is not read even by root, to whom the
    kernel refuses nothing: the owner locked it, and what is in it does not belong in an index.
    A pipe would block for ever, so only regular files are read.

    Raises:
        OSError: It is not there, is not to be read, or is not a regular file.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if not status.st_mode & (stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return path.read_bytes()


def _symbols(nodes: list[ast.AST]) -> Iterator[Symbol]:
    for node in nodes:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield Symbol(kind="function", name=node.name, line=node.lineno)
            case ast.ClassDef():
                yield Symbol(kind="class", name=node.name, line=node.lineno)
            case _:
                pass


def _imports(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Import():
                yield from (alias.name.partition(".")[0] for alias in node.names)
            case ast.ImportFrom(level=0, module=str(module)):
                yield module.partition(".")[0]
            case _:
                pass
