"""trioharness's supervisor alone, without an application around it."""

from __future__ import annotations

from bench._memory import memory_apart
from bench._sample import Clock, Sample
from bench.rivals.ours._supervision import children_up as application_up
from bench.rivals.ours._supervision import hold_children

__all__ = ["application_memory", "application_up", "hold_children"]


def application_memory(size: int, clock: Clock) -> Sample:
    """Hold `size` children that are ready."""
    return memory_apart(__name__, size, clock)
