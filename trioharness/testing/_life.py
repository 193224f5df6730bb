"""One incarnation of a component under a fault.

What is given to supervision in place of the component must look like it: so the component itself
is called, and only what that gives (a coroutine, or an async context manager) is run by another.
"""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn, cast

import attrs
import trio

from ..supervision import Component, is_end
from ._faulty_class import make_faulty
from ._faulty_ends import probe
from ._spoiling import UNSPOILT, Spoiling


@attrs.frozen(kw_only=True)
class Plan:
    """What is to happen to one incarnation; by default nothing."""

    refuse: bool = False
    """Fail in the call, before the component begins."""
    delay: float = 0.0
    """Seconds before its first step."""
    at: float = math.inf
    """Seconds after its start at which it crashes."""
    before_ready: bool = False
    """Crash where it would become ready."""
    receive: int = 0
    """Crash with this message, counted from 1."""
    send: int = 0
    """Be cancelled in this send, counted from 1."""
    spoiling: Spoiling | None = None
    """What happens to messages on their way to it."""


@attrs.define(eq=False)
class Life:
    """One incarnation and its plan."""

    plan: Plan
    strike: Callable[[str], Exception]
    """Makes what is to be raised, from what was done in words; takes note of it."""
    note: Callable[[str], object]
    """Takes note of what was done, where nothing is raised."""
    scope: trio.CancelScope = attrs.field(init=False)
    """Around whatever of it runs; its deadline is the crash."""
    what: str = ""
    """Why the scope was cancelled, in words."""
    crash: Exception | None = None
    """The crash of a context manager, once it was raised."""
    received: int = 0
    sent: int = 0

    def __attrs_post_init__(self) -> None:
        self.what = f"crashed {self.plan.at:g} s after its start"
        self.scope = trio.CancelScope(deadline=trio.current_time() + self.plan.at)

    def has_received(self, messages: int) -> Iterable[tuple[int, float]]:
        """Count received messages, and crash with the one of the plan.

        Returns:
            Of each, how often the component is to get it, and after how many seconds.
        """
        before, self.received = self.received, self.received + messages
        if before < self.plan.receive <= self.received:
            raise self.strike(f"crashed with message {self.plan.receive}")
        return [self._fate(number) for number in range(before + 1, self.received + 1)]

    def _fate(self, number: int) -> tuple[int, float]:
        if self.plan.spoiling is None:
            return UNSPOILT
        times, delay, what = self.plan.spoiling(number)
        if what:
            self.note(what)
        return times, delay

    def will_send(self) -> None:
        """Count a send that begins; have the one of the plan cancelled as soon as it waits."""
        self.sent += 1
        if self.sent == self.plan.send:
            self.what = f"cancelled in send {self.sent}"
            self.scope.deadline = trio.current_time()

    def begin(
        self,
        component: Callable[..., object],
        args: tuple[object, ...],
        keywords: Mapping[str, object],
    ) -> object:
        """Call the component; return what is to be run in place of what it gave."""
        if self.plan.refuse:
            raise self.strike("kept from starting")
        args = tuple(self._probed(value) for value in args)
        keywords = {key: self._probed(value) for key, value in keywords.items()}
        if self.plan.before_ready and "task_status" in keywords:
            keywords["task_status"] = NeverReady(self)
        called = component(*args, **keywords)
        if isinstance(called, Component):
            make_faulty(called, self)
            return called
        if isinstance(called, Awaitable):
            if self.plan.before_ready and "task_status" not in keywords:
                _drop(cast("object", called))
                raise self.strike("crashed before it was ready")
            return self._run(cast("Awaitable[object]", called))
        if isinstance(called, AbstractAsyncContextManager):
            return self.hold_open(cast("AbstractAsyncContextManager[object, bool]", called))
        return called  # it is no component; supervision says so best

    def _probed(self, value: object) -> object:
        return probe(value, self) if is_end(value) else value

    async def _run(self, called: Awaitable[object]) -> object:
        try:
            with self.scope:
                await trio.sleep(self.plan.delay)
                return await called
            raise self.strike(self.what)
        finally:
            _drop(called)

    @contextlib.asynccontextmanager
    async def hold_open(
        self, manager: AbstractAsyncContextManager[object, bool]
    ) -> AsyncGenerator[object]:
        """Hold a context manager open; once it is, it sees a crash as an error of its block."""
        entry = self.scope
        with entry:
            await trio.sleep(self.plan.delay)
            async with manager as value:
                if self.plan.before_ready:
                    self._crash("crashed before it was ready")
                self.scope = trio.CancelScope(deadline=entry.deadline)
                entry.deadline = math.inf
                with self.scope:
                    yield value
                self._check(self.scope)
        self._check(entry)
        if self.crash is not None:
            raise self.crash  # the manager has swallowed it

    def _check(self, scope: trio.CancelScope) -> None:
        """Crash if that is why the scope, which is over, was cancelled."""
        if scope.cancelled_caught:
            self._crash(self.what)

    def _crash(self, what: str) -> NoReturn:
        self.crash = self.strike(what)
        raise self.crash


@attrs.define(eq=False)
class NeverReady:
    """A ``task_status`` that crashes the component instead of taking note."""

    life: Life

    def started(self, value: object = None) -> None:
        """Crash."""
        raise self.life.strike("crashed before it was ready")


def _drop(called: Any) -> None:
    """Close a coroutine that will not be awaited, or Python warns that it never was."""
    if inspect.iscoroutine(called):
        called.close()
