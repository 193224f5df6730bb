"""The state of a channel with `max_deliveries`: messages come back, and are counted.

A message is in exactly one place: queued, in one hand, doomed, or gone. *Doomed* are messages
that have had all their deliveries and wait for room among the dead letters; meanwhile nothing is
delivered, so the messages behind them wait as well, and then the senders. So the exception to the
rules of `_state.py`: while something is doomed, receivers wait although messages are queued.

What comes back goes where it was: the queue is always in the order of sending. It can then be
longer than `max_buffer_size`, and senders wait until it no longer is.

The members of a crashed batch are delivered one by one the next time. Only a message that was
alone in hand can be the culprit of a crash, so only such a one becomes a dead letter.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs
from outcome import Value
from trio.lowlevel import reschedule

from .._events import Fate, InHand
from ._dead_letter import DeadLetter
from ._hand import Entry, Hand
from ._numbered import NumberedState
from ._queue import Numbered
from ._state import ChannelState
from ._waiting import EMPTY, OVER, Item
from ._watching import tell_watchers


@attrs.define(eq=False)
class DeadState(ChannelState):
    """The state of the channel of dead letters, whose only sender is the channel they died in."""

    source: CountedState = attrs.field(init=False)

    def bury(self, letter: DeadLetter[Any]) -> bool:
        """Take a dead letter; say False if there is no room.

        Where all receive ends were closed nobody wants dead letters, and nobody can any more.
        Waiting for a reader that cannot come would stop the channel for good, so they are dropped.
        """
        return self.broken or self.offer(letter)

    def take(self, hand: Hand) -> Item:
        """Take the next dead letter, which makes room for one that waits."""
        item = super().take(hand)
        if item is not EMPTY and item is not OVER:
            self.source.advance()
        return item

    def take_more(self, hand: Hand, items: list[Item], limit: int) -> bool:
        """Take dead letters, which makes room for those that wait."""
        had = -1
        more = True
        while more and len(items) > had:  # what waited for room may belong to the same batch
            had = len(items)
            more = super().take_more(hand, items, limit)
            if len(items) > had:
                self.source.advance()
        return more

    def close_receive(self, hand: Hand) -> None:
        """Take note that a receive end was closed; after the last one nothing waits for room."""
        super().close_receive(hand)
        self.source.advance()

    def finish(self) -> None:
        """Do nothing: the end comes by itself, when no message of the channel can die any more."""


@attrs.define(eq=False)
class CountedState(NumberedState):
    """The state of a channel with `max_deliveries`."""

    max_deliveries: int = attrs.field(kw_only=True)
    dead_letters: DeadState = attrs.field(kw_only=True)
    doomed: deque[DeadLetter[Any]] = attrs.field(factory=deque[DeadLetter[Any]], init=False)

    def __attrs_post_init__(self) -> None:
        self.tracked = True
        self.admit_known()
        self.dead_letters.source = self
        self.dead_letters.open_send_channels = 1

    @property
    def buffered(self) -> int:
        """How many messages wait in the channel."""
        return len(self.queue) + len(self.doomed)

    def pack(self, message: object) -> Item:
        """Return the entry that is to be queued for a message."""
        return Entry(super().pack(message), next(self.numbers))

    def pack_many(self, messages: list[Any]) -> list[Item]:
        """Return the entries for messages, numbered after all copies: a copy may send, too."""
        copies = messages if self.copy is None else [*map(self.copy, messages)]
        return [Entry(message, next(self.numbers)) for message in copies]

    def unpack(self, hand: Hand, item: Item) -> Any:
        """Return the message of an entry that is in hand; after a switch it may no longer be.

        Raises:
            trio.ClosedResourceError: The end was closed since it was given the entry.
        """
        if item.hand is not hand:
            raise self.closed_error()
        item.seen = True
        return item.message

    @property
    def deliverable(self) -> bool:
        """Whether what is sent now goes to a task that waits for it."""
        return bool(self.receivers) and not self.doomed

    def offer(self, item: Item) -> bool:
        """Give the entry to who waits, or queue it; say False where it would have to wait."""
        if self.deliverable:
            self.hand_over(item)
            self.sent += 1
            return True
        tell_watchers(self)
        if not self.has_room:
            return self.overflow is not None and self.spill(self.overflow, item)
        self.queue.append(item)
        self.peak = max(self.peak, self.buffered)
        self.sent += 1
        return True

    def put_all(self, items: list[Item]) -> bool:
        """Say False: each entry goes into a hand by itself, which `put` sees to."""
        return False

    def take(self, hand: Hand) -> Item:
        """Take the next entry in `hand`, or return `EMPTY` or `OVER`."""
        if self.doomed:
            return EMPTY
        item = super().take(hand)
        if item is not EMPTY and item is not OVER:
            self.hold(hand, item)
        return item

    def take_more(self, hand: Hand, items: list[Item], limit: int) -> bool:
        """Take in `hand` what may be one batch; say whether more may come for it."""
        while len(items) < limit:
            if self.doomed:
                return True
            if items and (items[-1].alone or self.next_is_alone):
                return False
            if self.queue:
                entry = self.queue.popleft()
            elif self.senders:
                entry = self.admit_sender()
            else:
                return not self.ended
            self.hold(hand, entry)
            items.append(entry)
            if self.senders:
                self.refill()
        return False

    @property
    def next_is_alone(self) -> bool:
        """Whether the next message is to be delivered by itself."""
        return bool(self.queue) and bool(self.queue[0].alone)

    def hold(self, hand: Hand, entry: Entry) -> None:
        """Put an entry into a hand."""
        entry.hand = hand
        entry.seen = False
        hand.held.append(entry)
        self.in_hand += 1

    def release(self, hand: Hand, entries: list[Entry]) -> None:
        """Take entries out of a hand."""
        for entry in entries:
            entry.hand = None
        hand.held = [entry for entry in hand.held if entry.hand is hand]
        self.in_hand -= len(entries)

    def acknowledge(self, hand: Hand) -> None:
        """Let go of what the component of this hand has seen: it is done with it."""
        self.release(hand, [entry for entry in hand.held if entry.seen])
        if self.ended:
            self.end_receivers()

    def give_back(self, hand: Hand, items: Numbered) -> None:
        """Put entries back that were taken for a batch and reached nobody."""
        entries = [entry for entry in items if entry.hand is hand]
        self.release(hand, entries)
        self.put_back(entries)

    def put_back(self, entries: list[Entry]) -> None:
        """Queue entries again where they were, and do what becomes possible by that."""
        self.put_in_order(entries)
        self.advance()

    def advance(self) -> None:
        """Bury, deliver, let senders in and end receivers: whatever has become possible."""
        while self.doomed and self.dead_letters.bury(self.doomed[0]):
            self.doomed.popleft()
            self.dead += 1
        self.serve()
        self.refill()
        self.end_receivers()
        # What is doomed still follows: its readers see the end only after they have taken all.
        if not self.hands and self.dead_letters.open_send_channels:
            self.dead_letters.close_send(self)

    def serve(self) -> None:
        """Give waiting receivers what has come back, in order, unless something is doomed."""
        self.drop_outdated()
        while self.receivers and not self.doomed and (self.queue or self.senders):
            if not self.queue:
                self.queue.append(self.admit_sender())
                continue  # who waited may have been told something else by that
            if self.next_is_alone and next(iter(self.receivers.values())).filling:
                task, _ = self.receivers.popitem(last=False)
                reschedule(task, Value(OVER))  # its batch is complete
            else:
                self.hand_over(self.queue.popleft())
        self.peak = max(self.peak, self.buffered)
        tell_watchers(self)

    def hand_over(self, item: Item) -> None:
        """Give the entry into the hand of the task that has waited longest."""
        task, seat = self.receivers.popitem(last=False)
        self.hold(seat.hand, item)
        reschedule(task, Value(seat.present(item)))

    def close_receive(self, hand: Hand) -> None:
        """Take note that a receive end was closed; what it had in hand goes back unchanged."""
        super().close_receive(hand)
        held = hand.held
        hand.left_behind = [entry for entry in held if entry.seen]
        self.release(hand, held)
        self.put_back(held)

    def abandon(self) -> None:
        """Keep what is queued: it counts as left, and may yet be settled."""

    def settle(self, hand: Hand, error: Exception | None, *, stopped: bool) -> tuple[InHand, ...]:
        """Decide what becomes of what was in hand; return what that was, once."""
        entries, elsewhere = self.collect(hand)
        batch = [*entries, *elsewhere]
        fate = self.fate(batch, error, stopped=stopped)
        report = (
            *hand.report,
            *(entry.in_hand(self.name, self.max_deliveries, fate) for entry in entries),
            *(entry.in_hand(self.name, self.max_deliveries, "returned") for entry in elsewhere),
        )
        hand.report = ()
        if error is not None and not stopped:
            for entry in batch:
                entry.attempts += 1
                entry.alone = entry.alone or len(batch) > 1
            if fate == "dead":
                self.doomed.extend(self.dead_letter(entry, error) for entry in entries)
        self.put_back(entries if fate == "returned" else [])
        return report

    def fate(self, batch: list[Entry], error: Exception | None, *, stopped: bool) -> Fate:
        """Say what becomes of the messages of one hand, which share one fate.

        With the last receive end the dead letters have ended, and whoever reads them has gone: a
        message whose receiver is known to have crashed only later is left.
        """
        if stopped:
            return "returned"
        if error is None:
            return "acknowledged"
        culprit = len(batch) == 1 and batch[0].attempts + 1 >= self.max_deliveries
        return "dead" if culprit and self.hands else "returned"

    def collect(self, hand: Hand) -> tuple[list[Entry], list[Entry]]:
        """Empty a hand, but for what is still on its way to a task.

        Returns:
            What it held, together with what it left behind in the queue, which is taken out of
            there; and what it left behind that others have received since.
        """
        entries = [entry for entry in hand.held if entry.seen]
        self.release(hand, entries)
        elsewhere: list[Entry] = []
        for entry in hand.left_behind:
            try:
                self.queue.remove(entry)
            except ValueError:
                elsewhere.append(entry)
            else:
                entries.append(entry)
        hand.left_behind = []
        return entries, elsewhere

    def dead_letter(self, entry: Entry, error: Exception) -> DeadLetter[Any]:
        """Return the letter for a message that crashed its last receiver with `error`."""
        times = "once" if entry.attempts == 1 else f"{entry.attempts} times"
        return DeadLetter(
            channel=self.name,
            message=entry.message,
            reason=f"delivered {times}, and each receiver crashed, the last with {error!r}",
            attempts=entry.attempts,
            error=error,
        )
