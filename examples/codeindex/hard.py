"""Makes the hard cases as hard as they are meant to be."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

FOLDER = Path(__file__).parent / "hard_cases"


def stage(folder: Path, into: Path) -> Path:
    """Copy `folder` into `into`, links as links, and set the modes listed in its ``modes.txt``.

    git keeps no mode but "executable", so what must not be readable is listed there as data.

    Returns:
        The copy.
    """
    copy = Path(shutil.copytree(folder, into / folder.name, symlinks=True))
    for line in (copy / "modes.txt").read_text(encoding="utf-8").splitlines():
        mode, name = line.split(maxsplit=1)
        (copy / name).chmod(int(mode, base=8))
    return copy


@asynccontextmanager
async def hard_cases() -> AsyncGenerator[Path]:
    """Keep a staged copy of the hard cases while the run lasts; its value is the folder."""
    with tempfile.TemporaryDirectory(prefix="codeindex-") as into:
        yield await trio.to_thread.run_sync(stage, FOLDER, Path(into))
