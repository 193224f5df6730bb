"""One exception out of a nursery, as itself."""

from __future__ import annotations

import contextlib
from collections.abc import Generator


@contextlib.contextmanager
def alone() -> Generator[None]:
    """Let a single exception out of the nursery inside as itself, not as a group of one.

    A nursery always raises groups, since it cannot know how many there will be. A supervisor
    knows: what its body raised and its own giving up are the only errors it has.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) != 1:
            raise
        single = group.exceptions[0]
    else:
        return
    context = single.__context__
    try:
        raise single
    finally:
        # As a nursery does: the group that is being handled around us is not its context.
        single.__context__ = context
        del single, context
