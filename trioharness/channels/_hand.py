"""What one receive end has been given and has not acknowledged."""

from __future__ import annotations

from reprlib import Repr
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from .._events import Fate, InHand

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from ._request import Request

_short = Repr()
_short.maxother = _short.maxstring = _short.maxlong = 160


@attrs.define(eq=False)
class Entry:
    """A message in a channel with `max_deliveries`."""

    message: Any
    number: int
    """Its place in the order of sending."""
    attempts: int = 0
    """Deliveries that ended in a crash."""
    alone: bool = False
    """It was in a batch that crashed, so it is delivered by itself to find the culprit."""
    hand: Hand | None = None
    """Who has it; None while it is queued, and after it was acknowledged."""
    seen: bool = False
    """It reached the component: a message that is still on its way to a task is not acknowledged
    by another task's receive on the same end."""

    def in_hand(self, channel: str, max_deliveries: int, fate: Fate) -> InHand:
        """Return the event of this entry, before its attempts are counted up."""
        return InHand(
            channel=channel,
            message=_short.repr(self.message),
            attempt=self.attempts + 1,
            max_deliveries=max_deliveries,
            fate=fate,
        )


class Meter(Protocol):
    """What wants to know when somebody waits to receive, such as a supervisor's health check."""

    def wait_began(self) -> None:
        """Take note that a wait begins; several may overlap."""
        ...

    def wait_ended(self) -> None:
        """Take note that a wait is over, however it ended."""
        ...


@attrs.define(eq=False)
class Hand:
    """The hand of one receive end; empty for ever where deliveries are not counted."""

    closed: bool = attrs.field(default=False, init=False)
    """Its end was closed."""
    held: list[Entry] = attrs.field(factory=list[Entry], init=False)
    left_behind: list[Entry] = attrs.field(factory=list[Entry], init=False)
    """Went back when the end was closed; how the incarnation ended is not known yet."""
    suspended: Exception | None = attrs.field(default=None, init=False)
    """Why nobody is behind its end just now."""
    report: tuple[InHand, ...] = attrs.field(default=(), init=False)
    """What `with` has settled already, for the supervisor that asks later."""
    taken: dict[Request[Any, Any], None] = attrs.field(
        factory=dict["Request[Any, Any]", None], init=False
    )
    """Calls that it has received and not answered, and requests on the way to it."""
    at_work: object | None = attrs.field(default=None, init=False)
    """What its receiver may be busy with, though nobody waits for the answer: a request without a
    caller that was received last, one whose block has begun, or other sources of a select."""
    task: Task | None = attrs.field(default=None, init=False)
    """Who was the last to receive a request through its end, or to wait for one."""
    shared: bool = attrs.field(default=False, init=False)
    """Several tasks have done so."""
    origin: Hand | None = attrs.field(default=None, init=False)
    """That of the end which its own end is a clone of."""
    clones: int = attrs.field(default=0, init=False)
    """How many clones of its end are open: while there are any, it may be kept for that alone."""
    expected: int = attrs.field(default=0, init=False)
    """How many are to receive through clones of its end, where a supervisor has said so."""
    holder: object = attrs.field(default=None, init=False)
    """Which of those has its end, a clone."""
    present: dict[object, int] | None = attrs.field(default=None, init=False)
    """Those that have clones of its end just now, and how many."""
    meter: Meter | None = attrs.field(default=None, init=False)
    """Told of each wait on this end; see `ReceiveChannel.watch`."""

    def came_from(self, origin: Hand) -> None:
        """Take note that its end is a clone."""
        self.origin = origin
        self.meter = origin.meter
        origin.clones += 1

    def held_by(self, holder: object) -> None:
        """Take note that its end, a clone, is that of one who is expected."""
        origin = self.origin
        if origin is not None and self.holder is None and not self.closed:
            self.holder = holder
            present = origin.present = {} if origin.present is None else origin.present
            present[holder] = present.get(holder, 0) + 1

    def left(self) -> None:
        """Take note that its end is closed, in the end that it is a clone of."""
        origin = self.origin
        if origin is not None:
            origin.clones -= 1
            if self.holder is not None and origin.present is not None:
                origin.present[self.holder] -= 1
                if not origin.present[self.holder]:
                    del origin.present[self.holder]
                self.holder = None

    @property
    def awaits(self) -> bool:
        """Whether somebody is expected who has no clone of its end just now."""
        return self.expected > (0 if self.present is None else len(self.present))

    def change_hands(self, meter: Meter | None) -> None:
        """Take note that its end has another holder: nobody has received through it yet."""
        self.meter = meter
        self.task, self.shared = None, False
