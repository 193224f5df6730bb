"""What the fixtures are is there without pytest as well: in one program, which has none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trioharness.testing import Faults

if TYPE_CHECKING:
    from tests.conftest import Run

PROGRAM = """
import sys

sys.modules["pytest"] = sys.modules["_pytest"] = sys.modules["hypothesis"] = None

import trio
import trioharness as th
from trioharness.testing import (
    ChannelProbes, EventRecorder, Faults, leak_check, open_harness, run, virtual_clock
)

async def doubles(numbers, out):
    async for number in numbers:
        await out.send(2 * number)

async def ticks():
    await trio.sleep_forever()

app = th.Harness("shop")
app.add(ticks)

async def main(faults):
    events = EventRecorder()
    with leak_check(), ChannelProbes() as probe:
        async with th.open_supervisor("test", observer=events) as supervisor:
            numbers, out = probe(int), probe(int)
            broken = faults.crash(doubles, at=5)
            supervisor.start_soon(broken, numbers.receive_end, out.send_end)
            await virtual_clock().advance(3600)
            numbers.feed(21)
            print(await out.next(within=1))
            supervisor.cancel_scope.cancel()
        events.assert_schedule("test/doubles", [5])
        late = faults.crash(ticks, at=3)
        async with open_harness(app, replaced={"ticks": late}, observer=events):
            await trio.sleep(60)
    print(events.restarts("shop/ticks"))
    assert not faults.struck

with Faults(seed=7) as faults:
    run(main, faults)
"""


def test_everything_is_a_function_or_a_context_manager(run: Run, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    done = run(sys.executable, "program.py", cwd=tmp_path)
    assert done.stdout == "42\n[3603.0]\n", done.stderr
    assert done.stderr.splitlines()[-4:] == [
        "AssertionError",
        "Faults(seed=7) makes the same faults again",
        "'doubles' was crashed 5 s after its start, in incarnation 1",
        "'ticks' was crashed 3 s after its start, in incarnation 1",
    ]


def test_what_does_not_fail_gets_no_note() -> None:
    with Faults(seed=7) as faults:
        assert repr(faults) == "Faults(seed=7)"


def test_any_error_gets_the_note() -> None:
    with pytest.raises(KeyError) as caught, Faults(seed=7):
        raise KeyError
    assert caught.value.__notes__ == ["Faults(seed=7) makes the same faults again"]
