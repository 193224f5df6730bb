"""The middle of the pipeline: samples become windows."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import trioharness as th

from .messages import Sample, Window


async def aggregate(
    samples: th.ReceiveChannel[Sample], windows: th.SendChannel[Window], *, seconds: float
) -> None:
    """Make one window of all the samples of a metric within some seconds.

    The last one is shorter: it ends when the samples do. A crash loses the window that was begun,
    whose samples are stored all the same.

    Args:
        samples: Where they come from.
        windows: Where to publish.
        seconds: How long a window is.
    """
    begun: dict[str, list[Sample]] = {}
    async with th.merge(samples, th.every(seconds)) as items:
        async for item in items:
            if isinstance(item, Sample):
                begun.setdefault(item.metric, []).append(item)
            else:
                await windows.send_many(windows_of(begun))
                begun.clear()
    await windows.send_many(windows_of(begun))


def windows_of(samples: Mapping[str, Sequence[Sample]]) -> list[Window]:
    """Return the window of each metric, of the samples that it has."""
    return [
        Window(
            metric=metric,
            at=taken[-1].at,
            count=len(taken),
            lowest=min(sample.value for sample in taken),
            mean=statistics.fmean(sample.value for sample in taken),
            highest=max(sample.value for sample in taken),
        )
        for metric, taken in samples.items()
    ]
