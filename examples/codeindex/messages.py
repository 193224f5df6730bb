"""What travels: a file to be read, and what was found in it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

import trioharness as th

SymbolKind: TypeAlias = Literal["function", "class"]


@th.message("source-file")
class SourceFile:
    """A file that was listed and is to be parsed."""

    path: str
    """Where it is, absolute; what makes it one file and no other."""
    name: str
    """What to call it before people: the path from the name of its tree on."""


@attrs.frozen(kw_only=True)
class Symbol:
    """A function or a class, and the line of its name."""

    kind: SymbolKind
    name: str
    line: int


@th.message("outline")
class Outline:
    """What a file holds."""

    path: str
    name: str
    lines: int
    symbols: tuple[Symbol, ...]
    """In order of their lines."""
    imports: tuple[str, ...]
    """Top-level names of the modules it imports, each once, sorted; relative imports left out."""
