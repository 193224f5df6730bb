"""Our work as whole processes, start-up included."""

from __future__ import annotations

import sys
from functools import partial

from bench._sample import Clock, Sample
from bench._whole import whole_process


def program(work: str, size: int, clock: Clock) -> Sample:
    """Run one of the works of `bench.rivals.ours_whole`."""
    command = [sys.executable, "-m", "bench.rivals.ours_whole", work, str(size)]
    return whole_process(command, size, clock)


whole_one_by_one = partial(program, "one_by_one")
whole_batches_of_100 = whole_casts = partial(program, "batches_of_100")
whole_batches_of_1000 = partial(program, "batches_of_1000")
whole_calls = partial(program, "calls")
whole_children = partial(program, "children")
