"""Virtual time: a run whose clock jumps ahead whenever nothing else can happen."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple, final

import trio
from trio.testing import MockClock, active_thread_count, wait_all_tasks_blocked

from .._errors import ConfigurationError
from .._util import NoPublicConstructor, callable_name
from ._schedule import seeded

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def run(async_fn: Callable[[*Ts], Awaitable[T]], /, *args: *Ts, seed: int | None = None) -> T:
    """Run an async function in virtual time, as `trio.run` does in real time.

    The clock is new, begins at 0, and jumps to the next deadline whenever all tasks wait. So a
    property of hypothesis can have time of its own in each example. Not for code that waits for
    threads, sockets or processes: time does not wait for those.

    Args:
        async_fn: The function.
        args: Its arguments.
        seed: Makes the order in which trio runs the tasks, and Python's `random`, the same each
            time. Without it, trio shuffles; under hypothesis, hypothesis chooses. It takes two
            private names of trio, those of trio's own plugin for hypothesis.

    Returns:
        What the function returned.

    Raises:
        Exception: What the function raised.
        RuntimeError: A trio program is running already in this thread.
        ConfigurationError: A seed was given, and this version of trio cannot be seeded.
    """
    with contextlib.nullcontext() if seed is None else seeded(seed):
        return trio.run(async_fn, *args, clock=MockClock(autojump_threshold=0))


def virtual_clock() -> VirtualClock:
    """Return the clock of the running trio program, to be moved by hand.

    It works on any `trio.testing.MockClock`: that of `run`, of pytest-trio's ``autojump_clock`` and
    ``mock_clock``, or one's own. To only wait, `trio.sleep` is enough where the clock jumps.

    Returns:
        The clock.

    Raises:
        ConfigurationError: The program runs in real time.
        RuntimeError: No trio program runs in this thread.
    """
    clock = trio.lowlevel.current_clock()
    if not isinstance(clock, MockClock):
        raise ConfigurationError(
            "virtual_clock()",
            f"the running clock is {clock!r}, whose time nobody can move",
            "run the test with trioharness.testing.run, or with pytest-trio's autojump_clock",
        )
    return VirtualClock._create(clock)


@final
class VirtualClock(metaclass=NoPublicConstructor):
    """The clock of a program in virtual time, from `virtual_clock`.

    Where it moves time it stops at each deadline on the way, and waits there until all tasks wait
    again; so everything happens at its own time and in its order. A task that never waits holds
    it up for good.
    """

    __slots__ = ("_clock",)

    def __init__(self, clock: MockClock) -> None:
        self._clock = clock

    def __repr__(self) -> str:
        return f"<VirtualClock at {self.now:g} s>"

    @property
    def now(self) -> float:
        """The time, in seconds; the same as `trio.current_time()`."""
        return self._clock.current_time()

    async def advance(self, seconds: float, /) -> None:
        """Let time pass, and everything happen that is due meanwhile, at its end included.

        Args:
            seconds: How long, 0 or more; 0 lets happen what is due now.

        Raises:
            ConfigurationError: That is no finite duration.

        Cancellation:
            A checkpoint. Time stays where it has come to.
        """
        end = self.now + _duration("advance()", seconds)
        await wait_all_tasks_blocked()
        while self.now < end:
            await self._step(end)

    async def run_until(self, predicate: Callable[[], object], /, *, within: float) -> float:
        """Let time pass until something is true.

        It is asked whenever all tasks wait, now and after each deadline on the way; what is true
        only between two of these moments is not seen. To wait for an event use
        `EventRecorder.wait_for`, which misses none.

        Args:
            predicate: Says whether it is true; called often.
            within: Seconds of virtual time it may take at most.

        Returns:
            The time at which it was seen to be true, in seconds.

        Raises:
            AssertionError: It did not become true in time.
            ConfigurationError: `within` is no finite duration.
            Exception: What the predicate raised.

        Cancellation:
            A checkpoint. Time stays where it has come to.
        """
        end = self.now + _duration("run_until()", within)
        await wait_all_tasks_blocked()
        while not predicate():
            if self.now >= end:
                raise AssertionError(
                    f"{callable_name(predicate)!r} did not become true within {within:g} s; "
                    f"it is {self.now:g} s now{threads_at_work()}"
                )
            await self._step(end)
        return self.now

    async def _step(self, end: float) -> None:
        """Jump to the next deadline, at most to `end`, and let happen what is due there."""
        pause = trio.lowlevel.current_statistics().seconds_to_next_deadline
        self._clock.jump(max(0.0, min(pause, end - self.now)))
        await wait_all_tasks_blocked()


def threads_at_work() -> str:
    """Say what is easily overlooked where something did not happen in virtual time.

    Returns:
        A line of its own; empty in real time, and where no thread is at work.
    """
    if not trio.lowlevel.in_trio_run():
        return ""
    if not isinstance(trio.lowlevel.current_clock(), MockClock):
        return ""
    count = active_thread_count()
    if not count:
        return ""
    threads = "a thread is" if count == 1 else f"{count} threads are"
    return (
        f"\n{threads} at work (a file, a look-up of a name), and virtual time does not wait for "
        "that; use real time, or a fake in its place"
    )


def _duration(subject: str, seconds: object) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ConfigurationError(subject, f"{seconds!r} is no duration", "give seconds, 0 or more")
    return seconds
