"""Watching a channel: being told when there may be something to take, without taking part in it.

Whoever found a channel empty may register a watcher. It is told once, by the first operation after
which something could be taken or the end could be seen, and is then no longer registered, so that
a channel with something in it runs at full speed however many look at it. Tasks that wait to
receive come first: what is given to one of them is no news.

A watcher only takes note and wakes a task, which looks for itself in its own turn. So it does not
matter whether it is told shortly before or after the thing, within one step of a task, and it may
be told of nothing; whoever changes a state and is in doubt tells. Where several watch, all are
told, because one that is busy elsewhere must not keep the news from one that is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ._state import ChannelState

Watcher: TypeAlias = Callable[[], None]
"""Called without arguments; it must neither block nor raise, nor touch the channel."""


def watch(state: ChannelState, watcher: Watcher) -> None:
    """Have a watcher told, once, when there may be something to take; just now there is nothing."""
    state.watchers[watcher] = None
    state.unwatched_size = -1


def unwatch(state: ChannelState, watcher: Watcher) -> None:
    """Take a watcher away, if it is there."""
    state.watchers.pop(watcher, None)
    if not state.watchers:
        state.unwatched_size = state.max_buffer_size


def tell_watchers(state: ChannelState) -> None:
    """Tell all that watch, and forget them."""
    if state.watchers:
        watchers = [*state.watchers]
        state.watchers.clear()
        state.unwatched_size = state.max_buffer_size
        for watcher in watchers:
            watcher()
