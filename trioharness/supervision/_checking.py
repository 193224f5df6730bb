"""Health checks: an async function that is called again and again, beside a component.

They run in a task of the component, so that they end with it, and are cancelled by whatever stops
it. The time limit is kept by who watches over it (`_watch.py`): a check may ignore that it is
cancelled, most easily by waiting for a thread, and has failed all the same, once more each period.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import Final, cast

import attrs
import trio

from .._errors import ChildUnhealthy
from .._events import ChildChecked
from ..observe import safe_repr, summary
from ..rules import DEFAULT_HEALTH, NO_FAILURES, Check, Health
from ._exits import apart
from ._run import Incarnation
from ._states import READY
from ._watch import Watch, is_told_to_drain, watching

_READY: Final = frozenset((READY,))


async def checked(run: Incarnation, check: Check, work: Awaitable[object]) -> None:
    """Do the work of a component, and check its health meanwhile.

    Args:
        run: The incarnation.
        check: What is called with its value.
        work: What is awaited.

    Raises:
        Exception: Whatever the work raises, as it was raised.

    Cancellation:
        It reaches both.
    """
    raised: Exception | None = None
    with watching(run) as watch:
        checking = Checking(watch, check, run.record.options.health or DEFAULT_HEALTH)
        async with trio.open_nursery() as beside:
            beside.start_soon(checking.run, name=f"health check of {run.record.path}")
            try:
                await work
            except Exception as error:
                raised = error  # out of the nursery it would come in a group
            beside.cancel_scope.cancel(reason="what is checked has ended")
    try:
        if raised is not None:
            raise raised
    finally:
        raised = None  # or the error and this frame would keep each other alive


@attrs.define(eq=False)
class Checking:
    """The health checks of one incarnation."""

    watch: Watch
    check: Check
    health: Health
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    """Around the check that is under way."""

    async def run(self) -> None:
        """Check again and again, never twice at once, from when it is ready until cancelled."""
        await self.watch.record.until(_READY)
        while True:
            await trio.sleep(self.health.check_every)
            await self._once()

    async def _once(self) -> None:  # noqa: ASYNC910 - a check is awaited
        watch = self.watch
        watch.check_by = trio.current_time() + self.health.check_within
        watch.slow_check = self._slow
        watch.monitor.heed(watch.check_by)
        failed = await self._ask()
        watch.check_by = math.inf
        if self.scope.cancel_called:
            return  # noqa: ASYNC910 - too late: that was counted when its time was over
        if failed is not None:
            self._failed(failed, trio.current_time())
        elif watch.checks.failures:
            self._passed_again()

    async def _ask(self) -> Exception | None:  # noqa: ASYNC910 - a check is awaited
        """Call the check, and return what it has against the component."""
        try:
            # The error is captured outside of the scope, which takes its own `Cancelled` out of it.
            with trio.CancelScope() as self.scope:
                answer = await cast("Awaitable[object]", self.check(self.watch.record.value))
                return None if answer is None else _wrong_answer(answer)
        except Exception as error:
            if apart(error)[0] is not None:
                raise
            return error  # noqa: ASYNC910
        return None  # it was cancelled because its time was over

    def _slow(self, now: float) -> None:
        """Count a check that takes too long as failed, and cancel it; once more if that is vain."""
        self.watch.check_by = now + self.health.check_every
        self.scope.cancel(reason="its time is over")
        self._failed(trio.TooSlowError(f"no answer within {self.health.check_within:g} s"), now)

    @trio.lowlevel.enable_ki_protection
    def _failed(self, error: Exception, now: float) -> None:
        watch, run, threshold = self.watch, self.watch.run, self.health.failure_threshold
        if run.told:
            return
        checks = watch.checks = watch.checks.failed(summary(error), now)
        self._tell(now)
        if run.told or not checks.are_too_many(threshold) or is_told_to_drain(watch.record):
            return
        fault = ChildUnhealthy(watch.record.path, checks.failures, checks.error)
        fault.__cause__ = error
        watch.monitor.end(watch, fault, now)

    @trio.lowlevel.enable_ki_protection
    def _passed_again(self) -> None:
        if self.watch.run.told:
            return
        self.watch.checks = NO_FAILURES
        self._tell(trio.current_time())

    def _tell(self, now: float) -> None:
        record, checks = self.watch.record, self.watch.checks
        event = ChildChecked(
            path=record.path,
            incarnation=self.watch.run.number,
            time=now,
            failures=checks.failures,
            failure_threshold=self.health.failure_threshold,
            error=checks.error,
        )
        record.engine.observer(event)


def _wrong_answer(answer: object) -> TypeError:
    return TypeError(f"it returned {safe_repr(answer)}; raise to say that something is wrong")
