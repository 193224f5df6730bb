"""The state of a subscription: that of a channel, which also knows what its subscriber missed.

What is missed leaves a gap in front of the message that would have come next, and the gap is told
in that place, once. So a subscriber that goes on after `Lagged` knows exactly where it is. A
message has the number of its turn in the queue, and a gap the number of the message behind it.

The class has no slots of its own, so that it can be put in front of either kind of state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

import attrs
from outcome import Error
from trio.lowlevel import Task, reschedule

from .._errors import FilterFailed, Lagged
from ._counted import CountedState
from ._hand import Entry, Hand
from ._progress import SendProgress
from ._queue import Numbered
from ._state import ChannelState
from ._waiting import Item, Waiting
from ._watching import tell_watchers

if TYPE_CHECKING:
    from ._publishing import TopicState

_take: Final = ChannelState.take

FRONT = 0
"""The number of a gap that is told before anything else."""


@attrs.define(eq=False)
class Gap:
    """Messages that a subscriber missed, one after another, for the same reason."""

    number: int
    count: int
    cause: Exception | None = None
    """What its filter raised; None where there was no room."""

    def error(self, channel: str) -> Lagged | FilterFailed:
        """Return what the subscriber is told."""
        if self.cause is None:
            return Lagged(channel, self.count)
        error = FilterFailed(channel, self.count)
        error.__cause__ = self.cause
        return error


@attrs.define(eq=False)
class Subscription:
    """What makes the state of a channel that of a subscription."""

    topic: TopicState
    where: Callable[[Any], bool] | None
    """Says which messages it wants; None for all."""
    loud: bool
    """Whether its subscriber is told what it missed."""
    gaps: list[Gap] = attrs.field(factory=list[Gap], init=False)
    """Those that are still to be told, in order."""

    def note(self, gap: Gap) -> None:
        """Keep a gap until it is told, together with one of the same place and kind."""
        place = 0
        for place, other in enumerate(self.gaps):  # noqa: B007 - where it stopped is wanted
            if other.number > gap.number:
                break
            if other.number == gap.number and (other.cause is None) == (gap.cause is None):
                other.count += gap.count
                return
        else:
            place = len(self.gaps)
        self.gaps.insert(place, gap)


class SubscriptionState(ChannelState):
    """What both kinds of subscription add to the state of a channel."""

    __slots__ = ()

    if TYPE_CHECKING:
        subscription: Subscription

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.gapped = True

    # What the topic asks of it.

    @property
    def plain(self) -> bool:
        """Whether it takes each message of the topic as it is."""
        every = self.subscription.where is None and self.suspended is None
        return every and self.copy is None and not self.tracked

    @property
    def would_wait(self) -> bool:
        """Whether a publisher has to wait for it just now."""
        absent = self.broken or self.suspended is not None
        return self.overflow is None and not (self.deliverable or self.has_room or absent)

    def wants(self, message: object) -> bool:
        """Ask the filter.

        Raises:
            Exception: Whatever the filter raises.
        """
        where = self.subscription.where
        return where is None or bool(where(message))

    def offer(self, item: Item) -> bool:
        """Take a message, unless nobody is there for it."""
        if self.broken:
            return True
        if self.suspended is not None:
            self.miss(self.next_number, 1)
            return True
        return super().offer(item)

    def put(self, batch: SendProgress) -> bool:
        """Take of a batch what is possible; say False where the rest would have to wait."""
        if self.broken or self.suspended is not None:
            left = len(batch._take(math.inf))
            if not self.broken:
                self.miss(self.next_number, left)
            return True
        return super().put(batch)

    def withdraw(self, task: Task, missed: int) -> None:
        """Have a publisher wait no longer; tell of `missed` messages of those it did not give."""
        left = {other: _left(waiting) for other, waiting in self.senders.items()}
        ahead = takewhile(lambda other: other is not task, left)
        number = self.next_number + sum(left[other] for other in ahead)
        del self.senders[task]
        for gap in self.subscription.gaps:
            if gap.number > number:  # it counted on those that will not come now
                gap.number -= left[task]
        self.miss(number, missed)

    # What was missed.

    @property
    def next_number(self) -> int:
        """The number of the message that is queued next."""
        return self.sent - self.unqueued + 1

    def miss(self, number: int, count: int) -> None:
        """Count messages as dropped in place of being queued, and tell of them."""
        self.sent += count
        self.dropped += count
        self.unqueued += count
        if count:
            self.subscription.topic.untold = True
            self.tell_missed(number, count)

    def drop_queued(self) -> None:
        """Drop the message that has been queued for longest, and tell of it."""
        super().drop_queued()
        self.tell_missed(FRONT, 1)

    def drop_new(self) -> None:
        """Drop a message in place of queueing it, and tell of it."""
        number = self.next_number
        super().drop_new()
        self.tell_missed(number, 1)

    def tell_missed(self, number: int, count: int) -> None:
        """Tell the subscriber, if it wants to know."""
        if self.subscription.loud:
            self.tell_gap(Gap(number, count))

    def tell_gap(self, gap: Gap) -> None:
        """Tell whoever waits to receive, or else whoever comes to where the gap is."""
        if self.receivers:
            task, _ = self.receivers.popitem(last=False)
            reschedule(task, Error(gap.error(self.name)))
        else:
            self.subscription.note(gap)
            tell_watchers(self)

    def give_back(self, hand: Hand, items: Numbered) -> None:
        """Put items back in front, also of what was missed behind them."""
        self.hold_gaps()
        super().give_back(hand, items)

    def hold_gaps(self) -> None:
        """Leave the gaps that are due in front of what is queued now, whatever comes before it."""
        front = self.next_number - len(self.queue)
        for gap in self.subscription.gaps:
            if gap.number < front and gap.cause is None:
                gap.number = front

    def until_gap(self) -> int:
        """Return how many messages come before the next gap; there is one."""
        if not (self.queue or self.senders):
            return 0
        front = self.next_number - len(self.queue)
        return max(self.subscription.gaps[0].number - front, 0)

    def raise_gap(self) -> None:
        """Raise what is next to be told, if its turn has come.

        Raises:
            Lagged: There was no room for what comes next.
            FilterFailed: The filter failed.
        """
        if not self.until_gap():
            raise self.subscription.gaps.pop(0).error(self.name)

    def take(self, hand: Hand) -> Item:
        """Take the next item, or raise what comes before it."""
        if self.subscription.gaps:
            self.raise_gap()
        return super().take(hand)

    def take_more(self, hand: Hand, items: list[Item], limit: int) -> bool:
        """Add what is there to `items`, up to the next gap, which is raised if it comes first."""
        if self.subscription.gaps:
            if not items:
                self.raise_gap()
            limit = min(limit, len(items) + self.until_gap())
        return super().take_more(hand, items, limit)

    # What the topic is told.

    def admit_part(self, limit: float) -> list[Item]:
        """Let in the next messages of the publisher that has waited longest; always a batch."""
        task, waiting = self.senders.popitem(last=False)
        batch = _batch(waiting)
        part = batch._take(limit)
        if batch._left:
            self.senders[task] = waiting
            self.senders.move_to_end(task, last=False)
        self.sent += len(part)
        self.subscription.topic.took(task, self)
        return part

    def fail_senders(self) -> None:
        """Let publishers wait no longer: nobody is there to receive, which is not their fault."""
        while self.senders:
            task, waiting = self.senders.popitem(last=False)
            left = len(_batch(waiting)._take(math.inf))
            if not self.broken:
                self.miss(self.next_number, left)
            self.subscription.topic.took(task, self)

    def heed_suspended(self) -> None:
        """Miss what is published while nobody is behind any receive end."""
        super().heed_suspended()
        self.subscription.topic.arrange()

    def finish(self) -> None:
        """Take nothing more; the topic goes on without it."""
        super().finish()
        self.subscription.topic.remove(self)

    def close_receive(self, hand: Hand) -> None:
        """Take note that a receive end was closed; with the last one the subscription ends."""
        super().close_receive(hand)
        if not self.hands:
            self.subscription.topic.remove(self)

    def tell(self) -> None:
        """Tell of drops, when the message that caused them has gone to every subscriber."""
        if self.ended or self.broken:
            super().tell()
        else:
            self.subscription.topic.untold = True


def _batch(waiting: Waiting) -> SendProgress:
    _, _, batch = waiting
    assert batch is not None  # a single message waits as a batch of one
    return batch


def _left(waiting: Waiting) -> int:
    batch = _batch(waiting)
    return len(batch._items) - batch.sent


@attrs.define(eq=False)
class PlainSubscriptionState(SubscriptionState):
    """The state of a subscription without `max_deliveries`."""

    subscription: Subscription = attrs.field(kw_only=True)

    def take(self, hand: Hand) -> Item:
        """Take the next item as any subscription does, without the cost of `super`."""
        if self.subscription.gaps:
            self.raise_gap()
        return _take(self, hand)


@attrs.define(eq=False)
class CountedSubscriptionState(SubscriptionState, CountedState):
    """The state of a subscription with `max_deliveries`."""

    subscription: Subscription = attrs.field(kw_only=True)

    def put_back(self, entries: list[Entry]) -> None:
        """Queue entries again where they were, also in front of what was missed behind them."""
        if entries:
            self.hold_gaps()
        super().put_back(entries)
