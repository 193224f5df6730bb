"""A channel as its documentation tells of it, without trio: lists, and one rule after the other.

The real channel does each thing where it becomes possible. The model states what is to be so when
nothing moves any more, and applies the first rule that is not satisfied until all are. A call is
always queued first; whether it waits is what comes out.

Where tasks that are woken by one and the same step compete for what is left, nobody promises who
comes first: the model then is `raced`, and what it says is worth nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import attrs

from trioharness.channels import Overflow

How: TypeAlias = Literal["ok", "crash", "stop"]
"""How an incarnation ended that had messages in hand."""
DEAD_BUFFER_SIZE = 64
SUSPENDED_OR_OVER = "BrokenResourceError"
CLOSED = "ClosedResourceError"
END = "EndOfChannel"
FULL_OR_EMPTY = "WouldBlock"


@attrs.frozen
class Options:
    size: float = 1
    overflow: Overflow = "wait"
    max_deliveries: int | None = None


@attrs.define(eq=False)
class Message:
    number: int
    attempts: int = 0
    alone: bool = False
    seen: bool = False
    """It has reached the component, of what is in hand."""


@attrs.define(eq=False)
class End:
    closed: bool = False
    suspended: bool = False
    held: list[Message] = attrs.field(factory=list[Message])
    left_behind: list[Message] = attrs.field(factory=list[Message])
    report: list[str] = attrs.field(factory=list[str])


@attrs.define(eq=False)
class Call:
    """One that sends has messages to send; one that receives collects them."""

    end: End
    messages: list[Message] = attrs.field(factory=list[Message])
    progress: bool = False
    sent: int = 0
    limit: int | None = None
    """The most messages of a batch; None for one by itself."""
    within: float | None = None
    deadline: float | None = None
    """When it no longer waits for a fuller batch; None unless it does."""
    answer: str | None = None

    @property
    def open_batch(self) -> bool:
        return self.limit is not None and len(self.messages) < self.limit

    def reply(self, answer: str) -> None:
        self.answer = f"{answer} {self.sent}" if self.progress else answer


@attrs.frozen
class Seen:
    """What can be seen of a channel from outside, when nothing moves any more."""

    answers: list[str | None]
    """The answers of all calls so far, in the order in which they were made."""
    numbers: dict[str, float]
    """What `statistics()` says, but for times and peak."""
    letters: int
    """How many dead letters can be read."""


class Model:
    """A channel, and what can be done with it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.now = 0.0
        self.raced = False
        self.send_ends = [End()]
        self.receive_ends = [End()]
        self.calls: list[Call] = []
        self.queue: list[Message] = []
        self.senders: list[Call] = []
        self.receivers: list[Call] = []
        self.woken: list[Call] = []
        """They have been given a message and are about to run."""
        self.doomed: list[Message] = []
        self.letters: list[Message] = []
        self.dead_closed = self.finished = False
        self.sent = self.dropped = self.dead = self.abandoned = 0

    # --- what is done with it

    def send(
        self,
        end: int,
        numbers: Sequence[int],
        *,
        many: bool = False,
        progress: bool = False,
        cancelled: bool = False,
    ) -> None:
        messages = [Message(number) for number in numbers]
        call = self.call(Call(self.send_ends[end], messages, progress=many and progress))
        if cancelled:
            call.reply("cancelled")
        else:
            self.try_to_send(call, waits=self.options.overflow == "wait")

    def send_nowait(self, end: int, number: int) -> None:
        self.try_to_send(self.call(Call(self.send_ends[end], [Message(number)])), waits=False)

    def try_to_send(self, call: Call, *, waits: bool) -> None:
        if call.end.closed:
            call.reply(CLOSED)
        elif self.broken or self.suspended:
            call.reply(SUSPENDED_OR_OVER)
        elif call.messages:
            self.senders.append(call)
            self.apply_rules()
            if call.answer is None and not waits:
                self.senders.remove(call)
                self.spill(call)
            self.settle_down()
        else:
            call.reply("ok")

    def receive(
        self,
        end: int,
        limit: int | None = None,
        *,
        within: float | None = None,
        cancelled: bool = False,
    ) -> None:
        call = self.call(Call(self.receive_ends[end], limit=limit, within=within))
        self.acknowledge(call.end)
        if cancelled:
            call.reply("cancelled")
        elif call.end.closed:
            call.reply(CLOSED)
        else:
            self.receivers.append(call)
        self.settle_down()

    def receive_nowait(self, end: int) -> None:
        self.receive(end)
        if (call := self.calls[-1]).answer is None:
            self.receivers.remove(call)
            call.reply(FULL_OR_EMPTY)

    def cancel(self, number: int) -> None:
        """Cancel a call that waits."""
        call = self.calls[number]
        if call in self.senders:
            self.senders.remove(call)
        else:
            self.receivers.remove(call)
            self.give_back(call)
        call.reply("cancelled")
        self.settle_down()

    def ack(self, end: int) -> None:
        call = self.call(Call(self.receive_ends[end]))
        call.reply(CLOSED if call.end.closed else "ok")
        self.acknowledge(call.end)
        self.settle_down()

    def settle(self, end: int, how: How) -> None:
        call = self.call(Call(self.receive_ends[end]))
        call.reply(str(self.decide(call.end, how)))
        self.settle_down()

    def leave(self, end: int, how: How) -> None:
        """Leave ``with end:``."""
        one = self.receive_ends[end]
        one.report = self.decide(one, how)
        self.apply_rules()
        self.close_receive(end)

    def clone_send(self, end: int) -> None:
        self.clone(self.send_ends, end)

    def clone_receive(self, end: int) -> None:
        self.clone(self.receive_ends, end)

    def clone(self, ends: list[End], end: int) -> None:
        call = self.call(Call(ends[end]))
        call.reply(CLOSED if ends[end].closed else "ok")
        if not ends[end].closed:
            ends.append(End())

    def close_send(self, end: int) -> None:
        self.send_ends[end].closed = True
        self.fail([call for call in self.senders if call.end is self.send_ends[end]], CLOSED)
        self.settle_down()

    def close_receive(self, end: int) -> None:
        one = self.receive_ends[end]
        if one.closed:
            return
        one.closed = True
        waiting = [call for call in self.receivers if call.end is one]
        self.fail(waiting, CLOSED)
        if not self.open_ends(self.receive_ends):
            self.fail(self.senders, SUSPENDED_OR_OVER)
            self.let_go()
        one.left_behind = [message for message in one.held if message.seen]
        self.heed_suspended()
        held, one.held = one.held, []
        self.put_back(held)
        filling = [call for call in waiting if call.messages]
        self.raced |= len(filling) > 1
        for call in filling:
            self.give_back(call)
        self.settle_down()

    def finish(self) -> None:
        self.finished = True
        self.fail(self.senders, SUSPENDED_OR_OVER)
        self.settle_down()

    def suspend(self, end: int) -> None:
        self.receive_ends[end].suspended = True
        self.heed_suspended()

    def resume(self, end: int) -> None:
        self.receive_ends[end].suspended = False

    def read_dead(self) -> None:
        """Receive a dead letter, without waiting for one."""
        call = self.call(Call(End()))
        if self.dead_closed:
            call.reply(CLOSED)
        elif self.letters:
            letter = self.letters.pop(0)
            call.reply(f"{letter.number} after {letter.attempts}")
        else:
            call.reply(FULL_OR_EMPTY if self.open_ends(self.receive_ends) else END)
        self.settle_down()

    def close_dead(self) -> None:
        self.dead_closed = True
        self.letters = []
        self.settle_down()

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.settle_down()

    # --- what can be asked

    def waiting(self) -> list[int]:
        """The numbers of the calls without an answer."""
        return [number for number, call in enumerate(self.calls) if call.answer is None]

    def seen(self) -> Seen:
        gone = self.dropped + self.dead
        left = self.buffered + self.abandoned
        numbers = {
            "current_buffer_used": self.buffered,
            "max_buffer_size": self.options.size,
            "open_send_channels": self.open_ends(self.send_ends),
            "open_receive_channels": self.open_ends(self.receive_ends),
            "tasks_waiting_send": len(self.senders),
            "tasks_waiting_receive": len(self.receivers),
            "sent": self.sent,
            "received": self.sent - gone - left,
            "dropped": self.dropped,
            "dead": self.dead,
            "doomed": len(self.doomed),
            "in_hand": self.in_hand,
            "left": left,
        }
        return Seen([call.answer for call in self.calls], numbers, len(self.letters))

    @property
    def counted(self) -> bool:
        return self.options.max_deliveries is not None

    @property
    def buffered(self) -> int:
        return len(self.queue) + len(self.doomed)

    @property
    def has_room(self) -> bool:
        return self.buffered < self.options.size

    @property
    def in_hand(self) -> int:
        return sum(len(end.held) for end in self.receive_ends)

    @property
    def broken(self) -> bool:
        return self.finished or not self.open_ends(self.receive_ends)

    @property
    def ended(self) -> bool:
        return self.finished or not self.open_ends(self.send_ends)

    @property
    def over(self) -> bool:
        """Nothing is left to receive, and nothing can come back."""
        gathering = any(call.messages for call in self.receivers)
        return self.ended and not (self.buffered or self.in_hand or gathering)

    def open_ends(self, ends: Sequence[End]) -> int:
        return sum(not end.closed for end in ends)

    # --- the rules

    def settle_down(self) -> None:
        """Let everything happen that is possible, until nothing moves any more."""
        self.apply_rules()
        while self.woken:
            woken, self.woken = self.woken, []
            self.raced |= sum(call.open_batch for call in woken) > 1
            for call in woken:
                self.go_on(call)
            self.apply_rules()
        for call in [*self.receivers]:
            if call.deadline is not None and call.deadline <= self.now:
                self.receivers.remove(call)
                self.deliver(call)
        self.apply_rules()

    def apply_rules(self) -> None:
        while self.bury() or self.keep_newest() or self.serve() or self.admit() or self.end():
            pass

    def bury(self) -> bool:
        """What has had all its deliveries goes to the dead letters, if there is room."""
        if not self.doomed or not (self.dead_closed or len(self.letters) < DEAD_BUFFER_SIZE):
            return False
        letter = self.doomed.pop(0)
        self.dead += 1
        if not self.dead_closed:
            self.letters.append(letter)
        return True

    def keep_newest(self) -> bool:
        """A channel that keeps the newest message keeps no other."""
        if self.options.overflow != "latest" or len(self.queue) <= 1:
            return False
        self.queue.pop(0)
        self.dropped += 1
        return True

    def serve(self) -> bool:
        """Nobody waits for what is there: the first to wait gets the first message."""
        if not self.receivers or self.doomed or not (self.queue or self.senders):
            return False
        call = self.receivers.pop(0)
        if call.messages and self.next_is_alone:
            self.deliver(call)
        else:
            self.give(call)
            self.woken.append(call)
        return True

    def admit(self) -> bool:
        """Nobody waits to send where there is room."""
        if not self.senders or not self.has_room:
            return False
        self.queue.append(self.next_of_senders())
        return True

    def end(self) -> bool:
        """Nobody waits for what cannot come."""
        if not self.ended or self.buffered:
            return False
        for call in self.receivers:
            if call.messages or self.over:
                self.receivers.remove(call)
                if call.messages:
                    self.deliver(call)
                else:
                    call.reply(END)
                return True
        return False

    # --- parts of them

    @property
    def next_is_alone(self) -> bool:
        return bool(self.queue) and self.queue[0].alone

    def next_of_senders(self) -> Message:
        call = self.senders[0]
        message = call.messages.pop(0)
        call.sent += 1
        self.sent += 1
        if not call.messages:
            self.senders.pop(0)
            call.reply("ok")
        return message

    def give(self, call: Call) -> None:
        """Give the next message there is to who receives."""
        message = self.queue.pop(0) if self.queue else self.next_of_senders()
        call.messages.append(message)
        if self.counted:
            message.seen = False
            call.end.held.append(message)

    def go_on(self, call: Call) -> None:
        """Have a task go on that was given a message."""
        if self.counted and call.end.closed:
            call.reply(CLOSED)
            return
        while call.open_batch and not self.doomed and (self.queue or self.senders):
            if call.messages[-1].alone or self.next_is_alone:
                break
            self.give(call)
            self.apply_rules()
        if call.within is None or not self.may_become_fuller(call):
            self.deliver(call)
            return
        if call.deadline is None:
            call.deadline = self.now + call.within
        self.receivers.append(call)

    def may_become_fuller(self, call: Call) -> bool:
        alone = call.messages[-1].alone or self.next_is_alone
        return call.open_batch and (bool(self.doomed) or not (alone or self.ended))

    def deliver(self, call: Call) -> None:
        """Return from a call what it has received, in order, whatever came back meanwhile."""
        if call.within is not None:
            call.messages.sort(key=lambda message: message.number)
        for message in call.messages:
            message.seen = True
        numbers = [message.number for message in call.messages]
        call.reply(str(numbers[0] if call.limit is None else numbers))

    def give_back(self, call: Call) -> None:
        """Put back what was taken for a batch that never came to be."""
        if not self.counted:
            self.put_back(call.messages)
            self.let_go()
            return
        messages = [message for message in call.messages if message in call.end.held]
        call.end.held = [message for message in call.end.held if message not in messages]
        self.put_back(messages)

    @property
    def suspended(self) -> bool:
        """Nobody is behind any receive end."""
        ends = [end for end in self.receive_ends if not end.closed]
        return bool(ends) and all(end.suspended for end in ends)

    def heed_suspended(self) -> None:
        if self.suspended:
            self.fail(self.senders, SUSPENDED_OR_OVER)

    def let_go(self) -> None:
        """Where nobody is to receive, forget what is there, unless deliveries are counted."""
        if not self.counted and not self.open_ends(self.receive_ends):
            self.abandoned += len(self.queue)
            self.queue = []

    def put_back(self, messages: Sequence[Message]) -> None:
        """Queue again what was received, where it was."""
        self.queue = sorted([*self.queue, *messages], key=lambda message: message.number)

    def acknowledge(self, end: End) -> None:
        end.held = [message for message in end.held if not message.seen]

    def fail(self, calls: list[Call], answer: str) -> None:
        for call in [*calls]:
            (self.senders if call in self.senders else self.receivers).remove(call)
            call.reply(answer)

    def spill(self, call: Call) -> None:
        """Do as the overflow says with what a call cannot send."""
        if self.options.overflow in ("wait", "error"):
            call.reply(FULL_OR_EMPTY)
            return
        for message in call.messages:
            call.sent += 1
            self.sent += 1
            if self.options.overflow == "latest":
                self.queue.append(message)
                self.apply_rules()
            else:
                self.make_room()
                if self.has_room:
                    self.queue.append(message)
                else:
                    self.dropped += 1
        call.reply("ok")

    def make_room(self) -> None:
        if self.options.overflow == "drop_oldest" and self.options.size:
            while self.queue and not self.has_room:
                self.queue.pop(0)
                self.dropped += 1

    def decide(self, end: End, how: How) -> list[str]:
        """Decide what becomes of what is in hand, and say so."""
        seen = [message for message in end.held if message.seen]
        back = [message for message in end.left_behind if message in self.queue]
        elsewhere = [message for message in end.left_behind if message not in self.queue]
        self.acknowledge(end)
        self.queue = [message for message in self.queue if message not in back]
        end.left_behind = []
        mine, batch = [*seen, *back], [*seen, *back, *elsewhere]
        fate = self.fate(batch, how)
        told = [(message, fate) for message in mine]
        told += [(message, "returned") for message in elsewhere]
        report = [*end.report, *(f"{m.number} {m.attempts + 1} {word}" for m, word in told)]
        end.report = []
        if how == "crash":
            for message in batch:
                message.attempts += 1
                message.alone |= len(batch) > 1
        if fate == "dead":
            self.doomed += mine
        elif fate == "returned":
            self.put_back(mine)
        return report

    def fate(self, batch: Sequence[Message], how: How) -> str:
        if how == "ok":
            return "acknowledged"
        most = self.options.max_deliveries or math.inf
        last = len(batch) == 1 and batch[0].attempts + 1 >= most
        dead = how == "crash" and last and self.open_ends(self.receive_ends)
        return "dead" if dead else "returned"

    def call(self, call: Call) -> Call:
        self.calls.append(call)
        return call
