"""Errors of those who come from another thread."""

from __future__ import annotations

import attrs

from ._root import TrioharnessError


class PortalError(TrioharnessError):
    """A thread asked something of an application, which cannot be answered."""


@attrs.define(eq=False, repr=False, slots=False)
class PortalClosed(PortalError):
    """The application has ended, also while the thread waited for it."""

    harness: str
    """Name of the harness."""
    wanted: str
    """What was asked of it."""

    def __str__(self) -> str:
        return (
            f"harness {self.harness!r} has ended and cannot {self.wanted}; "
            f"do it before the block ends that it runs in"
        )


@attrs.define(eq=False, repr=False, slots=False)
class CalledInTrio(PortalError):
    """A portal was used in a thread with an event loop, which would have stood still meanwhile."""

    harness: str
    """Name of the harness."""
    wanted: str
    """What was asked of it."""

    def __str__(self) -> str:
        return (
            f"the portal of harness {self.harness!r} was told to {self.wanted} in a thread that "
            f"runs trio, and would block it, for ever if that is its own; "
            f"await the thing itself here, or use the portal from a thread of its own"
        )


@attrs.define(eq=False, repr=False, slots=False)
class PortalTimeout(PortalError, TimeoutError):
    """What a thread asked for was not done in time, and will not be done."""

    harness: str
    """Name of the harness."""
    wanted: str
    """What was asked of it."""
    seconds: float
    """How long it was waited for."""
    why: str = ""
    """What was the matter, where it was none of the harness's components."""

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        return f"harness {self.harness!r} did not {self.wanted} within {self.seconds:g} s{why}"
