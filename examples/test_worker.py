"""Tests of a component of one's own: its crashes, in virtual time, by the fixtures of the plugin.

`pytest -o trio_mode=true examples/test_worker.py` runs them; pytest finds the plugin by itself.
"""

from __future__ import annotations

import pytest
import trio

import trioharness as th
from trioharness.testing import EventRecorder, Faults, VirtualClock


async def worker(jobs: th.ReceiveChannel[str], done: list[str]) -> None:
    async for job in jobs:
        await trio.sleep(60)
        done.append(job)


async def test_no_job_is_lost_in_a_crash(
    supervisor: th.Supervisor, faults: Faults, virtual_clock: VirtualClock
) -> None:
    jobs_out, jobs_in = th.open_channel(str, 8, max_deliveries=2)
    done: list[str] = []
    child = supervisor.start_soon(faults.crash_on_message(worker, 2), jobs_in, done)
    with jobs_out:
        await jobs_out.send_many(["a", "b", "c"])
    await child.wait("complete")
    assert done == ["a", "b", "c"]
    assert len(faults.struck) == 1
    assert virtual_clock.now == 180


async def test_it_backs_off(
    supervisor: th.Supervisor, events: EventRecorder, faults: Faults
) -> None:
    broken = faults.fail_start(worker, times=3)
    _, jobs_in = th.open_channel(str, 8)
    supervisor.start_soon(broken, jobs_in, list[str](), backoff=th.Backoff(1, 30, jitter=0))
    await trio.sleep(3600)  # takes no time
    events.assert_schedule("test/worker", [1, 3, 7])


async def test_giving_up_says_why(events: EventRecorder, faults: Faults) -> None:
    broken = faults.fail_start(worker, times=3)
    _, jobs_in = th.open_channel(str, 8)
    with pytest.raises(th.RestartLimitExceeded, match="more than 2 restarts in 60 s"):
        async with th.open_supervisor("shop", max_restarts=2, observer=events) as sup:
            sup.start_soon(broken, jobs_in, list[str]())
    assert [event.child for event in events.of(th.GaveUp)] == ["shop/worker"]


@pytest.mark.usefixtures("leak_check")
async def test_it_closes_what_it_was_given(supervisor: th.Supervisor) -> None:
    jobs_out, jobs_in = th.open_channel(str, 8)
    child = supervisor.start_soon(worker, jobs_in, list[str]())
    await jobs_out.aclose()
    await child.wait("complete")
