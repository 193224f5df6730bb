"""What is said where a channel takes or gives nothing; the errors are trio's own."""

from __future__ import annotations

import trio


def closed(name: str) -> trio.ClosedResourceError:
    """Return the error for an end that this process has closed."""
    return trio.ClosedResourceError(f"this end of channel {name!r} is closed")


def suspended(name: str, why: Exception | None) -> trio.BrokenResourceError:
    """Return the error for a send while nobody is there to receive."""
    error = trio.BrokenResourceError(
        f"channel {name!r} is suspended and takes no messages: {why!r}"
    )
    error.__cause__ = why
    return error


def broken(name: str, *, finished: bool) -> trio.BrokenResourceError:
    """Return the error for a send that nobody can ever receive."""
    why = "is finished" if finished else "has no open receive end"
    return trio.BrokenResourceError(f"channel {name!r} {why} and takes no more messages")
