"""The state of a channel of requests: who has which, so that no call is left waiting.

A call is in exactly one place: it waits for room, is queued, is in the hand of one responder, or is
over. Its caller waits in one place the whole time, and is woken by whoever ends the call: the
responder with an answer, a responder's end that closes, the channel when nobody is to come, or a
cancel of its own.
"""

from __future__ import annotations

from collections.abc import Set
from operator import attrgetter
from typing import Any, ClassVar

import attrs
from outcome import Value
from trio.lowlevel import Task, current_task, reschedule

from .._errors import CallToOneself
from .._events import InHand
from ._hand import Hand, Meter
from ._numbered import NumberedState
from ._request import Request, request_of
from ._state import NOTHING
from ._types import TypeCheck
from ._waiting import EMPTY, OVER, Item


@attrs.define(eq=False)
class RequestState(NumberedState):
    """The state of a channel whose messages may have callers that wait for a reply."""

    number_of: ClassVar[attrgetter[int]] = attrgetter("_number")
    replies: TypeCheck = attrs.field(kw_only=True)
    replied: int = attrs.field(default=0, init=False)
    failed: int = attrs.field(default=0, init=False)
    cancelled: int = attrs.field(default=0, init=False)
    calls: int = attrs.field(default=0, init=False)
    askable: Set[type] = attrs.field(init=False)
    """The types of messages that `call` may ask without a closer look, as `admitted` for `send`."""
    responders: dict[Task, int] = attrs.field(factory=dict[Task, int], init=False)
    """Who was the last to receive through open ends, or to wait for that; and how many ends."""

    def __attrs_post_init__(self) -> None:
        self.tracked = self.answers = True
        self.admit_known()

    def admit_known(self) -> None:
        """Let messages of known types pass without a closer look, where that is possible."""
        super().admit_known()
        shut = self.broken or self.suspended is not None or self.copy is not None
        self.askable = NOTHING if shut else self.check.known

    @property
    def reply_name(self) -> str:
        """What errors call the replies."""
        return f"{self.name} (replies)"

    def pack(self, message: object) -> Request[Any, Any]:
        """Return the request that is to be queued for a message; without a caller so far."""
        copy = self.copy  # first, and then the number: a copy may ask, too
        return request_of(message if copy is None else copy(message), self, next(self.numbers))

    def pack_many(self, messages: list[Any]) -> list[Item]:
        """Return the requests for messages, numbered after all copies."""
        copies = messages if self.copy is None else [*map(self.copy, messages)]
        return [request_of(message, self, next(self.numbers)) for message in copies]

    def unpack(self, hand: Hand, item: Item) -> Any:
        """Take note that a request reaches the code of a responder.

        Raises:
            trio.ClosedResourceError: The end was closed since it was given the request.
        """
        if item._hand is not hand:
            raise self.closed_error()
        task = current_task()
        item._seen = True
        if item._caller is None:
            del hand.taken[item]
            hand.at_work = item
        if hand.task is not task:
            self.note_receiver(hand, task)
        return item

    def note_receiver(self, hand: Hand, task: Task) -> None:
        """Take note that a task receives through an end, or has begun to wait for that."""
        hand.shared = hand.task is not None
        self.forget_receiver(hand)
        hand.task = task
        self.responders[task] = self.responders.get(task, 0) + 1
        if self.suspended is not None:
            self.heed_suspended()

    def forget_receiver(self, hand: Hand) -> None:
        """Forget who receives through an end; a channel that lives on keeps no task that ended."""
        task, hand.task = hand.task, None
        if task is not None:
            self.responders[task] -= 1
            if not self.responders[task]:
                del self.responders[task]

    def change_hands(self, hand: Hand, meter: Meter | None) -> None:
        """Take note that an end has another holder: nobody has received through it yet."""
        self.forget_receiver(hand)
        super().change_hands(hand, meter)

    def hold(self, hand: Hand, request: Request[Any, Any]) -> None:
        """Put a request into a hand."""
        request._hand = hand
        hand.taken[request] = None

    def refuse_oneself(self, caller: Task) -> None:
        """Refuse a call that only its own caller could answer.

        Raises:
            CallToOneself: It is one.
        """
        if not self.receivers and self.sole_responder() is caller:
            raise CallToOneself(self.name)

    def sole_responder(self) -> Task | None:
        """Return the task that is behind all ends, and works on requests; None if in doubt.

        Another task may receive through an end that is shared, as far as that has shown, or that
        nobody has received through yet. An end that is kept while others have clones of it is no
        doubt.
        """
        sole: Task | None = None
        for hand in self.hands:
            if self.is_behind(hand):
                task = hand.task
                works = hand.taken or hand.at_work is not None
                if task is None or hand.shared or not works or sole not in (None, task):
                    return None
                sole = task
        return sole

    def heed_oneself(self) -> None:
        """Fail the call of a task that alone is left to answer it, while it waits to be taken."""
        if self.responders and (self.queue or self.senders):
            sole = self.sole_responder()
            if sole is None:
                return
            waiting = self.senders.get(sole)
            requests = self.queue if waiting is None or waiting[1] is None else [waiting[1]]
            for request in requests:
                if request._caller is sole:
                    self.take_back(request)
                    request._fail_with(CallToOneself(self.name))
                    break

    def offer(self, item: Item) -> bool:
        """Give the request to who waits, or queue it; say False where it would have to wait."""
        if self.receivers:  # as `hand_over` does, without the calls
            task, seat = self.receivers.popitem(last=False)
            item._hand = hand = seat.hand
            hand.taken[item] = None
            reschedule(task, Value([item] if seat.limit else item))
        elif len(self.queue) < self.unwatched_size:
            self.queue.append(item)
            if len(self.queue) > self.peak:  # noqa: PLR1730 - as in ChannelState.offer
                self.peak = len(self.queue)
        else:
            return self.offer_closely(item)
        self.sent += 1
        return True

    def put_all(self, items: list[Item]) -> bool:
        """Say False: each request goes into a hand by itself, which `put` sees to."""
        return False

    def hand_over(self, item: Item) -> None:
        """Give the request into the hand of the task that has waited longest."""
        task, seat = self.receivers.popitem(last=False)
        self.hold(seat.hand, item)
        reschedule(task, Value(seat.present(item)))

    def take(self, hand: Hand) -> Item:
        """Take the next request in `hand`, or return `EMPTY` or `OVER`."""
        hand.at_work = None
        is_idle = not (self.queue or self.senders or self.ended)
        item: Item = EMPTY if is_idle else super().take(hand)
        if item is EMPTY:
            task = current_task()
            if hand.task is not task:
                self.note_receiver(hand, task)
        elif item is not OVER:
            self.hold(hand, item)
        return item

    def take_more(self, hand: Hand, items: list[Item], limit: int) -> bool:
        """Take what is there in `hand`; say whether more may come for the same batch."""
        hand.at_work = None
        had = len(items)
        more = super().take_more(hand, items, limit)
        taken = hand.taken
        for item in items[had:]:
            item._hand = hand
            taken[item] = None
        if more:  # it may be about to wait
            task = current_task()
            if hand.task is not task:
                self.note_receiver(hand, task)
        return more

    def give_back(self, hand: Hand, items: list[Item]) -> None:
        """Put requests back that were taken for a batch and reached nobody."""
        self.put_back([item for item in items if item._hand is hand])

    def put_back(self, requests: list[Request[Any, Any]]) -> None:
        """Queue requests again that nobody has seen, where they were."""
        for request in requests:
            if request._hand is not None:
                del request._hand.taken[request]
                request._hand = None
        waiting = [request for request in requests if not request.abandoned]
        self.withdraw(len(requests) - len(waiting))
        self.put_in_order(waiting)
        self.serve()
        if self.suspended is not None:
            self.heed_suspended()
        else:
            self.heed_oneself()

    def withdraw(self, count: int) -> None:
        """Take note that calls are no longer queued, as if they had never been made."""
        self.sent -= count

    def admit_sender(self) -> Item:
        """Let in the next request that waits for room; a caller goes on waiting, for the reply."""
        task, (_, item, _) = next(iter(self.senders.items()))
        if item is None or item._caller is None:
            return super().admit_sender()
        del self.senders[task]
        self.sent += 1
        return item

    def admit_part(self, limit: float) -> list[Item]:
        """Let in the next requests, up to `limit`, of the task that has waited longest."""
        _, item, _ = next(iter(self.senders.values()))
        if item is None or item._caller is None:
            return super().admit_part(limit)
        return [self.admit_sender()]

    def abandon_call(self, request: Request[Any, Any]) -> None:
        """Forget a call whose caller was cancelled, wherever it is."""
        self.cancelled += 1
        hand = request._hand
        if hand is not None:
            if request._seen:  # else it is still on its way to its responder
                del hand.taken[request]
        else:
            self.take_back(request)

    def take_back(self, request: Request[Any, Any]) -> None:
        """Take back a call that waits for room or is queued."""
        caller = request._caller
        if caller is not None and caller in self.senders:
            del self.senders[caller]
        else:
            self.queue.remove(request)
            self.withdraw(1)
            self.refill()

    def acknowledge(self, hand: Hand) -> None:
        """Take note that its component is done with what it received without a caller."""
        hand.at_work = None

    def settle(self, hand: Hand, error: Exception | None, *, stopped: bool) -> tuple[InHand, ...]:
        """Fail the calls whose responder has ended without an answer."""
        for request in [request for request in hand.taken if request._seen]:
            request._die(None if stopped else error)
        return ()

    def close_receive(self, hand: Hand) -> None:
        """Fail the calls that were taken through an end; what nobody has seen waits for others."""
        self.settle(hand, None, stopped=False)
        self.forget_receiver(hand)
        unseen = [*hand.taken]
        super().close_receive(hand)
        self.put_back(unseen)
        if not self.hands:
            self.abandon()

    def abandon(self) -> None:
        """Fail the calls that nobody can ever take, and let go of all that is queued."""
        self.fail_queued()
        super().abandon()

    def is_behind(self, hand: Hand) -> bool:
        """Say whether anybody is behind a receive end."""
        return hand.suspended is None and has_somebody(hand)

    def heed_suspended(self) -> None:
        """Fail the queued calls as well, while nobody but their own caller is behind any end."""
        super().heed_suspended()
        if self.suspended is None:
            self.heed_oneself()
        else:
            kept = [request for request in self.queue if not request._is_call]
            self.abandoned += len(self.queue) - len(kept)
            self.fail_queued()
            self.queue.clear()
            self.queue += kept

    def fail_queued(self) -> None:
        """Fail the queued calls: nobody is to take them."""
        for request in self.queue:
            if request._caller is not None:
                request._fail_with(self.broken_error())

    def fail_senders(self) -> None:
        """Fail those that wait for room."""
        self.note_failures(None)
        super().fail_senders()

    def close_send(self, end: object) -> None:
        """Take note that a send end was closed; calls that were sent through it go on."""
        self.note_failures(end)
        super().close_send(end)

    def note_failures(self, end: object) -> None:
        """Count the calls that fail while they wait for room, through one end or all (None)."""
        for through, request, _ in self.senders.values():
            if request is not None and request._caller is not None and end in (None, through):
                self.failed += 1


def has_somebody(hand: Hand) -> bool:
    """Say whether anybody receives through an end, or is to come.

    One that nobody receives through speaks for nobody while clones of it are open, unless somebody
    is expected who has none of them just now: it is kept for who comes next, by a supervisor, say,
    of a component that supervises the responders. Clones that others have made do not count for
    those.
    """
    return hand.task is not None or not hand.clones or hand.awaits
