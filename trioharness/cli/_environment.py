"""What the environment that a harness is checked in has to do with it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from ..harness import Finding


def environment_findings() -> Iterator[Finding]:
    """Find packages that do harm to the checks of a program, if not to the program."""
    try:
        importlib.metadata.distribution("trio-typing")
    except importlib.metadata.PackageNotFoundError:
        return
    yield Finding(
        code="TH106",
        subject="the environment",
        problem="trio-typing is installed, whose stubs hide trio's own types from type checkers",
        cure="uninstall it: trio has types of its own since 0.23",
    )
