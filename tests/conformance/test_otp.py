"""The scenarios recorded from OTP's own supervisor, replayed on ours: the same traces."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent


def load(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # the driver imports the replay by this name
    spec.loader.exec_module(module)
    return module


replay = load("replay", HERE / "otp" / "replay.py")
driver = load("otp_driver", HERE / "driver.py")

SCENARIOS: list[dict[str, Any]] = [
    json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((HERE / "otp" / "corpus").rglob("*.json"))
]

SKIPPED = [s["name"] for s in SCENARIOS if driver.UNSUPPORTED.intersection(s["tags"])]

REPLAYED = [s for s in SCENARIOS if s["name"] not in SKIPPED]


@pytest.mark.parametrize("scenario", REPLAYED, ids=lambda scenario: str(scenario["name"]))
def test_the_trace_is_that_of_otp(scenario: dict[str, Any]) -> None:
    assert replay.run_one(driver, scenario) == []


def test_nothing_but_the_two_declared_differences_is_skipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with capsys.disabled():
        print(f"\nOTP conformance: {len(REPLAYED)} replayed, skipped: {', '.join(SKIPPED)}")
    assert set(driver.UNSUPPORTED) <= {"stop_during_start", "normal_on_shutdown"}
    assert (len(REPLAYED), len(SKIPPED)) == (327, 1)


def test_a_trace_that_differs_is_seen() -> None:
    scenario = json.loads(json.dumps(REPLAYED[0]))
    scenario["expected"]["start"]["events"].append(["start", "root/stranger", "ok"])
    assert replay.run_one(driver, scenario) != []
