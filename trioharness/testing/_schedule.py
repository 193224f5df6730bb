"""The order in which trio runs its tasks, from a seed.

trio shuffles the tasks that can run, on purpose. Only for hypothesis does it take the shuffle from
a known generator, and sort the tasks before; there is no public way to ask for the same. The two
names below are those that trio's own plugin for hypothesis uses, and nothing else here is private.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Generator

import trio
import trio._core._run as scheduler

from .._errors import ConfigurationError

SORTED = "_ALLOW_DETERMINISTIC_SCHEDULING"
SHUFFLE = "_r"


@contextlib.contextmanager
def seeded(seed: int) -> Generator[None]:
    """Make trio's schedule, and Python's `random`, follow from a seed inside the block.

    Args:
        seed: The seed.

    Raises:
        ConfigurationError: This version of trio has no schedule that can be seeded.
    """
    shuffle: object = getattr(scheduler, SHUFFLE, None)
    was_sorted: object = getattr(scheduler, SORTED, None)
    if not isinstance(shuffle, random.Random) or was_sorted is None:
        raise ConfigurationError(
            "run()",
            f"seed={seed!r} cannot be kept: the schedule of trio {trio.__version__} has no seed",
            "leave seed= out, or let hypothesis choose the schedule",
        )
    states = shuffle.getstate(), random.getstate()
    shuffle.seed(seed)
    random.seed(seed)
    setattr(scheduler, SORTED, True)
    try:
        yield
    finally:
        setattr(scheduler, SORTED, was_sorted)
        shuffle.setstate(states[0])
        random.setstate(states[1])
