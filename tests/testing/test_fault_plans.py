"""The plans of faults: each kind has the effect that it says, at the time that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import pytest
import trio
from hypothesis import find, given, settings
from hypothesis import strategies as st

import trioharness as th
from trioharness.testing import EventRecorder, Faults, run
from trioharness.testing.strategies import FaultPlan, fault_plans

COUNT = 12
Got: TypeAlias = list[tuple[int, float]]
Numbers: TypeAlias = range | list[int]


async def relay(numbers: th.ReceiveChannel[int], out: th.SendChannel[int]) -> None:
    """Ready half a second before its first message; it has each in hand for a second."""
    await trio.sleep(0.5)
    async for number in numbers:
        await out.send(number)
        await trio.sleep(1)


def outcome(plan: FaultPlan | None, seed: int = 0) -> tuple[Got, list[float]]:
    """Relay some numbers; return what came and when, and when it was restarted."""
    got, recorder = Got(), EventRecorder()

    async def take(numbers: th.ReceiveChannel[int]) -> None:
        async for number in numbers:
            got.append((number, trio.current_time()))

    async def main() -> None:
        send, numbers = th.open_channel(int, COUNT, max_deliveries=2)
        out, passed_on = th.open_channel(int, COUNT)
        broken: Any = plan(Faults(seed), relay) if plan else relay
        async with th.open_supervisor("s", observer=recorder) as sup:
            sup.start_soon(take, passed_on)
            sup.start_soon(broken, numbers, out, name="relay")
            with send:
                await send.send_many(range(1, COUNT + 1))

    run(main)
    return got, recorder.restarts("s/relay")


def each_second(numbers: Numbers, begin: float) -> Got:
    """Return numbers as they come from one life of the relay."""
    return [(number, begin + 0.5 + second) for second, number in enumerate(numbers)]


def after_a_crash(last: int, first: int, restart: float) -> tuple[Got, list[float]]:
    """Return what comes if one life ends after a number, and the next begins with another."""
    lives = each_second(range(1, last + 1), 0), each_second(range(first, COUNT + 1), restart)
    return [*lives[0], *lives[1]], [restart]


def crashed(at: float) -> tuple[Got, list[float]]:
    # What it has in hand then has been passed on, and comes again.
    return after_a_crash(int(at), max(1, int(at)), at)


def crashed_with(number: int) -> tuple[Got, list[float]]:
    return after_a_crash(number - 1, number, number - 0.5)


def cancelled_in(number: int) -> tuple[Got, list[float]]:
    # There was room for it, so that it was sent, and the cancellation came right after.
    return after_a_crash(number, number, number - 0.5)


def not_started(times: int = 1) -> tuple[Got, list[float]]:
    return each_second(range(1, COUNT + 1), 0), [0] * times


def started_late(seconds: float) -> tuple[Got, list[float]]:
    return each_second(range(1, COUNT + 1), seconds), []


def dropped(messages: set[int]) -> tuple[Got, list[float]]:
    return each_second([n for n in range(1, COUNT + 1) if n not in messages], 0), []


def doubled(messages: set[int]) -> tuple[Got, list[float]]:
    return each_second([n for n in range(1, COUNT + 1) for _ in range(1 + (n in messages))], 0), []


def delayed(seconds: float, messages: set[int]) -> tuple[Got, list[float]]:
    late = [seconds * len({m for m in messages if m <= n}) for n in range(1, COUNT + 1)]
    return [
        (number, time + more)
        for (number, time), more in zip(each_second(range(1, COUNT + 1), 0), late, strict=True)
    ], []


EXPECTED: dict[str, Callable[..., tuple[Got, list[float]]]] = {
    "crash": crashed,
    "crash_on_message": crashed_with,
    "crash_before_ready": not_started,
    "fail_start": not_started,
    "delay_start": started_late,
    "cancel_in_send": cancelled_in,
    "drop_messages": dropped,
    "duplicate_messages": doubled,
    "delay_messages": delayed,
}


class Asked:
    """Stands in for `Faults`, and takes down which of its methods is called, and how."""

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def ask(_: object, **options: object) -> tuple[str, dict[str, object]]:
            return method, options

        return ask


def asked_for(plan: FaultPlan) -> tuple[str, dict[str, Any]]:
    """Return what a plan asks of `Faults`."""
    return cast("tuple[str, dict[str, Any]]", plan(cast("Faults", Asked()), relay))


def test_the_relay_is_as_the_model_says() -> None:
    assert outcome(None) == (each_second(range(1, COUNT + 1), 0), [])


@given(fault_plans("relay").filter(bool), st.integers(0, 2**32))
def test_each_plan_strikes_a_component(plans: dict[str, FaultPlan], seed: int) -> None:
    kind, options = asked_for(plans["relay"])
    assert outcome(plans["relay"], seed) == EXPECTED[kind](**options)


SIMPLEST = {
    "crash": "at=0.0",
    "crash_on_message": "number=1",
    "crash_before_ready": "",
    "fail_start": "times=1",
    "delay_start": "seconds=0.0",
    "cancel_in_send": "number=1",
    "drop_messages": "messages={1}",
    "duplicate_messages": "messages={1}",
    "delay_messages": "seconds=0.0, messages={1}",
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_each_kind_comes_has_its_effect_and_shrinks(kind: str) -> None:
    def is_felt(plans: dict[str, FaultPlan]) -> bool:
        return bool(plans) and asked_for(plans["relay"])[0] == kind

    few = settings(max_examples=300, derandomize=True)
    plan = find(fault_plans("relay"), is_felt, settings=few)["relay"]
    options = SIMPLEST[kind] and f", {SIMPLEST[kind]}"
    assert repr(plan) == f"faults.{kind}(component{options})"
    seconds = {"seconds": 2.0} if "seconds" in options else {}  # or it could do nothing
    struck = outcome(lambda faults, fn: getattr(faults, kind)(fn, **(asked_for(plan)[1] | seconds)))
    assert struck == EXPECTED[kind](**(asked_for(plan)[1] | seconds))
    assert struck != outcome(None)


def test_plans_shrink_to_none_and_show_what_they_do() -> None:
    assert find(fault_plans("a", "b"), lambda _: True) == {}
    simplest = find(fault_plans("a", "b"), bool)
    assert repr(simplest) == "{'a': faults.crash_before_ready(component)}"
