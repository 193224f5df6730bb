"""Events as they are told outside of the process: the last ones, and those that come."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeAlias

import attrs
import trio

from .._errors import Lagged
from .._events import Event
from ..channels import SendChannel, Topic, open_topic
from ..observe import is_notable, log_line
from ._protocol import Answer, EventTold, Missed

REMEMBERED: Final = 100
"""Events that are kept for who asks what happened last."""
QUEUED: Final = 1000
"""Events that may wait for one listener; what it is too slow for is counted."""

Say: TypeAlias = Callable[[Answer], Awaitable[None]]


@attrs.define(eq=False)
class Told:
    """The events of one run."""

    _publisher: SendChannel[EventTold] = attrs.field(init=False)
    _topic: Topic[EventTold] = attrs.field(init=False)
    _last: deque[EventTold] = attrs.field(
        factory=partial(deque[EventTold], maxlen=REMEMBERED), init=False
    )
    _following: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._publisher, self._topic = open_topic(EventTold, name="events told")

    def observe(self, event: Event) -> None:
        """Tell those who follow, and remember what is more than a healthy life."""
        notable = is_notable(event)
        if not notable and not self._following:
            return
        line = log_line(event)
        told = EventTold(
            time=time.time(), name=line.name, level=line.level, text=line.text, json=line.json
        )
        if notable:
            self._last.append(told)
        with contextlib.suppress(trio.ClosedResourceError):  # the very last ones, if there are any
            self._publisher.send_nowait(told)

    def close(self) -> None:
        """End it for those who follow, once they have what is on its way to them."""
        self._publisher.close()

    async def tell(self, say: Say, *, follow: bool) -> None:
        """Say the last events, and with `follow` those that come, until there are no more."""
        with self._topic.subscribe(QUEUED, overflow="drop_oldest") as subscription:
            self._following += 1
            try:
                for told in tuple(self._last):
                    await say(told)
                while follow:
                    try:
                        await say(await subscription.receive())
                    except Lagged as error:
                        await say(Missed(count=error.count))
            except trio.EndOfChannel:
                pass
            finally:
                self._following -= 1
        await trio.lowlevel.checkpoint()
