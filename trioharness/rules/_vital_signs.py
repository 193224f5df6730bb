"""What counts as alive: how long somebody was silent, and what its health checks have shown."""

from __future__ import annotations

import math

import attrs


@attrs.define
class WorkClock:
    """How long somebody has worked since the last beat; it stands still while it is paused.

    Pauses may overlap: it runs again when all of them are over. It begins paused, once.
    """

    since: float = 0.0
    """When the present stretch of work began, or the last beat was."""
    before: float = 0.0
    """Seconds worked in earlier stretches, since the last beat."""
    pauses: int = 1

    def beat(self, now: float) -> None:
        """Begin anew: this was a sign of life."""
        self.before, self.since = 0.0, now

    def pause(self, now: float) -> None:
        """Stand still until the `resume` that belongs to it."""
        if not self.pauses:
            self.before += now - self.since
        self.pauses += 1

    def resume(self, now: float) -> None:
        """End one pause."""
        self.pauses -= 1
        if not self.pauses:
            self.since = now

    def worked(self, now: float) -> float:
        """Return the seconds of work since the last beat."""
        return self.before if self.pauses else self.before + now - self.since

    def due(self, within: float) -> float:
        """Return when it has run for `within` seconds if nothing happens; never while paused."""
        return math.inf if self.pauses else self.since + (within - self.before)


@attrs.frozen(kw_only=True)
class Checks:
    """What the health checks of one incarnation have shown: a value, so that it is never torn."""

    failures: int = 0
    """How many failed since the last that passed."""
    failing_since: float | None = None
    """When the first of these failed."""
    error: str = ""
    """Why the last of these failed, in one line."""

    def failed(self, error: str, now: float) -> Checks:
        """Return what they show after one more that failed."""
        since = self.failing_since if self.failures else now
        return Checks(failures=self.failures + 1, failing_since=since, error=error)

    def are_too_many(self, failure_threshold: int) -> bool:
        """Say whether so many have failed in a row that the component counts as crashed."""
        return self.failures >= failure_threshold


NO_FAILURES = Checks()
"""The last check passed, or there was none yet."""
