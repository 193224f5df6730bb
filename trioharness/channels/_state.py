"""What the ends of one channel share: the queue, and who waits at it.

It must guarantee: a message is in exactly one place, whatever is cancelled; who waits first is
served first; and it behaves like trio's memory channel, to the letter. Between two steps of any
task these hold (`CountedState` has exceptions of its own):

- while a receiver waits, nothing is queued and no sender waits;
- while a sender waits, the queue is full (or over-full, after messages were returned).

It is no wrapped memory channel: that can neither take a message back to its front nor be asked for
all it holds without a raised `trio.WouldBlock`. Rejected: a priority for whoever runs (fairness),
and skipped checkpoints (they starve neighbours).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import attrs
from outcome import Error, Value
from trio.lowlevel import Task, reschedule

from .._events import InHand
from ._drops import DropTeller
from ._hand import Hand
from ._overflow import Policy
from ._progress import SendProgress
from ._queue import Numbered, Queue
from ._types import TypeCheck
from ._waiting import EMPTY, OVER, Item, Seat, Waiting
from ._watching import Watcher, tell_watchers

NOTHING: Final[frozenset[type]] = frozenset()


@attrs.define(eq=False)
class ChannelState(Queue):
    """The state of a channel without `max_deliveries`."""

    check: TypeCheck
    overflow: Policy | None = attrs.field(default=None, kw_only=True)
    """What is done where there is no room; None lets senders wait."""
    copy: Callable[[Any], Any] | None = attrs.field(default=None, kw_only=True)
    """Applied to each message before it is queued."""
    teller: DropTeller | None = attrs.field(default=None, kw_only=True)
    """Tells of what was dropped."""
    # A slot, not a class variable, which takes three times as long to look up.
    tracked: bool = attrs.field(default=False, init=False)
    """Whether it is known who has a message, so that items have to be unpacked."""
    answers: bool = attrs.field(default=False, init=False)
    """Whether messages are requests."""
    gapped: bool = attrs.field(default=False, init=False)
    """Whether `take` may have something to tell where nothing is queued."""
    bare: bool = attrs.field(
        default=attrs.Factory(lambda state: type(state) is ChannelState, takes_self=True),
        init=False,
    )
    """Whether it adds nothing to taking what is queued, so that `Batches` may do it by itself."""
    admitted: set[type] | frozenset[type] = attrs.field(init=False)
    """The types of messages that `send` may queue as they are, without a closer look: the known
    ones while nothing is the matter, else none. One question of `send` in place of three."""
    usual: type | None = attrs.field(init=False)
    """One of them, which the next batch is probably of; None if there are none. To count one type
    in a batch is cheaper than to look up each."""
    senders: OrderedDict[Task, Waiting] = attrs.field(
        factory=OrderedDict[Task, Waiting], init=False
    )
    """Tasks that wait to send."""
    receivers: OrderedDict[Task, Seat] = attrs.field(factory=OrderedDict[Task, Seat], init=False)
    watchers: dict[Watcher, None] = attrs.field(factory=dict[Watcher, None], init=False)
    """Told once when something may be there to take; meanwhile nothing is. See _watching."""
    unwatched_size: float = attrs.field(
        default=attrs.Factory(attrgetter("max_buffer_size"), takes_self=True), init=False
    )
    """How many messages `offer` may queue without a closer look: as many as there is room for, or
    none while somebody watches. As with `admitted`, one question in place of two."""

    def __attrs_post_init__(self) -> None:
        self.admit_known()

    def admit_known(self) -> None:
        """Let messages of known types pass without a closer look, where that is possible."""
        shut = self.broken or self.suspended is not None
        as_it_is = self.copy is None and not self.tracked
        self.admit(self.check.known if as_it_is and not shut else NOTHING)

    def admit(self, types: set[type] | frozenset[type]) -> None:
        """Let messages of these types pass without a closer look."""
        self.admitted = types
        self.usual = next(iter(types), None)

    @property
    def over(self) -> bool:
        """Whether nothing is left to receive and nothing can come, not even from a hand."""
        return self.ended and not (self.buffered or self.gathering or self.in_hand)

    def pack(self, message: object) -> Item:
        """Return what is to be queued for a message."""
        return message if self.copy is None else self.copy(message)

    def pack_many(self, messages: list[Any]) -> list[Item]:
        """Return what is to be queued for messages."""
        as_they_are = self.copy is None and not self.tracked
        return messages if as_they_are else [*map(self.pack, messages)]

    def unpack(self, hand: Hand, item: Item) -> Any:
        """Return the message of an item that a component gets to see through the end of `hand`.

        Raises:
            trio.ClosedResourceError: The end was closed since it was given the item.
        """
        return item

    def offer(self, item: Item) -> bool:
        """Give the item to who waits, or queue it; say False where it would have to wait."""
        if self.receivers:
            task, seat = self.receivers.popitem(last=False)
            # `present`, without the call where it is the item itself.
            reschedule(task, Value(seat.present(item) if seat.limit else item))
        elif len(self.queue) < self.unwatched_size:
            self.queue.append(item)
            if len(self.queue) > self.peak:  # noqa: PLR1730 - max() costs three times as much
                self.peak = len(self.queue)
        else:
            return self.offer_closely(item)
        self.sent += 1
        return True

    def offer_closely(self, item: Item) -> bool:
        """Do what `offer` does where the channel is watched or full."""
        if self.watchers:
            tell_watchers(self)
            return self.offer(item)
        return self.overflow is not None and self.spill(self.overflow, item)

    def spill(self, overflow: Policy, item: Item) -> bool:
        """Deal with an item for which there is no room, and that is not to wait for it."""
        overflow.spill(self, item)
        self.sent += 1
        self.peak = max(self.peak, self.buffered)
        self.tell()
        return True

    def tell(self) -> None:
        """Tell the observer of drops; the last thing to be done, because it may raise."""
        if self.teller is not None:
            self.teller.tell(self.dropped, at_once=self.ended or self.broken)

    @property
    def deliverable(self) -> bool:
        """Whether what is sent now goes to a task that waits for it."""
        return bool(self.receivers)

    def put_all(self, items: list[Item]) -> bool:
        """Take a batch whole, list and all, or say False and take nothing of it.

        It says False wherever it is not plain who gets what, which `put` finds out.
        """
        queue = self.queue
        receivers = self.receivers
        count = len(items)
        depth = len(queue) + count
        if depth > self.unwatched_size or not count:
            return False
        if receivers:
            task, seat = receivers.popitem()
            if receivers or count > seat.limit:
                return self.put_part(task, seat, items)
            reschedule(task, Value(items))
        else:
            queue += items
            if depth > self.peak:  # noqa: PLR1730 - as in offer
                self.peak = depth
        self.sent += count
        return True

    def put_part(self, task: Task, seat: Seat, items: list[Item]) -> bool:
        """Give part of a batch to the only task that waits, and queue the rest.

        It says False, and does nothing, where others wait as well: they are to be served in turn.
        """
        if self.receivers:
            self.receivers[task] = seat  # the last of them, as it was
            return False
        part = seat.room
        reschedule(task, Value(seat.present_many(items[:part])))
        self.queue += items[part:]
        self.peak = max(self.peak, len(self.queue))
        self.sent += len(items)
        return True

    def put(self, batch: SendProgress) -> bool:
        """Take of a batch what is possible; say False where the rest would have to wait."""
        tell_watchers(self)  # first: a policy may raise when part of it is queued
        while batch._left and self.deliverable:
            self.hand_over(batch._take(1)[0])
            self.sent += 1
        room = self.max_buffer_size - self.buffered
        if room > 0:
            part = batch._take(room)
            self.queue += part
            self.sent += len(part)
            self.peak = max(self.peak, self.buffered)
        if batch._left and self.overflow is not None:
            self.spill_rest(self.overflow, batch)
        return not batch._left

    def spill_rest(self, overflow: Policy, batch: SendProgress) -> None:
        """Deal with the rest of a batch, for which there is no room, message by message."""
        while batch._left:
            overflow.spill(self, batch._items[batch.sent])
            batch.sent += 1
            self.sent += 1
        self.peak = max(self.peak, self.buffered)
        self.tell()

    def take(self, hand: Hand) -> Item:
        """Take the next item for `hand`, or return `EMPTY` or `OVER`."""
        if self.queue:
            item = self.queue.popleft()
        elif self.senders:
            item = self.admit_sender()
        else:
            return OVER if self.ended and self.over else EMPTY
        if self.senders and len(self.queue) < self.max_buffer_size:
            self.queue.append(self.admit_sender())
        return item

    def take_more(self, hand: Hand, items: list[Item], limit: int) -> bool:
        """Add what is there to `items`, up to `limit` in all.

        Returns:
            Whether more may come for the same batch, so that it is worth waiting for.
        """
        queue = self.queue
        if not self.senders and len(items) + len(queue) <= limit:  # nearly always
            items += queue
            queue.clear()
            return len(items) < limit and not self.ended
        while (room := limit - len(items)) > 0:
            if queue:
                items += [queue.popleft() for _ in range(min(room, len(queue)))]
                if self.senders:
                    self.refill()
            elif self.senders:
                items += self.admit_part(room)
            else:
                return not self.ended
        return False

    def give_back(self, hand: Hand, items: Numbered) -> None:
        """Put items back where they were that were taken for a batch and reached nobody."""
        if self.hands:
            self.put_in_order(items)
            self.serve()
        else:
            self.abandoned += len(items)

    def acknowledge(self, hand: Hand) -> None:
        """Let go of what the component of this hand has seen; nothing is ever in hand here."""

    def settle(self, hand: Hand, error: Exception | None, *, stopped: bool) -> tuple[InHand, ...]:
        """Decide what becomes of what was in hand; nothing is ever in hand here."""
        return ()

    def hand_over(self, item: Item) -> None:
        """Give the item to the task that has waited longest."""
        task, seat = self.receivers.popitem(last=False)
        reschedule(task, Value(seat.present(item)))

    def admit_sender(self) -> Item:
        """Let in the next message of the sender that has waited longest, and return it."""
        task, waiting = self.senders.popitem(last=False)
        _, item, batch = waiting
        if batch is not None:
            self.senders[task] = waiting
            self.senders.move_to_end(task, last=False)
            return self.admit_part(1)[0]
        reschedule(task)
        self.sent += 1
        return item

    def admit_part(self, limit: float) -> list[Item]:
        """Let in the next messages, up to `limit`, of the sender that has waited longest."""
        task, waiting = self.senders.popitem(last=False)
        _, item, batch = waiting
        part = [item] if batch is None else batch._take(limit)
        if batch is not None and batch._left:
            self.senders[task] = waiting
            self.senders.move_to_end(task, last=False)  # so that its batch stays together
        else:
            reschedule(task)
        self.sent += len(part)
        return part

    def refill(self) -> None:
        """Let in waiting senders while there is room."""
        room = self.max_buffer_size - self.buffered
        while self.senders and room > 0:
            part = self.admit_part(room)
            self.queue += part
            room -= len(part)

    def serve(self) -> None:
        """Give waiting receivers what has come back to the queue."""
        self.drop_outdated()
        while self.receivers and self.queue:
            self.hand_over(self.queue[0])  # first: its number follows from its place
            self.queue.popleft()
        self.peak = max(self.peak, self.buffered)
        tell_watchers(self)

    def drop_outdated(self) -> None:
        """Drop all but the newest message, in a channel that keeps no other."""
        if self.overflow is not None and self.overflow.keeps_one:
            while len(self.queue) > 1:
                self.drop_queued()

    def end_receivers(self) -> None:
        """Tell waiting receivers of the end of the channel, if it has come for them."""
        if not self.ended or self.buffered:
            return
        over = self.over
        if over:
            tell_watchers(self)
        for task in [task for task, seat in self.receivers.items() if over or seat.filling]:
            del self.receivers[task]
            reschedule(task, Value(OVER))

    def refuse_senders(self) -> None:
        """Fail all that is sent from now on, for good."""
        self.broken = True
        self.admit_known()
        self.fail_senders()

    def fail_senders(self) -> None:
        """Fail those that wait to send: nothing will take what they send."""
        while self.senders:
            task, _ = self.senders.popitem(last=False)
            reschedule(task, Error(self.broken_error()))

    def open_receive(self, hand: Hand) -> None:
        """Take note of a new receive end, which somebody is to receive through."""
        self.hands[hand] = None
        if self.suspended is not None:
            self.heed_suspended()

    def heed_suspended(self) -> None:
        """Take messages while anybody is behind a receive end; else fail those that wait."""
        alone = not any(map(self.is_behind, self.hands))
        reasons = (hand.suspended for hand in reversed(self.hands))
        self.suspended = next(filter(None, reasons), None) if alone else None
        self.admit_known()
        if alone:
            self.fail_senders()

    def is_behind(self, hand: Hand) -> bool:
        """Say whether anybody is behind a receive end."""
        return hand.suspended is None

    def finish(self) -> None:
        """Take nothing more; the end comes when what is there has been received."""
        self.finished = self.ended = True
        self.refuse_senders()
        self.end_receivers()

    def close_send(self, end: object) -> None:
        """Take note that a send end was closed."""
        for task in [task for task, (through, _, _) in self.senders.items() if through is end]:
            del self.senders[task]
            reschedule(task, Error(self.closed_error()))
        self.open_send_channels -= 1
        self.ended = self.finished or not self.open_send_channels
        self.end_receivers()

    def close_receive(self, hand: Hand) -> None:
        """Take note that the receive end of `hand` was closed."""
        hand.closed = True
        for task in [task for task, seat in self.receivers.items() if seat.hand is hand]:
            del self.receivers[task]
            reschedule(task, Error(self.closed_error()))
        tell_watchers(self)
        del self.hands[hand]
        hand.left()
        if self.hands:
            self.heed_suspended()
        else:
            self.refuse_senders()
            self.abandon()

    def abandon(self) -> None:
        """Nobody will ever receive: let go of what is queued, as trio does."""
        self.abandoned += len(self.queue)
        self.queue.clear()
