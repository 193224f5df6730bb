"""How an application starts: in parallel as far as needs allow, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import trio

import trioharness as th
from tests.harness._pieces import forever, living, noted, paths

pytestmark = pytest.mark.usefixtures("virtual_time")


async def slow(seconds: float, *, task_status: th.TaskStatus[float]) -> None:
    await trio.sleep(seconds)
    task_status.started(seconds)
    await trio.sleep(seconds)


async def needing(**_: object) -> None:
    await trio.lowlevel.checkpoint()


async def broken(*, task_status: th.TaskStatus[None]) -> None:  # noqa: ASYNC128
    await trio.sleep(1)
    raise OSError("no such database")


def times(events: list[th.Event]) -> dict[str, float]:
    """When each component became ready, in whole seconds after the first event."""
    return {
        event.path: round(event.time - events[0].time)
        for event in events
        if isinstance(event, th.ChildReady)
    }


def test_a_slow_start_does_not_hold_up_strangers(events: list[th.Event]) -> None:
    app = th.Harness("shop", observer=events.append)
    app.add(living, "at once", [], name="other", background=True)
    one = app.add(slow, 11, name="one", background=True)
    two = app.add(slow, 20, name="two", background=True)
    app.add(needing, name="both", needs={"one": one, "two": two})
    app.add(needing, name="behind", after=[one])
    app.run()
    assert times(events) == {
        "shop/other": 0,
        "shop/one": 11,
        "shop/behind": 11,
        "shop/two": 20,
        "shop/both": 20,
    }


def slow_starts(events: list[th.Event]) -> list[tuple[float, float, tuple[str, ...]]]:
    """When a start was told to be slow, how long it had taken, and what it waited for."""
    return [
        (round(event.time - events[0].time), event.seconds, event.children)
        for event in events
        if isinstance(event, th.SlowStart)
    ]


@pytest.mark.parametrize("strategy", ["one_for_one", "rest_for_one"])
def test_a_slow_start_is_told_with_who_waits_for_whom(
    events: list[th.Event], strategy: Any
) -> None:
    app = th.Harness("shop", strategy=strategy, observer=events.append)
    one = app.add(slow, 35, name="one")
    if strategy == "one_for_one":
        app.add(needing, name="waits", needs={"one": one})
    app.run()
    told = slow_starts(events)
    assert [(at, seconds) for at, seconds, _ in told] == [(10, 10.0), (20, 20.0)]
    for _, _, children in told:
        assert children[0].startswith("'shop/one' has started, and waits at ")
        assert children[0].endswith("in slow")
        waiting = ("'shop/waits' waits for 'shop/one'",) if strategy == "one_for_one" else ()
        assert children[1:] == waiting


def test_what_holds_up_a_supervisor_inside_is_told(events: list[th.Event]) -> None:
    app = th.Harness("shop", observer=events.append)
    with app.supervisor("inner") as inner:
        inner.add(living, "at once", [], name="quick", background=True)
        inner.add(slow, 15, name="db")
    app.run()
    ((_, _, (sentence,)),) = slow_starts(events)
    assert sentence.startswith(
        "'shop/inner' has started, and waits for 'shop/inner/db', which waits at "
    )


def test_a_start_in_time_is_not_told(events: list[th.Event]) -> None:
    app = th.Harness("shop", observer=events.append)
    app.add(slow, 9, name="one")
    app.run()
    assert slow_starts(events) == []


def test_a_slow_start_that_fails_is_told_no_more(events: list[th.Event]) -> None:
    async def fails(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(15)
        raise OSError

    app = th.Harness("shop", observer=events.append)
    app.add(fails)
    with pytest.raises(th.StartFailed):
        app.run()
    assert [seconds for _, seconds, _ in slow_starts(events)] == [10.0]


def test_starting_is_over_when_the_slowest_is_ready() -> None:
    app = th.Harness("shop")
    for seconds in range(50):
        app.add(slow, seconds, name=f"slow-{seconds}")
    receipt = app.run()
    assert receipt.seconds == pytest.approx(49 + 49)


def test_a_failed_start_stops_what_had_started_in_reverse() -> None:
    diary: list[str] = []
    app = th.Harness("shop")
    one = app.add(noted, "one", diary, name="one")
    two = app.add(living, "two", diary, name="two", needs={"value": one})
    app.add(noted, "three", diary, name="three", after=[two])
    app.add(broken)
    with pytest.raises(th.StartFailed) as caught:
        app.run()
    assert caught.value.path == "shop/broken"
    assert str(caught.value) == "'shop/broken' could not start: OSError: no such database"
    assert isinstance(caught.value.__cause__, OSError)
    assert diary == [
        "one enters",
        "two starts",
        "three enters",
        "three exits",
        "two ends",
        "one exits",
    ]


def test_what_waits_for_a_failed_start_never_begins(events: list[th.Event]) -> None:
    app = th.Harness("shop", observer=events.append)
    app.add(needing, name="last", needs={"it": app.add(broken)})
    app.add(slow, 100, name="slow")
    with pytest.raises(th.StartFailed):
        app.run()
    assert paths(events, th.ChildReady) == []
    assert paths(events, th.ChildEnded) == ["shop/broken", "shop/slow"]


def test_a_failed_start_is_not_tried_again(events: list[th.Event]) -> None:
    app = th.Harness("shop", observer=events.append)
    app.add(broken, restart="permanent", backoff=th.Backoff())
    with pytest.raises(th.StartFailed):
        app.run()
    assert [event for event in events if isinstance(event, th.ChildRestarting)] == []


def test_nothing_is_half_done_after_a_failed_start() -> None:
    app = th.Harness("shop")
    send, receive = app.channel(int, 5)
    ends: list[Any] = []

    async def keeps(end: object) -> None:
        ends.append(end)
        await trio.sleep_forever()

    app.add(keeps, send, name="sender")
    app.add(keeps, receive, name="receiver")
    app.add(broken)
    with pytest.raises(th.StartFailed):
        app.run()
    statistics = ends[0].statistics()
    assert len(ends) == 2
    assert (statistics.open_send_channels, statistics.open_receive_channels) == (0, 0)


async def returns(*, task_status: th.TaskStatus[None]) -> None:  # noqa: ASYNC128
    await trio.lowlevel.checkpoint()


async def misconfigured(*, task_status: th.TaskStatus[None]) -> None:
    raise th.ConfigurationError("dsn", "'' is no address", "set DSN")


@contextlib.asynccontextmanager
async def cannot_enter() -> AsyncGenerator[None]:
    raise PermissionError("not yours")
    yield


def no_component() -> int:
    return 5


FAILURES: list[tuple[Any, str, type[object]]] = [
    (returns, "without calling task_status.started()", type(None)),
    (misconfigured, "'' is no address; set DSN", th.ConfigurationError),
    (cannot_enter, "PermissionError: not yours", PermissionError),
    (no_component, "returned 5, neither a coroutine nor", th.ComponentTypeError),
    (no_component, "or give in_thread(no_component) if it blocks", th.ComponentTypeError),
]


@pytest.mark.parametrize(("fn", "words", "cause"), FAILURES)
def test_ways_to_fail_before_being_ready(fn: Any, words: str, cause: type[object]) -> None:
    diary: list[str] = []
    app = th.Harness("shop")
    app.add(fn, name="it", after=[app.add(noted, "one", diary)])
    with pytest.raises(th.StartFailed) as caught:
        app.run()
    assert str(caught.value).startswith("'shop/it' could not start: ")
    assert words in str(caught.value)
    assert isinstance(caught.value.__cause__, cause)
    assert diary == ["one enters", "one exits"]


def test_a_need_that_ended_before_its_dependent_could_start() -> None:
    async def at_once() -> None:
        await trio.lowlevel.checkpoint()

    app = th.Harness("shop")
    ended = app.add(at_once, name="ended")
    late = app.add(slow, 5, name="late")
    app.add(needing, name="it", needs={"ended": ended, "late": late})
    with pytest.raises(th.StartFailed) as caught:
        app.run()
    assert caught.value.path == "shop/it"
    assert "what it needs (ended='shop/ended') is stopped" in str(caught.value)


def test_what_came_first_may_have_ended_already() -> None:
    app = th.Harness("shop")
    first = app.add(needing, name="first")
    app.add(needing, name="it", after=[first, app.add(slow, 5, name="late")])
    assert app.run().ended == "done"


def test_a_crash_after_being_ready_is_no_failed_start(events: list[th.Event]) -> None:
    crashes = iter([ValueError("first")])

    async def crashes_once(*, task_status: th.TaskStatus[None]) -> None:
        task_status.started()
        for error in crashes:
            raise error

    app = th.Harness("shop", observer=events.append)
    app.add(crashes_once)
    app.add(slow, 5, name="slow")
    assert app.run().ended == "done"
    assert paths(events, th.ChildReady).count("shop/crashes_once") == 2


def test_giving_up_while_others_still_start() -> None:
    async def crashes(*, task_status: th.TaskStatus[None]) -> None:
        task_status.started()
        raise ValueError("again")

    diary: list[str] = []
    app = th.Harness("shop", max_restarts=2)
    app.add(noted, "one", diary)
    app.add(crashes)
    app.add(slow, 1000, name="slow")
    with pytest.raises(th.RestartLimitExceeded) as caught:
        app.run()
    assert [str(error) for error in caught.value.exceptions] == ["again"] * 3
    assert diary == ["one enters", "one exits"]


@pytest.mark.parametrize(("every", "times", "gives_up"), [(12, 6, True), (12.25, 20, False)])
def test_five_restarts_in_a_minute_are_allowed_by_default(
    every: float, times: int, gives_up: bool
) -> None:
    crashes = iter([ValueError("again")] * times)

    async def component() -> None:
        for error in crashes:
            await trio.sleep(every)
            raise error

    app = th.Harness("shop")
    app.add(component)
    if gives_up:
        with pytest.raises(th.RestartLimitExceeded, match="more than 5 restarts in 60 s"):
            app.run()
    else:
        assert app.run().seconds == pytest.approx(times * every)


def test_a_component_may_wait_forever_once_ready() -> None:
    app = th.Harness("shop")
    app.add(forever, background=True)
    app.add(slow, 1, name="slow")
    assert app.run().seconds == pytest.approx(2)
