"""Fixtures of all tests. `trio_mode` comes from pyproject.toml, the clocks from pytest-trio."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

Run = Callable[..., subprocess.CompletedProcess[str]]


# `pytest --hypothesis-profile=long` explores further, and elsewhere each time. It multiplies the
# examples of those tests that leave their number to the profile.
settings.register_profile("long", max_examples=2_000, deadline=None, print_blob=True)

# A shell that runs the tests in the background ignores SIGINT, and so would all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def run(root: Path) -> Run:
    """Runs a command in a real process at the root of the repository, never longer than 60 s.

    `encoding` and `PYTHONWARNINGS=error` make a subprocess as strict as the tests themselves.
    pytest-asyncio, which warns where it has no settings, is left out of pytests that they run.
    """

    def run(*command: str | Path, cwd: Path = root) -> subprocess.CompletedProcess[str]:
        strict = {"PYTHONWARNINGS": "error", "PYTEST_ADDOPTS": "-p no:asyncio"}
        env = {**os.environ, **strict, "PYTHONPATH": str(root)}
        return subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=env,
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    return run
