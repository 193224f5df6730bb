"""What the tests of the harness share."""

from __future__ import annotations

import pytest
import trio

import trioharness as th
from tests.harness._pieces import run_in_virtual_time


@pytest.fixture
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `Harness.run` have time that passes only when nothing else can happen.

    Not for runs that use threads (a file of dead letters): time does not wait for those.
    """
    monkeypatch.setattr(trio, "run", run_in_virtual_time)


@pytest.fixture
def events() -> list[th.Event]:
    """For ``observer=events.append``."""
    return []
