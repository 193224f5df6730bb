"""Fixtures of the supervision tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.supervision._kit import Log


@pytest.fixture
def log() -> Log:
    """An observer that keeps what it is told."""
    return Log()


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """Fail a test that hangs: in virtual time each of them needs a fraction of a second."""

    def fail(*_: object) -> None:
        pytest.fail("the test hangs")  # no Exception, so no supervisor takes it for a crash

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, 90, 1)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
