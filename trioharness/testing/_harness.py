"""An application under test: opened with doubles in some places, stopped, and checked for leaks."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from .._events import Observer
from ..harness import Harness, Running
from ._leaks import leak_check


class OpenHarness(Protocol):
    """What the fixture ``harness`` is: `open_harness`, which tells the fixture ``events``."""

    def __call__(
        self, app: Harness, *, replaced: Mapping[str, Callable[..., object]] | None = None
    ) -> AbstractAsyncContextManager[Running]:
        """Open an application; the arguments are those of `open_harness`."""
        ...


@contextlib.asynccontextmanager
async def open_harness(
    app: Harness,
    *,
    replaced: Mapping[str, Callable[..., object]] | None = None,
    observer: Observer | None = None,
) -> AsyncGenerator[Running]:
    """Run an application for the time of a block of a test, in which it has started.

    At the end of the block everything is stopped in reverse start order, unless it was told to
    drain in the block, or has ended already; then it must have left nothing behind, see
    `leak_check`. To have it end by itself, use `Harness.open`. Nothing of a test is to be found
    outside of it: there is no control socket, and dead letters stay in their channels. Example::

        async def test_it_survives_a_crash() -> None:
            recorder, faults = EventRecorder(), Faults(seed=7)
            broken = faults.crash(app.component("worker").fn, at=3)
            async with open_harness(
                app, replaced={"worker": broken, "database": fake}, observer=recorder
            ):
                await trio.sleep(60)
            assert recorder.restarts("shop/worker") == [3]

        trioharness.testing.run(test_it_survives_a_crash)

    Args:
        app: The application; where a function describes it, call that with settings for the test.
        replaced: Other functions for some components, by path, as for `Harness.replacing`.
        observer: The one function that is told each event; by default that of the application.

    Yields:
        The running application.

    Raises:
        AssertionError: Something was left behind, which is named. A test that fails otherwise is
            not checked.
        ConfigurationError: What there is in place of a component does not fit, or there is none of
            that path; nothing was started. All else that `Harness.open` raises comes as well.

    Cancellation:
        Everything is stopped in order, within the grace of the application.
    """
    under_test = app.replacing(replaced or {})
    # Two tests at once would share them; and the file is written in threads, for which virtual time
    # does not wait.
    under_test.control = under_test.dead_letters = None
    with leak_check():
        async with under_test.open(observer=observer) as running:
            yield running
            if running.receipt().ended == "done":
                running.stop("the test is over")
