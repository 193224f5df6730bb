"""Ticks: something to do again and again, beside what comes from channels or by itself."""

from __future__ import annotations

import functools
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, ParamSpec, TypeVarTuple, cast, final, overload

import attrs
import trio

from .._errors import ConfigurationError
from .._util import NoPublicConstructor
from ._hand import Meter
from ._periodic import periodic
from ._source import Source
from ._watching import Watcher

P = ParamSpec("P")
Ts = TypeVarTuple("Ts")

SHORTEST = 1e-6
"""Seconds. The clock of a machine that has been up for months can tell no less apart for sure."""


@final
@attrs.define(eq=False, repr=False)
class Every(AsyncIterator[int], metaclass=NoPublicConstructor):
    """A timer that ticks for ever, from `every`: for `select`, or for ``async for`` by itself.

    The ticks are due one period after its first use, after that period again, and so on: how long
    it takes to deal with a tick does not shift the next. Ticks that nobody was there for are not
    queued: they come as one, whose item is how many they are.
    """

    _seconds: float
    _begun: float = attrs.field(default=math.nan, init=False)
    """When it was first used; no number before."""
    _ticks: int = attrs.field(default=0, init=False)
    """How many there were."""

    def __repr__(self) -> str:
        return f"every({self._seconds:g})"

    async def __anext__(self) -> int:
        """Wait for the next tick. Always a checkpoint. Cancelled, it has taken none.

        Returns:
            How many ticks have come since the last one: 1, or more if they were missed.
        """
        while True:
            await trio.sleep_until(self._due())
            if count := self._take():  # or another task was quicker
                return count

    def _due(self) -> float:
        """Return when the next tick is due; the first use begins the first period."""
        if math.isnan(self._begun):
            self._begun = trio.current_time()
        # No sum of periods, of which each would add its error.
        return self._begun + (self._ticks + 1) * self._seconds

    def _take(self) -> int:
        """Take the ticks that are due, and return how many they are."""
        now = trio.current_time()
        if now < self._due():
            return 0
        last = self._ticks
        # At least one, whatever the division makes of a moment that is just that of a tick.
        self._ticks = max(last + 1, math.floor((now - self._begun) / self._seconds))
        return self._ticks - last

    def _source(self) -> Source[tuple[Every, int]]:
        """Return the source for one select."""
        return TimerSource(self)


@final
@attrs.define(eq=False)
class TimerSource(Source[tuple[Every, int]]):
    """A timer in a select."""

    every: Every
    lasting: bool = attrs.field(default=True, init=False)

    def take(self) -> tuple[Every, int] | None:
        """Take the ticks that are due."""
        count = self.every._take()
        return (self.every, count) if count else None

    def acknowledge(self) -> None:
        """Do nothing: a tick is gone when it was taken."""

    def watch(self, watcher: Watcher) -> float:
        """Return when the next tick is due; there is nobody who could call."""
        return self.every._due()

    def unwatch(self, watcher: Watcher) -> None:
        """Do nothing: nobody would have called."""

    def meter(self) -> Meter | None:
        """Return None."""
        return None

    def problem(self) -> tuple[str, str] | None:
        """Return None."""
        return None


_ALONE: Final = object()
"""In place of a function: the timer alone. None may be what a function that was called gave."""


@overload
def every(seconds: float) -> Every: ...
@overload
def every(
    seconds: float, fn: Callable[[*Ts], Awaitable[object]], *args: *Ts
) -> Callable[[], Awaitable[None]]: ...
@overload
def every(seconds: float, fn: Callable[P, Awaitable[object]]) -> Callable[P, Awaitable[None]]: ...
def every(
    seconds: float, fn: object = _ALONE, *args: object
) -> Every | Callable[..., Awaitable[None]]:
    """Return a timer that ticks every so many seconds; with a function, a component that calls it.

    The timer is a source for `select`. It never ends, and holds no `select` open. ``async for count
    in every(60)`` waits for its ticks alone. Not for one timeout: that is `trio.move_on_after`.

    The component, ``sup.start_soon(th.every(60, poll, url))``, is periodic work: it awaits
    ``poll(url)`` at each tick, one call after the other and never two at once. Ticks that come
    while a call runs are one call, so nothing piles up, and what a call takes does not shift the
    next. What it raises is a crash of the component; the next incarnation begins a new period.
    Channel ends among the arguments are handed over, needs come by keyword. A ``beat_within`` has
    to be longer than the period. For a first call at once, start the function itself as well.

    Args:
        seconds: From one tick to the next. The first is due that long after the timer is first
            used: when a `select` with it is entered, its first tick is waited for, or the
            component has started.
        fn: What the component is to call: an async function.
        args: Its arguments, or the first of them; the others are given where it is started.

    Returns:
        The timer. Its items are numbers: how many ticks have come since the last one, 1 unless
        some were missed. With `fn` an async function, the component, which never returns.

    Raises:
        ConfigurationError: `seconds` is no length of time, or too short for any clock.
        ComponentTypeError: `fn` is no async function, or one that cannot be called again and again.
    """
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not SHORTEST <= seconds < math.inf:
        raise ConfigurationError(
            "every", f"{seconds!r} is no time between two ticks", "give seconds, 0.5, say"
        )
    if fn is _ALONE:
        return Every._create(seconds)
    called = cast("Callable[..., object]", fn)
    return periodic(functools.partial(Every._create, seconds), called, args)
