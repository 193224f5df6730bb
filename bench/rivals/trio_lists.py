"""Lists of numbers through a trio channel: the batches that one writes by hand."""

from __future__ import annotations

import sys
from functools import partial

import trio

from bench._batches import send_lists, sum_lists
from bench._flow import ROOM_IN_BATCHES, flow
from bench._neighbour import run
from bench._sample import Clock, Sample
from bench._whole import whole_process


def _flow(size: int, clock: Clock, of: int) -> Sample:
    ends = trio.open_memory_channel[list[int]](ROOM_IN_BATCHES)
    transfer = partial(flow, produce=partial(send_lists, of=of), consume=sum_lists)
    return run(transfer, ends, size, clock)


def batches_of_10(size: int, clock: Clock) -> Sample:
    """Send `size` numbers in lists of 10."""
    return _flow(size, clock, 10)


def batches_of_100(size: int, clock: Clock) -> Sample:
    """Send `size` numbers in lists of 100."""
    return _flow(size, clock, 100)


def batches_of_1000(size: int, clock: Clock) -> Sample:
    """Send `size` numbers in lists of 1,000."""
    return _flow(size, clock, 1_000)


def _program(of: int, size: int, clock: Clock) -> Sample:
    program = [sys.executable, "-m", "bench.rivals.ours_whole", f"lists_of_{of}_on_trio", str(size)]
    return whole_process(program, size, clock)


whole_batches_of_100 = whole_casts = partial(_program, 100)
whole_batches_of_1000 = partial(_program, 1_000)
