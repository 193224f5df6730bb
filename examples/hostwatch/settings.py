"""What can be set: ``--set port=9217``, ``TRIOHARNESS_PORT=9217``, or ``port = 9217`` in a file."""

from __future__ import annotations

from pathlib import Path

import attrs


@attrs.frozen(kw_only=True)
class Limit:
    """When there is an alert: a ``[[limits]]`` table of the file."""

    metric: str
    above: float
    """The mean of a window that is no longer well."""


@attrs.frozen(kw_only=True)
class Settings:
    """All of it; durations are seconds."""

    database: Path = Path("hostwatch.sqlite3")
    proc: Path = Path("/proc")
    port: int = 0
    """Where alerts are asked for, on 127.0.0.1; 0 is any that is free, which the log says."""
    period: float = attrs.field(default=1.0, validator=attrs.validators.gt(0.0))
    """From one sample of a metric to the next."""
    window: float = attrs.field(default=10.0, validator=attrs.validators.gt(0.0))
    """What is made one window."""
    keep: float = attrs.field(default=7 * 86400.0, validator=attrs.validators.gt(0.0))
    """How long rows are kept."""
    limits: tuple[Limit, ...] = (
        Limit(metric="cpu.busy", above=90.0),
        Limit(metric="memory.used", above=90.0),
    )
