"""The middle of the pipeline: samples become windows."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import trio

import trioharness as th

from .messages import Sample, Window


async def aggregate(
    samples: th.ReceiveChannel[Sample], windows: th.SendChannel[Window], *, seconds: float
) -> None:
    """Make one window of all the samples of a metric within some seconds.

    The last one is shorter: it ends when the samples do, or when this is stopped or crashes, so
    that every sample that was taken is in one.

    Args:
        samples: Where they come from.
        windows: Where to publish.
        seconds: How long a window is.
    """
    begun: dict[str, list[Sample]] = {}
    try:
        async with th.merge(samples, th.every(seconds)) as items:
            async for item in items:
                if isinstance(item, Sample):
                    begun.setdefault(item.metric, []).append(item)
                else:
                    await publish(begun, windows)
    finally:
        async with th.cleanup():  # noqa: ASYNC102 - it shields, with a deadline
            await publish(begun, windows)  # noqa: ASYNC102


async def publish(begun: dict[str, list[Sample]], windows: th.SendChannel[Window]) -> None:
    """Send the windows one by one, and forget what is sent.

    Cancellation: what is not sent is still in `begun`.
    """
    for metric in tuple(begun):
        await windows.send(window_of(metric, begun[metric]))
        del begun[metric]
    await trio.lowlevel.checkpoint()  # there may be none


def window_of(metric: str, taken: Sequence[Sample]) -> Window:
    """Return the window of samples of one metric."""
    return Window(
        metric=metric,
        at=taken[-1].at,
        count=len(taken),
        lowest=min(sample.value for sample in taken),
        mean=statistics.fmean(sample.value for sample in taken),
        highest=max(sample.value for sample in taken),
    )
