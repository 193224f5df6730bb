"""Lists the Python files of trees: which there are is known before the first is sent."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import attrs

from .messages import SourceFile

_INSTALLED = {"site-packages", "dist-packages"}


@attrs.frozen(kw_only=True)
class Skipped:
    """Something that could not be listed, so that it counts as no file."""

    name: str
    reason: str


@attrs.frozen(kw_only=True)
class Listing:
    """The files of some trees, each once, in the order of the trees and their names."""

    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...]


def standard_library() -> Path:
    """Return the folder of the running interpreter's standard library."""
    return Path(sysconfig.get_path("stdlib"))


def list_trees(trees: Iterable[Path]) -> Listing:
    """Find every ``*.py`` of `trees`.

    Folders named ``site-packages`` and ``dist-packages`` hold other people's code and are left out.
    Links to folders are not followed; links to files are, when they are read. A tree of that name
    is indexed when it is given itself. Blocks: to be called in a thread.

    Args:
        trees: Folders.

    Returns:
        The files, and what could not be listed: folders without permission, and names that are no
        UTF-8, which neither JSON nor SQLite can hold.
    """
    files: dict[str, SourceFile] = {}
    skipped: list[Skipped] = []

    def unreadable(error: OSError) -> None:
        skipped.append(Skipped(name=_readable(error.filename), reason=_reason(error)))

    for tree in trees:
        top = tree.absolute()
        for path in _python_files(top, unreadable):
            name = str(path.relative_to(top.parent))
            if not _is_text(str(path)):
                skipped.append(Skipped(name=_readable(name), reason="its name is no UTF-8"))
                continue
            files.setdefault(str(path), SourceFile(path=str(path), name=name))
    return Listing(files=tuple(files.values()), skipped=tuple(skipped))


def _python_files(top: Path, unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    for folder, folders, names in os.walk(top, onerror=unreadable):
        folders[:] = sorted(name for name in folders if name not in _INSTALLED)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def _is_text(name: str) -> bool:
    # Python keeps bytes that are no UTF-8 as lone surrogates.
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _readable(name: object) -> str:
    return str(name).encode("utf-8", "backslashreplace").decode()


def _reason(error: OSError) -> str:
    return f"{type(error).__name__}: {error.strerror}"
