"""What a storm did and what came of it, and whether the one agrees with the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain, pairwise
from typing import Any, Final

import attrs

SENDERS: Final = 3


@attrs.frozen(kw_only=True)
class StormReport:
    """What was done in one storm, and what became of each message of it.

    ``sent == received + dropped + dead + left``, or `run_storm` would have raised.
    """

    seed: int
    """What the storm follows from."""
    operations: int
    """Calls that were made on ends: sends, receives, clones, closes, finishes, suspensions."""
    cancelled: int
    """Calls and lives that a deadline or somebody else cancelled."""
    crashes: int
    """Lives that ended with an error."""
    closed: int
    """Ends that were closed under the task that used them."""
    sent: int
    """Messages that were sent: by calls that returned, and the counted part of a batch."""
    received: int
    """Messages that receivers dealt with."""
    dropped: int
    """Messages that the channel says it dropped."""
    dead: int
    """Messages that became dead letters."""
    left: int
    """Messages that were still there when the receivers had gone."""

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.operations} operations, {self.cancelled} cancelled, "
            f"{self.crashes} crashes, {self.closed} closed; {self.sent} sent = "
            f"{self.received} received + {self.dropped} dropped + {self.dead} dead "
            f"+ {self.left} left"
        )


@attrs.define(eq=False)
class Books:
    """The books of one storm. A message is a number, which says who sent it and as which one."""

    seed: int
    operations: int = 0
    cancelled: int = 0
    crashes: int = 0
    closed: int = 0
    sent: list[int] = attrs.field(factory=lambda: [0] * SENDERS)
    """How many messages each sender sent; they are its first ones."""
    received: dict[int, list[int]] = attrs.field(factory=dict[int, list[int]])
    """What each receiver dealt with, in order."""
    dead: list[int] = attrs.field(factory=list[int])
    left: list[int] = attrs.field(factory=list[int])
    complaints: list[str] = attrs.field(factory=list[str])
    """What a call has raised that it had no reason to."""

    def complain(self, reason: object, error: Exception) -> None:
        """Take note of an error of the channel, unless there is a reason for it."""
        if not reason:
            self.complaints.append(f"for no reason, a call raised {error!r}")

    def next_of(self, sender: int, count: int) -> list[int]:
        """Return the next messages of a sender."""
        begin = self.sent[sender]
        return [number * SENDERS + sender for number in range(begin, begin + count)]

    def was_sent(self, message: int) -> bool:
        """Say whether there is such a message."""
        return message // SENDERS < self.sent[message % SENDERS]

    def close(self, statistics: Any, *, in_order: bool, abandoned: bool) -> StormReport:
        """Compare all that is known, and return it.

        Args:
            statistics: What the channel says of itself in the end.
            in_order: Whether each receiver has to have had the messages of a sender in order.
            abandoned: Whether the receivers have gone before the channel has ended.

        Raises:
            AssertionError: Something was lost, doubled, made up or out of order, a call failed for
                no reason, or the channel's own numbers are wrong.
        """
        self.expect(not self.complaints, "; ".join(self.complaints[:3]))
        received = [*chain(*self.received.values())]
        accounted = [*received, *self.dead, *self.left]
        self.expect_each_once(accounted)
        self.expect_order(self.left)
        if in_order:
            for messages in self.received.values():
                self.expect_order([*messages, *self.left])
        # What nobody was to receive can be counted, not looked at.
        left = len(self.left) + (statistics.left if abandoned else 0)
        dropped = getattr(statistics, "dropped", 0)
        report = StormReport(
            seed=self.seed,
            operations=self.operations,
            cancelled=self.cancelled,
            crashes=self.crashes,
            closed=self.closed,
            sent=sum(self.sent),
            received=len(received),
            dropped=dropped,
            dead=len(self.dead),
            left=left,
        )
        total = report.received + dropped + report.dead + left
        self.expect(report.sent == total, f"{report.sent - total} messages are lost: {report}")
        self.expect_statistics(statistics, report)
        return report

    def expect(self, right: bool, wrong: str) -> None:
        """Raise `AssertionError`, with the seed, unless something is right."""
        if not right:
            raise AssertionError(f"storm of seed {self.seed}: {wrong}")

    def expect_each_once(self, messages: Iterable[int]) -> None:
        """Expect that each message was sent, and came once."""
        counts = Counter(messages)
        doubled = [message for message, count in counts.items() if count > 1]
        self.expect(not doubled, f"{len(doubled)} messages came twice, {doubled[:5]} ...")
        strange = [message for message in counts if not self.was_sent(message)]
        self.expect(not strange, f"{len(strange)} messages came unsent, {strange[:5]} ...")

    def expect_order(self, messages: Iterable[int]) -> None:
        """Expect that the messages of each sender are in order."""
        by_sender: list[list[int]] = [[] for _ in range(SENDERS)]
        for message in messages:
            by_sender[message % SENDERS].append(message)
        for sender in by_sender:
            wrong = next((pair for pair in pairwise(sender) if pair[0] > pair[1]), None)
            self.expect(wrong is None, f"of these two the later one was received first: {wrong}")

    def expect_statistics(self, statistics: Any, report: StormReport) -> None:
        """Expect that the channel counted the same, and that nobody waits and nothing is held."""
        expected = {
            "sent": report.sent,
            "received": report.received + len(self.left),
            "dead": report.dead,
            "left": report.left - len(self.left),
            "in_hand": 0,
            "tasks_waiting_send": 0,
            "tasks_waiting_receive": 0,
            "open_send_channels": 0,
            "open_receive_channels": 0,
        }
        for name, number in expected.items():
            told = getattr(statistics, name, number)
            self.expect(told == number, f"statistics().{name} is {told}, not {number}: {report}")
