"""What a run of a harness leaves behind."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from ..channels import CallStatistics

Ended: TypeAlias = Literal["done", "drained", "stopped", "gave up", "failed"]


@attrs.frozen(kw_only=True)
class ChannelReceipt:
    """What became of the messages of one channel."""

    name: str
    sent: int
    """Messages that were sent."""
    delivered: int
    """Messages that were received and dealt with."""
    dead: int
    """Messages that became dead letters."""
    left: int
    """Messages that were still queued or in hand at the end."""
    dropped: int = 0
    """Messages for which there was no room, where that drops them."""
    calls: CallStatistics | None = None
    """What became of the calls, where messages are requests."""

    def __str__(self) -> str:
        numbers = [f"{self.sent} sent", f"{self.delivered} delivered"]
        letters = "dead letter" if self.dead == 1 else "dead letters"
        for count, what in ((self.dropped, "dropped"), (self.dead, letters)):
            numbers += [f"{count} {what}"] if count else []
        numbers += [f"{self.left} left"] if self.left else []
        line = f"channel {self.name!r}: {', '.join(numbers)}"
        if self.calls is None or not self.calls.made:
            return line
        ends = (f"{getattr(self.calls, how)} {how}" for how in ("replied", "failed", "cancelled"))
        return f"{line}; {self.calls.made} calls: {', '.join(ends)}"


@attrs.frozen(kw_only=True)
class Receipt:
    """How a run of a harness ended, and what became of what was on its way."""

    harness: str
    """Its name."""
    ended: Ended
    """By itself, by a drain, by a stop that did not wait for what was queued, because a supervisor
    gave up, or because of another error, such as one of a start."""
    signal: int | None
    """The signal that ended it, or None."""
    seconds: float
    """How long it ran."""
    channels: tuple[ChannelReceipt, ...]
    """What became of the messages, in the order the channels were declared."""
    overran: tuple[str, ...]
    """Paths of the components that outlived their grace."""
    unclean: tuple[str, ...] = ()
    """Paths of the components whose clean-up raised; the log has the errors."""
    left_behind: tuple[str, ...] = ()
    """What the application has started and neither ended nor closed, a line each: tasks, threads,
    child processes, files, async generators and channel ends. Known of `Harness.run` alone."""

    def __str__(self) -> str:
        lines = [f"{self.harness!r} {self.ended} after {self.seconds:.1f} s"]
        lines += [f"  {channel}" for channel in self.channels]
        lines += [f"  {path!r} outlived its grace" for path in self.overran]
        lines += [f"  {path!r} raised while it was stopped" for path in self.unclean]
        lines += [f"  left behind: {what}" for what in self.left_behind]
        return "\n".join(lines)
