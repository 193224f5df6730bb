"""What the publishers of a topic share: who subscribes, and what is not everywhere yet.

To a `SendChannel` it is the state of a channel, and what is sent goes to every subscription at
once. Only those that are full and let the publisher wait get it later, when they have room: until
then they have the publisher among those that wait to send, as any channel would, so each of
them sees the same messages in the same order.

It must guarantee: what has been given to one subscription has been given to all, or is told to
the others as missed. So a publish that is cancelled while it waits is never half-forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs
from outcome import Error
from trio.lowlevel import Task, current_task, reschedule

from ._progress import SendProgress
from ._state import NOTHING, ChannelState
from ._subscription import FRONT, Gap, SubscriptionState
from ._waiting import Item, Waiting


class Letters(list[tuple[SubscriptionState, Item]]):
    """One message, as each subscription gets it that wants it."""

    failed: tuple[tuple[SubscriptionState, Exception], ...] = ()
    """Those whose filters raised, and what."""

    def tell_failed(self) -> None:
        """Tell those that they miss it; once, in the moment in which it counts as sent."""
        for sub, error in self.failed:
            if not sub.broken:  # it has been finished since the filter was asked
                sub.tell_gap(Gap(FRONT, 1, error))


_offer: Final = ChannelState.offer
_put_all: Final = ChannelState.put_all


@attrs.define(eq=False)
class Share:
    """What one subscription gets of a batch."""

    progress: SendProgress
    places: Sequence[int]
    """Where in the batch its messages stand."""

    @property
    def reached(self) -> int:
        """How much of the batch is done with here."""
        return self.places[self.progress.sent - 1] + 1 if self.progress.sent else 0

    def left_before(self, place: int) -> int:
        """Return how many messages are still to come that stand before `place`."""
        return sum(other < place for other in self.places[self.progress.sent :])


@attrs.define(eq=False)
class Publication:
    """A batch that is not everywhere yet."""

    batch: SendProgress
    pending: dict[SubscriptionState, Share] = attrs.field(
        factory=dict[SubscriptionState, Share], init=False
    )
    """Who has not got all of its share."""
    reached: int = attrs.field(default=0, init=False)
    """How much of the batch has been given to anybody."""


class Publishers(OrderedDict[Task, Waiting]):
    """The tasks that wait to publish.

    A `SendChannel` puts its task in here when it has to wait, and a cancel takes it out again: both
    concern the subscriptions that it waits for.
    """

    def __init__(self, topic: TopicState) -> None:
        super().__init__()
        self._topic = topic

    def __setitem__(self, task: Task, waiting: Waiting) -> None:
        """Let a task wait; a single message goes to those that have room for it first."""
        end, item, batch = waiting
        if batch is None:
            batch = SendProgress()
            batch._items = [item]
            self._topic.put(batch)
        super().__setitem__(task, (end, None, batch))

    def __delitem__(self, task: Task) -> None:
        """Let a task wait no longer, whether or not its message is everywhere."""
        super().__delitem__(task)
        self._topic.withdraw(task)


@attrs.define(eq=False)
class TopicState(ChannelState):
    """The state of a topic; nothing is ever queued in it."""

    senders: OrderedDict[Task, Waiting] = attrs.field(
        default=attrs.Factory(Publishers, takes_self=True), init=False
    )
    # Tuples: what the observer or a filter does may change them in the middle of a publish.
    subscriptions: tuple[SubscriptionState, ...] = attrs.field(default=(), init=False)
    holding: tuple[SubscriptionState, ...] = attrs.field(default=(), init=False)
    """Those that may let a publisher wait."""
    plain: bool = attrs.field(default=True, init=False)
    """Whether every subscription takes every message as it is; else an item is `Letters`."""
    untold: bool = attrs.field(default=False, init=False)
    """Whether there may be drops to tell of."""
    publications: dict[Task, Publication] = attrs.field(factory=dict[Task, Publication], init=False)
    subscribed: int = attrs.field(default=0, init=False)
    """How many subscriptions there ever were."""

    @property
    def open_receive_channels(self) -> int:
        """How many subscriptions there are."""
        return len(self.subscriptions)

    @property
    def load(self) -> str:
        """How many subscribe, for the `repr`."""
        count = len(self.subscriptions)
        return "1 subscription" if count == 1 else f"{count} subscriptions"

    def admit_known(self) -> None:
        """Let messages of known types pass without a closer look, where that is possible."""
        self.admit(self.check.known if self.plain and not self.broken else NOTHING)

    # Who subscribes.

    def add(self, subscription: SubscriptionState) -> None:
        """Give a subscription what is published from now on."""
        if self.ended:
            subscription.ended = True
        else:
            subscription.open_send_channels = 1
        self.subscriptions += (subscription,)
        self.arrange()

    def remove(self, subscription: SubscriptionState) -> None:
        """Give a subscription nothing more."""
        self.subscriptions = tuple(sub for sub in self.subscriptions if sub is not subscription)
        self.arrange()

    def arrange(self) -> None:
        """Take note of how the subscriptions are, so that a publish need not ask."""
        subscriptions = self.subscriptions
        self.holding = tuple(sub for sub in subscriptions if sub.overflow is None)
        self.plain = all(sub.plain for sub in subscriptions)
        self.admit_known()

    # What is published.

    def pack(self, message: object) -> Item:
        """Return the message, or what each subscription gets of it that wants it."""
        return message if self.plain else self.letters(message)

    def letters(self, message: object) -> Letters:
        """Return what each subscription gets of a message that wants it."""
        letters = Letters()
        for sub in self.subscriptions:
            try:
                wanted = sub.wants(message)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody else is to blame
                letters.failed += ((sub, error),)
            else:
                if wanted:
                    letters.append((sub, sub.pack(message)))
        return letters

    def pack_many(self, messages: list[Any]) -> list[Item]:
        """Return the messages, or what each subscription gets of them."""
        return messages if self.plain else [*map(self.letters, messages)]

    def offer(self, item: Item) -> bool:
        """Give an item to all; say False, and give it to none, where it would have to wait."""
        if type(item) is Letters:  # not `plain`: a filter may have changed that since
            if any(sub.would_wait for sub, _ in item):
                return False
            item.tell_failed()
            for sub, letter in item:
                sub.offer(letter)
        else:
            for sub in self.holding:  # `would_wait`, without the calls
                if len(sub.queue) >= sub.max_buffer_size and not sub.receivers:
                    return False
            for sub in self.subscriptions:
                _offer(sub, item)
        self.sent += 1
        if self.untold:
            self.tell()
        return True

    def takes_as_they_are(self, items: list[Item]) -> bool:
        """Say whether everybody gets a batch as it is; a filter may have changed `plain` since."""
        return self.plain and not (items and type(items[0]) is Letters)

    def put_all(self, items: list[Item]) -> bool:
        """Give a batch to all whole, or say False and give nothing of it to anybody."""
        count = len(items)
        if not self.takes_as_they_are(items):
            return False
        for sub in self.subscriptions:
            if len(sub.queue) + count > sub.max_buffer_size:
                return False
        for sub in self.subscriptions:
            if not _put_all(sub, items):  # there is room, but it wants to go the long way
                sub.put(_share(items, ()).progress)
        self.sent += count
        return True

    def put(self, batch: SendProgress) -> bool:
        """Give all what they have room for; say False where the rest would have to wait."""
        task = current_task()
        publication = Publication(batch)
        for sub, share in self.shares(batch._items):
            if not sub.put(share.progress):
                sub.senders[task] = (self, None, share.progress)
                publication.pending[sub] = share
            publication.reached = max(publication.reached, share.reached)
        if publication.pending:
            self.publications[task] = publication
        self.advance(publication)
        if self.untold and not publication.pending:
            self.tell()
        return not publication.pending

    def shares(self, items: list[Item]) -> Iterable[tuple[SubscriptionState, Share]]:
        """Return what each subscription gets of a batch."""
        if self.takes_as_they_are(items):
            places = range(len(items))
            return [(sub, _share(items, places)) for sub in self.subscriptions]
        parts: dict[SubscriptionState, tuple[list[Item], list[int]]] = {}
        for place, letters in enumerate(items):
            for sub, item in letters:
                mine, places_of_mine = parts.setdefault(sub, ([], []))
                mine.append(item)
                places_of_mine.append(place)
        return [(sub, _share(*part)) for sub, part in parts.items()]

    def advance(self, publication: Publication) -> None:
        """Note how much of a batch counts as sent: what anybody has, or all that is everywhere."""
        batch = publication.batch
        reached = publication.reached if publication.pending else len(batch._items)
        new = batch._items[batch.sent : reached]
        self.sent += len(new)
        batch.sent = reached
        if new and type(new[0]) is Letters:  # what `plain` says now may not be what it said then
            for letters in new:
                letters.tell_failed()

    def took(self, task: Task, subscription: SubscriptionState) -> None:
        """Take note that a subscription has got more of what a task publishes."""
        publication = self.publications[task]
        share = publication.pending[subscription]
        if not subscription.broken:  # else what is left of its share went to nobody
            publication.reached = max(publication.reached, share.reached)
        if not share.progress._left:
            del publication.pending[subscription]
        self.advance(publication)
        if not publication.pending:
            del self.senders[task]
            reschedule(task)

    def withdraw(self, task: Task) -> None:
        """Have nobody wait for the rest of what a task publishes; what others have is missed."""
        publication = self.publications.pop(task)
        for sub, share in publication.pending.items():
            sub.withdraw(task, share.left_before(publication.reached))

    def tell(self) -> None:
        """Tell the observer of what the subscriptions have dropped."""
        self.untold = False
        for sub in self.subscriptions:
            ChannelState.tell(sub)

    # The end.

    def fail_senders(self) -> None:
        """Fail those that wait to publish."""
        for task in [*self.senders]:
            del self.senders[task]
            reschedule(task, Error(self.broken_error()))

    def finish(self) -> None:
        """Take nothing more; the subscriptions end when what they have has been received."""
        super().finish()
        self.end_subscriptions()

    def close_send(self, end: object) -> None:
        """Take note that a publisher is done; with the last one the subscriptions end."""
        super().close_send(end)
        if self.ended:
            self.end_subscriptions()

    def end_subscriptions(self) -> None:
        """Let each subscription end when it has been received to its end."""
        for sub in self.subscriptions:
            if sub.open_send_channels:
                sub.close_send(self)


def _share(items: list[Item], places: Sequence[int]) -> Share:
    progress = SendProgress()
    progress._items = items
    return Share(progress, places)
