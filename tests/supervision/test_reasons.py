"""Every cancel carries a reason, which shows in the `Cancelled` that a component sees."""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness
import trioharness as th
from tests.supervision._kit import Boom, crashes, forever, slow_to_stop


class Probe:
    """A component that keeps why it was cancelled."""

    def __init__(self) -> None:
        self.reasons: list[str | None] = []

    async def __call__(self, *_: object, **__: object) -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            self.reasons.append(cancelled.reason)
            assert str(cancelled.reason) in str(cancelled)
            raise

    async def never_ready(self, *, task_status: th.TaskStatus[None]) -> None:
        await self()


Scenario = Callable[[Probe], Awaitable[None]]
SCENARIOS: list[tuple[Scenario, str]] = []


def because(reason: str) -> Callable[[Scenario], Scenario]:
    """Note a scenario and the reason that a probe is to see in it."""

    def note(scenario: Scenario) -> Scenario:
        SCENARIOS.append((scenario, reason))
        return scenario

    return note


@because("for maintenance")
async def stopped_by_hand(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        child: th.Child[Any] = await sup.start(probe)
        await wait_all_tasks_blocked()
        await child.stop("for maintenance")


@because("out of patience")
async def killed(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        child: th.Child[Any] = await sup.start(probe, restart="temporary")
        await wait_all_tasks_blocked()
        child.kill("out of patience")


@because("a new key")
async def restarted_by_hand(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        child: th.Child[Any] = await sup.start(probe)
        await wait_all_tasks_blocked()
        await child.restart("a new key")
        probe.reasons, seen = [], probe.reasons
        await child.stop()
        probe.reasons = seen


@because("the need is stopped")
async def its_need_is_stopped_by_hand(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        need = await sup.start(forever, name="need")
        await sup.start(probe, name="probe", needs={"need": need})
        await wait_all_tasks_blocked()
        await need.stop("the need is stopped")


@because("restart of 's/need' (Boom: number 1)")
async def its_need_restarts(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        need = await sup.start(crashes(1, after=1), name="need")
        child: th.Child[Any] = await sup.start(
            probe, name="probe", needs={"need": need}, restart="temporary"
        )
        await child.wait("stopped")
        sup.cancel_scope.cancel()


@because("restart of 's/first' (Boom: number 1)")
async def its_group_restarts(probe: Probe) -> None:
    async with th.open_supervisor("s", strategy="one_for_all") as sup:
        await sup.start(crashes(1, after=1), name="first")
        child: th.Child[Any] = await sup.start(probe, name="probe", restart="temporary")
        await child.wait("stopped")
        sup.cancel_scope.cancel()


@because("'s/need', which it needs, is parked")
async def its_need_is_parked(probe: Probe) -> None:
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=0, exhausted="park") as sup:
            need = await sup.start(crashes(after=1), name="need")
            await sup.start(probe, name="probe", needs={"need": need})


@because("drain")
async def its_supervisor_drains(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        await sup.start(probe)
        await wait_all_tasks_blocked()
        sup.drain()


@because("the grace of the drain is over")
async def its_supervisor_has_drained_for_long_enough(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        send, receive = trio.open_memory_channel[int](0)
        await sup.start(probe, receive)
        await wait_all_tasks_blocked()
        sup.drain(grace=2)  # which nobody's channel of trio's notices
    send.close()


@because("the block of its supervisor ended")
async def its_supervisor_ends(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        await sup.start(probe, background=True)
        await wait_all_tasks_blocked()


@because("the block of its supervisor was cancelled")
async def its_supervisor_is_cancelled(probe: Probe) -> None:
    with trio.move_on_after(1):
        async with th.open_supervisor("s") as sup:
            await sup.start(probe)


@because("the block of its supervisor raised Boom")
async def the_body_of_its_supervisor_raises(probe: Probe) -> None:
    with pytest.raises(Boom):
        async with th.open_supervisor("s") as sup:
            await sup.start(probe)
            await wait_all_tasks_blocked()
            raise Boom


@because("the grace of supervisor 's' is over")
async def there_is_no_grace_left_when_it_is_its_turn(probe: Probe) -> None:
    with trio.move_on_after(1):
        async with th.open_supervisor("s", cancel_grace=2) as sup:
            await sup.start(probe)
            await sup.start(slow_to_stop(100), grace=100)
            await trio.sleep_forever()


@because("its start was cancelled")
async def its_start_is_cancelled(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        with trio.move_on_after(1):
            await sup.start(probe.never_ready)


@because("it was not ready within 2 s; it was waiting at ")
async def its_start_takes_too_long(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed):
            await sup.start(probe.never_ready, start_within=2)


@because("was silent for 3 s")
async def it_is_silent(probe: Probe) -> None:
    async with th.open_supervisor("s") as sup:
        sup.start_soon(probe, health=th.Health(beat_within=3), restart="temporary")


@pytest.mark.parametrize(
    ("scenario", "reason"), SCENARIOS, ids=[scenario.__name__ for scenario, _ in SCENARIOS]
)
async def test_a_component_sees_why_it_is_cancelled(
    autojump_clock: MockClock, scenario: Scenario, reason: str
) -> None:
    probe = Probe()
    await scenario(probe)
    (seen,) = probe.reasons
    assert seen is not None
    assert reason in seen


async def test_the_body_sees_why_it_is_cancelled(autojump_clock: MockClock) -> None:
    reasons: list[str | None] = []

    async def body(**options: Any) -> None:
        async with th.open_supervisor("s", **options) as sup:
            child = await sup.start(trio.sleep, 1, name="c", **how)
            try:
                await child.wait("waiting")
            except trio.Cancelled as cancelled:
                reasons.append(cancelled.reason)
                raise

    how: dict[str, Any] = {"restart": "permanent"}
    with pytest.raises(th.RestartLimitExceeded):
        await body(max_restarts=0)
    how = {"significant": True}
    with pytest.raises(th.Shutdown):
        await body(auto_shutdown="any_significant")
    assert reasons == ["supervisor 's' gave up", "significant child 's/c' has ended"]


def test_no_cancel_goes_without_a_reason() -> None:
    """Read from the code: what no scenario above comes to is held to it as well."""
    calls = 0
    root = Path(trioharness.__file__).parent
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == "cancel":
                calls += 1
                where = f"{file.relative_to(root)}:{node.lineno}"
                assert [keyword.arg for keyword in node.keywords] == ["reason"], where
    assert calls > 10
