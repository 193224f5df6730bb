"""Examples that join trio with threads, with blocking programs, and with anyio's applications."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.harness._process import running

if TYPE_CHECKING:
    from tests.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

SHOWN = {
    "threads": [
        "sensor 1 is a barometer",
        "harness 'lab' did not answer <declared send end of requests 'names'> within 0.1 s",
        "'lab' is healthy",
        "channel 'readings': 300 sent, 300 delivered; the sum is 14850",
        (
            "harness 'lab' has ended and cannot send into <declared send end of channel "
            "'readings'>; do it before the block ends that it runs in"
        ),
    ],
    "blocking": [
        "the warehouse opens",
        "in stock: 1000",
        "its stock is ready",
        "the warehouse closes",
        "drained - channel 'orders': 10 sent, 10 delivered",
    ],
    "starlette_app": [
        "['try again', '4.5']",
        "accepted",
        "packed ['rope']",
    ],
}


@pytest.mark.parametrize("name", SHOWN)
def test_it_shows_what_it_says(name: str, run: Run, tmp_path: Path) -> None:
    done = run(sys.executable, EXAMPLES / f"{name}.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == SHOWN[name]


@pytest.mark.parametrize("name", SHOWN)
def test_it_is_short(name: str) -> None:
    assert len((EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 80


def test_a_server_serves_it_and_a_signal_drains_it() -> None:
    command = (sys.executable, "-m", "hypercorn", "-k", "trio", "-b", "127.0.0.1:0")
    with running(*command, "examples.starlette_app:web") as process:
        line = process.wait_for("Running on", "stderr")
        address = re.findall(r"http://[\d.:]+", line)[0]
        with httpx2.Client(base_url=address, trust_env=False) as http:
            assert http.get("/price/lamp").json() == 6.0
            assert http.get("/price/dragon").status_code == 503
            assert http.get("/price/rope").json() == 4.5
            for item in ("lamp", "rope"):
                assert http.post(f"/order/{item}").status_code == 202
        process.tell(signal.SIGTERM)
        assert process.ends() == 0, process.stderr
    assert process.stdout == "packed ['lamp', 'rope']\n"
    assert "Traceback" not in process.stderr
