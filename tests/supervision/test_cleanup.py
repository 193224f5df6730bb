"""`cleanup()`: the one grace of an incarnation."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, sleeps, slow_to_stop


async def test_it_ends_with_the_grace(autojump_clock: MockClock, log: Log) -> None:
    seen: list[str] = []
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(slow_to_stop(10, seen), grace=4)
        await child.stop()
        assert trio.current_time() == 4
    assert seen == ["begins at 0"]
    assert log.about("stuck") == []


async def test_the_grace_is_counted_once_from_the_stop(autojump_clock: MockClock) -> None:
    seen: list[float] = []

    async def component() -> None:
        try:
            await trio.sleep_forever()
        finally:
            for _ in range(3):
                async with th.cleanup() as scope:
                    seen.append(scope.deadline)
                    await trio.sleep(2)

    async with th.open_supervisor() as sup:
        child = await sup.start(component, grace=5)
        await trio.sleep(1)
        await child.stop()
        assert trio.current_time() == 6
    assert seen == [6, 6, 6]


@pytest.mark.parametrize("how", ["grace=0", "killed"])
async def test_no_grace_means_that_it_cannot_be_entered(
    autojump_clock: MockClock, how: str
) -> None:
    seen: list[str] = []

    async def component() -> None:
        try:
            await trio.sleep_forever()
        finally:
            seen.append("finally")
            async with th.cleanup():
                seen.append("unreachable")

    async with th.open_supervisor() as sup:
        if how == "killed":
            child = await sup.start(component, restart="temporary")
            child.kill()
            await child.wait("stopped")
        else:
            child = await sup.start(component, grace=0)
            await child.stop()
    assert seen == ["finally"]
    assert trio.current_time() == 0


class Steps(trio.abc.Instrument):
    """Counts the steps of tasks: each checkpoint ends one."""

    def __init__(self) -> None:
        self.of: Counter[trio.lowlevel.Task] = Counter()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.of[task] += 1


async def test_entering_lets_others_run_first(autojump_clock: MockClock) -> None:
    """It is a checkpoint, whether there was a stop or not, and although that is still pending."""
    steps = Steps()
    seen: list[int] = []

    async def component() -> None:
        task = trio.lowlevel.current_task()
        for wait in (trio.lowlevel.checkpoint, trio.sleep_forever):
            try:
                await wait()
            finally:
                before = steps.of[task]
                async with th.cleanup():
                    seen.append(steps.of[task] - before)

    trio.lowlevel.add_instrument(steps)
    async with th.open_supervisor() as sup:
        child = await sup.start(component)
        await trio.testing.wait_all_tasks_blocked()
        await child.stop()
    trio.lowlevel.remove_instrument(steps)
    assert seen == [1, 1]


async def test_without_a_stop_it_lasts_for_the_grace(autojump_clock: MockClock) -> None:
    seen: list[str] = []

    async def component() -> None:
        try:
            raise Boom
        finally:
            async with th.cleanup():
                await trio.sleep(10)
                seen.append("unreachable")
            seen.append("after")

    async with th.open_supervisor() as sup:
        child = sup.start_soon(component, grace=3, restart="temporary")
        await child.wait("stopped")
        assert trio.current_time() == 3
    assert seen == ["after"]


async def test_a_crash_with_no_grace_still_runs_on(autojump_clock: MockClock) -> None:
    seen: list[str] = []

    async def component() -> None:
        try:
            raise Boom
        finally:
            async with th.cleanup():
                seen.append("entered")
                await trio.sleep(10)
                seen.append("unreachable")
            seen.append("after")

    async with th.open_supervisor() as sup:
        child = sup.start_soon(component, grace=0, restart="temporary")
    assert seen == ["entered", "after"]
    assert child.last_error == "Boom"


async def test_what_is_inside_is_not_cancelled_by_a_stop(autojump_clock: MockClock) -> None:
    seen: list[str] = []

    async def component() -> None:
        async with th.cleanup():
            await trio.sleep(3)
            seen.append("done")
        await trio.sleep(1)
        seen.append("unreachable")

    async with th.open_supervisor() as sup:
        child = await sup.start(component)
        await trio.sleep(1)
        await child.stop()
        assert trio.current_time() == 3
    assert seen == ["done"]


async def test_a_stop_shortens_a_clean_up_that_is_under_way(autojump_clock: MockClock) -> None:
    async def component() -> None:
        with trio.CancelScope(shield=True):
            async with th.cleanup() as scope:
                scope.deadline = 1000
                await trio.sleep_forever()

    async with th.open_supervisor() as sup:
        child = await sup.start(component, grace=2)
        await trio.sleep(10)
        await child.stop()
        assert trio.current_time() == 12


async def test_a_kill_ends_a_clean_up_that_is_under_way(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup, trio.open_nursery() as nursery:
        child = await sup.start(slow_to_stop(100), name="c", grace=200)
        nursery.start_soon(child.stop)
        await trio.sleep(3)
        assert child.state == "stopping"
        child.kill("enough")
        await child.wait("stopped")
        assert trio.current_time() == 3
    assert log.lines == ["c 1 ready", "c 1 stopping", "c 1 stopped", "s ended"]


async def test_a_task_of_a_component_may_use_it_too(autojump_clock: MockClock) -> None:
    seen: list[str] = []

    async def component() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(slow_to_stop(1, seen))
            nursery.start_soon(slow_to_stop(2, seen))

    async with th.open_supervisor() as sup:
        child = await sup.start(component)
        await trio.testing.wait_all_tasks_blocked()
        await child.stop()
    assert sorted(seen) == ["begins at 0", "begins at 0", "done at 1", "done at 2"]


async def test_outside_of_a_component_it_is_an_error(autojump_clock: MockClock) -> None:
    with pytest.raises(th.SupervisionError, match="outside of a supervised component"):
        async with th.cleanup():
            raise AssertionError("unreachable")
    with pytest.raises(th.SupervisionError, match=r"stop_on_drain\(\) was called outside"):
        with th.stop_on_drain():
            raise AssertionError("unreachable")


async def test_an_infinite_grace(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(slow_to_stop(10_000), grace=float("inf"))
        await child.stop()
        assert trio.current_time() == 10_000
    assert log.about("stuck") == []


async def test_the_reason_of_a_stop_is_in_cancelled(autojump_clock: MockClock) -> None:
    reasons: list[str] = []

    async def component() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            reasons.append(str(cancelled))
            raise

    async with th.open_supervisor() as sup:
        child = await sup.start(component, restart="permanent")
        await child.stop("for maintenance")
        await child.restart()
        child.kill("out of patience")
        await child.wait("restarting", "starting")
        await child.wait("ready")
        await child.stop()
    assert "for maintenance" in reasons[0]
    assert "out of patience" in reasons[1]


@pytest.mark.parametrize("name", [None, 7, "s/other", "renamed"])
async def test_a_component_may_rename_its_task(autojump_clock: MockClock, name: Any) -> None:
    seen: list[float] = []

    async def component() -> None:
        trio.lowlevel.current_task().name = name
        async with th.cleanup() as scope:
            seen.append(scope.deadline)

    async with th.open_supervisor() as sup:
        sup.start_soon(sleeps(1), name="other")
        sup.start_soon(component, grace=3)
    assert seen == [3]
