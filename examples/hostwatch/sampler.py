"""The beginning of the pipeline: looks at a part of the host become samples."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import trio

import trioharness as th

from .messages import Sample
from .proc import Look, Reading


async def sample(
    look: Look,
    samples: th.SendChannel[Sample],
    *,
    proc: Path,
    period: float,
    task_status: th.TaskStatus[None],
) -> None:
    """Look at one part of the host, again and again.

    Args:
        look: How to look.
        samples: Where to publish.
        proc: Where ``/proc`` is.
        period: Seconds between two looks.
        task_status: Is told after the first one, which shows that there is something to see.

    Raises:
        th.Ignore: There is nothing: this host has no such part, or shows it to nobody.
    """
    try:
        before, then = await trio.to_thread.run_sync(look, proc), trio.current_time()
    except OSError as error:
        raise th.Ignore(f"{error.filename}: {error.strerror}") from error
    task_status.started()
    async for _ in th.every(period):
        reading, now = await trio.to_thread.run_sync(look, proc), trio.current_time()
        at = time.time()
        values = values_of(before, reading, now - then)
        await samples.send_many([Sample(metric=m, at=at, value=v) for m, v in values])
        before, then = reading, now


def values_of(before: Reading, now: Reading, seconds: float) -> Iterator[tuple[str, float]]:
    """Yield each metric and its value, of two readings that lie so many seconds apart."""
    yield from now.levels.items()
    for metric, total in now.totals.items():
        if metric in before.totals:
            # Some totals go down now and then: that of a network interface that was set up anew.
            yield metric, max(0.0, total - before.totals[metric]) / seconds
