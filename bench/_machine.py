"""On what was measured: without it no figure can be repeated."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import attrs

LIBRARIES = (
    "trioharness",
    "trio",
    "anyio",
    "attrs",
    "cattrs",
    "msgspec",
    "orjson",
    "pydantic",
    "triotp",
    "mode-streaming",
    "aiotools",
    "pykka",
)


@attrs.frozen(kw_only=True)
class Machine:
    """The machine, the interpreter and the libraries of one run."""

    python: str
    compiler: str
    system: str
    processor: str
    processors: int
    """How many this process may use."""
    load: float
    """Load average of the last minute before the run; far from 0 the figures are noisy."""
    commit: str
    """Commit of the working tree, with ``+`` where it has changes; empty where there is no git."""
    libraries: dict[str, str]
    """Version of each library, ``"not installed"`` where it is missing."""


def describe_machine() -> Machine:
    """Look at the machine this runs on."""
    return Machine(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        compiler=platform.python_compiler(),
        system=platform.platform(),
        processor=_processor(),
        processors=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
        commit=_commit(),
        libraries={name: _version(name) for name in LIBRARIES},
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _commit() -> str:
    hash_ = _git("rev-parse", "--short=12", "HEAD")
    return f"{hash_}+" if hash_ and _git("status", "--porcelain") else hash_


def _git(*arguments: str) -> str:
    """Return what git says, or nothing: a released archive has no repository, a user no git."""
    command = ["git", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"
