"""What the tests of the harness share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio
from trio.testing import MockClock

import trioharness as th


@pytest.fixture
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `Harness.run` have time that passes only when nothing else can happen.

    Not for runs that use threads (a file of dead letters): time does not wait for those.
    """
    real = trio.run

    def run(fn: Callable[..., Awaitable[object]], *args: object) -> object:
        return real(partial(fn, *args), clock=MockClock(autojump_threshold=0))

    monkeypatch.setattr(trio, "run", run)


@pytest.fixture
def events() -> list[th.Event]:
    """For ``observer=events.append``."""
    return []
