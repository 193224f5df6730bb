"""What the tests of supervision share: events as short lines, and components that do one thing."""

# What the components of the kit give has no type of its own.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias, TypeVar, assert_never

import trio

import trioharness as th

E = TypeVar("E")

Function: TypeAlias = Callable[[], Awaitable[None]]
Manager: TypeAlias = Callable[[], AbstractAsyncContextManager[str, bool | None]]


class Slow(Protocol):
    """A component that is ready with the number of its incarnation."""

    def __call__(self, *, task_status: th.TaskStatus[int]) -> Awaitable[None]: ...


class Boom(Exception):
    """What components of these tests crash with."""


OF_EVERY_LIFE = (th.ChildWaiting, th.ChildStarting, th.ChildDropped, th.ChildCompleted)


class Log:
    """An observer that keeps what it is told, and tells it in short lines."""

    def __init__(self) -> None:
        self.events: list[th.Event] = []

    def __call__(self, event: th.Event) -> None:
        # What belongs to the life of each child would bury what a test is about; those events have
        # tests of their own.
        if not isinstance(event, OF_EVERY_LIFE):
            self.events.append(event)

    @property
    def lines(self) -> list[str]:
        """All events: ``"db 1 ready"`` is the first incarnation of child ``db`` of the root."""
        return [line(event) for event in self.events]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def about(self, *words: str) -> list[str]:
        """The lines that end in one of these words."""
        return [text for text in self.lines if text.split()[-1] in words]

    def times(self, word: str) -> list[float]:
        """When the lines that end in this word were told."""
        return [
            event.time
            for event in self.events
            if line(event).split()[-1] == word and not isinstance(event, th.DeadLettered)
        ]


def line(event: th.Event) -> str:  # noqa: PLR0912 - one for each kind
    match event:
        case th.ChildWaiting():
            return f"{_child(event.path)} {event.incarnation} waiting"
        case th.ChildStarting():
            return f"{_child(event.path)} {event.incarnation} starting"
        case th.ChildReady():
            return f"{_child(event.path)} {event.incarnation} ready"
        case th.ChildDropped():
            return f"{_child(event.path)} {event.incarnation} dropped"
        case th.ChildCompleted():
            return f"{_child(event.path)} {event.incarnation} complete"
        case th.ChildStopping():
            return f"{_child(event.path)} {event.incarnation} stopping"
        case th.ChildEnded():
            how = type(event.exit).__name__.lower()
            return f"{_child(event.path)} {event.incarnation} {how}"
        case th.ChildRestarting():
            return f"{_child(event.path)} {event.incarnation} restarting"
        case th.ChildNotRestarted():
            return f"{_child(event.path)} {event.incarnation} not-restarted"
        case th.ChildChecked():
            how = "unwell" if event.failures else "well"
            return f"{_child(event.path)} {event.incarnation} {how}"
        case th.ChildStuck():
            return f"{_child(event.path)} {event.incarnation} stuck"
        case th.CommandOutput():
            return f"{_child(event.path)} {event.incarnation} {event.stream}: {event.line}"
        case th.ChildParked():
            return f"{_child(event.path)} {event.incarnation} parked"
        case th.SlowStart():
            return f"{event.path} slow"
        case th.GaveUp():
            return f"{event.path} over {_child(event.child)} gave-up"
        case th.SupervisorEnded():
            return f"{event.path} ended"
        case th.DeadLettered():
            return f"{event.channel} dead"
        case th.MessagesDropped():
            return f"{event.channel} full"
        case _:
            assert_never(event)


def _child(path: str) -> str:
    return path.partition("/")[2]


async def forever() -> None:
    await trio.sleep_forever()


def sleeps(seconds: float) -> Function:
    """Return a component that returns after so many seconds."""

    async def sleeper() -> None:
        await trio.sleep(seconds)

    return sleeper


def crashes(times: float = math.inf, *, after: float = 0.0, then: Function = forever) -> Function:
    """Return a component whose first incarnations crash."""
    numbers = itertools.count(1)

    async def crasher() -> None:
        number = next(numbers)
        if number > times:
            await then()
            return
        if after > 0:
            await trio.sleep(after)
        raise Boom(f"number {number}")

    return crasher


def slow_to_start(seconds: float, then: Function = forever) -> Slow:
    """Return a component that is ready after so many seconds, with its number as its value."""
    numbers = itertools.count(1)

    async def slow(*, task_status: th.TaskStatus[int]) -> None:
        number = next(numbers)
        await trio.sleep(seconds)
        task_status.started(number)
        await then()

    return slow


def slow_to_stop(seconds: float, seen: list[str] | None = None) -> Function:
    """Return a component whose clean-up takes so many seconds; it says how far that came."""
    said: list[str] = [] if seen is None else seen

    async def stubborn() -> None:
        try:
            await trio.sleep_forever()
        finally:
            said.append(f"begins at {trio.current_time():g}")
            async with th.cleanup():
                await trio.sleep(seconds)
                said.append(f"done at {trio.current_time():g}")

    return stubborn


def deaf(seconds: float) -> Function:
    """Return a component that cannot be stopped for so many seconds, whatever is done to it."""

    async def shielded() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(seconds)
        await trio.sleep_forever()

    return shielded


def resource(name: str, seen: list[str], *, enter: float = 0.0, leave: float = 0.0) -> Manager:
    """Return a context-manager component that says when it is entered and left."""
    numbers = itertools.count(1)

    @contextlib.asynccontextmanager
    async def manager() -> AsyncGenerator[str]:
        number = next(numbers)
        await trio.sleep(enter)
        seen.append(f"{name} {number} entered")
        try:
            yield f"{name} {number}"
        finally:
            await trio.sleep(leave)
            seen.append(f"{name} {number} left")

    return manager


def chain(error: BaseException) -> list[type[BaseException]]:
    """Return the types of all leaves of an exception or a group of them."""
    if isinstance(error, BaseExceptionGroup):
        return [kind for part in error.exceptions for kind in chain(part)]
    return [type(error)]
