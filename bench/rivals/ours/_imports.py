"""trioharness, imported."""

from __future__ import annotations

from bench._imports import import_apart
from bench._sample import Clock, Sample


def import_alone(size: int, clock: Clock) -> Sample:
    """Import it beside trio."""
    return import_apart("import trio; import trioharness", size, clock)


def import_channels(size: int, clock: Clock) -> Sample:
    """Take what opens a channel."""
    return import_apart("import trio; import trioharness; trioharness.open_channel", size, clock)


def import_supervision(size: int, clock: Clock) -> Sample:
    """Take what opens a supervisor."""
    return import_apart("import trio; import trioharness; trioharness.open_supervisor", size, clock)
