"""How long components have been in which state, from the events that tell of it.

Supervision keeps no such figures: they would cost each child, also where nobody ever asks. Whoever
wants them has a `StateBook` observe all events of a tree, those of a healthy life included.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import attrs

from .._events import (
    ChildCompleted,
    ChildDropped,
    ChildEnded,
    ChildParked,
    ChildReady,
    ChildRestarting,
    ChildStarting,
    ChildStopping,
    ChildWaiting,
    DeadLettered,
    Event,
    MessagesDropped,
    State,
)
from .._frozen import frozen

KEPT: Final = 1024
"""How many components that have ended are kept, at most: instances of pools come and go."""

_LEADS_TO: Final[Mapping[type, State]] = {
    ChildWaiting: State.WAITING,
    ChildStarting: State.STARTING,
    ChildReady: State.READY,
    ChildStopping: State.STOPPING,
    ChildDropped: State.STOPPED,
    ChildEnded: State.STOPPED,
    ChildRestarting: State.RESTARTING,
    ChildParked: State.PARKED,
    ChildCompleted: State.COMPLETE,
}
"""The state that each event begins; an end is that until another event says what follows it."""

_WORDS: Final[Mapping[State, str]] = {state: str(state) for state in State}
"""Looked up, which is faster than made, for each of a thousand components."""

_RESTS: Final = frozenset({State.STOPPED, State.PARKED, State.COMPLETE})


@frozen
class StateTimes:
    """How long one component has been in which state."""

    state: State
    """The state it is in, as the last event had it."""
    since: float
    """Since when, in trio's time."""
    seconds: dict[str, float]
    """Seconds in each state it was ever in, the present one included."""


@attrs.define
class _Page:
    state: State
    since: float
    seconds: dict[str, float]


@attrs.define(eq=False)
class StateBook:
    """Counts the seconds of each component in each state."""

    _running: dict[str, _Page] = attrs.field(factory=dict[str, _Page], init=False)
    _ended: OrderedDict[str, _Page] = attrs.field(factory=OrderedDict[str, _Page], init=False)
    """Those that do not run, the one that ended last at the end."""

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        state = _LEADS_TO.get(type(event))
        if state is None or isinstance(event, DeadLettered | MessagesDropped):
            return
        path = event.path
        page = self._running.get(path) or self._ended.pop(path, None)
        if page is None:
            page = _Page(state, event.time, {})
        else:
            word = _WORDS[page.state]
            page.seconds[word] = page.seconds.get(word, 0.0) + event.time - page.since
            page.state, page.since = state, event.time
        self._file(path, page)

    def times(self, now: float) -> dict[str, StateTimes]:
        """Return the times of each component that is known, by path.

        Args:
            now: The time just now, on the clock of the events.
        """
        pages = {**self._ended, **self._running}
        return {path: _times(page, now) for path, page in pages.items()}

    def _file(self, path: str, page: _Page) -> None:
        if page.state not in _RESTS:
            self._running[path] = page
            return
        self._running.pop(path, None)
        self._ended[path] = page
        if len(self._ended) > KEPT:
            self._ended.popitem(last=False)


def _times(page: _Page, now: float) -> StateTimes:
    present = _WORDS[page.state]
    past = page.seconds
    seconds = {**past, present: past.get(present, 0.0) + now - page.since}
    return StateTimes(page.state, page.since, seconds)
