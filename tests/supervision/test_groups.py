"""Groups: a supervisor described by its children, as a component of another supervisor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import (
    Boom,
    Function,
    Log,
    chain,
    crashes,
    forever,
    resource,
    sleeps,
    slow_to_start,
    slow_to_stop,
)


class Started:
    """Makes components that note when they start and stop."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def spec(
        self, name: str, then: Function = forever, *, delay: float = 0, **options: Any
    ) -> th.Spec:
        async def component(*, task_status: th.TaskStatus[str], **_: object) -> None:
            await trio.sleep(delay)
            self.seen.append(f"+{name}")
            task_status.started(name)
            try:
                await then()
            finally:
                self.seen.append(f"-{name}")

        return th.Spec(component, name=name, **options)

    def take(self) -> str:
        """What was noted since the last time."""
        text = " ".join(self.seen)
        self.seen.clear()
        return text


@pytest.fixture
def started() -> Started:
    return Started()


def fails(seconds: float = 0, times: float = 1) -> Callable[..., Awaitable[None]]:
    """Return a component whose first starts fail."""
    lives: list[int] = []

    async def failing(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(seconds)
        lives.append(1)
        if len(lives) <= times:
            raise Boom(f"start {len(lives)}")
        task_status.started()
        await trio.sleep_forever()

    return failing


# Starting


async def test_each_starts_when_the_one_before_is_ready(
    autojump_clock: MockClock, log: Log
) -> None:
    group = th.Group(
        "g",
        [
            th.Spec(slow_to_start(2), name="a"),
            th.Spec(slow_to_start(1), name="b"),
            th.Spec(forever, name="c"),
        ],
    )
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(group, name="g")
        assert (trio.current_time(), child.state) == (3, "ready")
        await child.stop()
    assert log.times("ready") == [2, 3, 3, 3]
    assert log.lines == [
        "g/a 1 ready",
        "g/b 1 ready",
        "g/c 1 ready",
        "g 1 ready",
        "g 1 stopping",
        "g/c 1 stopping",
        "g/c 1 stopped",
        "g/b 1 stopping",
        "g/b 1 stopped",
        "g/a 1 stopping",
        "g/a 1 stopped",
        "s/g ended",
        "g 1 stopped",
        "s ended",
    ]


async def test_its_value_is_its_supervisor(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(th.Group("inner", [th.Spec(forever, name="a")]), name="g")
        group: th.Supervisor = child.value
        assert isinstance(group, th.Supervisor)
        assert group.path == "s/g"
        assert list(group.children) == ["a"]
        added = await group.start(forever, name="b")
        assert added.path == "s/g/b"
        assert group.statistics() == th.SupervisorStatistics(children=2, running=2, restarts=0)
        await child.stop()
        assert added.state == "stopped"
        with pytest.raises(th.SupervisorClosed):
            await group.start(forever)
        with pytest.raises(th.ChildNotReady):
            _ = child.value


async def test_a_failed_start_is_undone_in_reverse(
    autojump_clock: MockClock, log: Log, started: Started
) -> None:
    group = th.Group(
        "g",
        [
            started.spec("a"),
            started.spec("b"),
            th.Spec(fails(3), name="c"),
            started.spec("d"),
        ],
    )
    async with th.open_supervisor("s", observer=log) as sup:
        with pytest.raises(th.StartFailed) as caught:
            await sup.start(group, name="g")
        assert trio.current_time() == 3
        assert sup.children == {}
    assert caught.value.path == "s/g/c"
    assert caught.value.reason.startswith("Boom: start 1")
    assert isinstance(caught.value.__cause__, Boom)
    assert started.take() == "+a +b -b -a"
    assert log.about("restarting", "gave-up") == []


async def test_a_failed_start_gives_those_before_it_their_grace(
    autojump_clock: MockClock,
) -> None:
    seen: list[str] = []
    group = th.Group("g", [th.Spec(slow_to_stop(2, seen), grace=3), th.Spec(fails(1), name="bad")])
    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed):
            await sup.start(group, name="g")
    assert seen == ["begins at 1", "done at 3"]


async def test_the_failure_names_the_deepest_child(
    autojump_clock: MockClock, started: Started
) -> None:
    inner = th.Group("inner", [started.spec("x"), th.Spec(fails(), name="bad")])
    middle = th.Group("middle", [started.spec("m"), th.Spec(inner, name="inner")])
    outer = th.Group("outer", [started.spec("o"), th.Spec(middle, name="middle")])
    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed) as caught:
            await sup.start(outer, name="outer")
    assert caught.value.path == "s/outer/middle/inner/bad"
    assert isinstance(caught.value.__cause__, Boom)
    assert started.take() == "+o +m +x -x -m -o"


async def test_one_that_returns_before_it_is_ready_fails_as_well(
    autojump_clock: MockClock,
) -> None:
    async def hasty(*, task_status: th.TaskStatus[None]) -> None:
        pass

    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed) as caught:
            await sup.start(th.Group("g", [th.Spec(hasty, name="hasty")]), name="g")
    assert caught.value.path == "s/g/hasty"
    assert "without calling task_status.started()" in caught.value.reason


async def test_started_soon_a_failed_start_is_a_crash(autojump_clock: MockClock, log: Log) -> None:
    group = th.Group("g", [th.Spec(fails(times=2), name="bad")])
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(group, name="g")
        await child.wait("ready")
        assert (child.incarnation, child.restarts) == (3, 2)
        assert str(child.last_error).startswith("StartFailed: 's/g/bad' could not start: Boom")
        await child.stop()
    assert log.about("crashed", "restarting") == [
        "g/bad 1 crashed",
        "g 1 crashed",
        "g 1 restarting",
        "g/bad 1 crashed",
        "g 2 crashed",
        "g 2 restarting",
    ]


async def test_a_child_that_declines_is_no_failure(
    autojump_clock: MockClock, started: Started
) -> None:
    async def declines(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        raise th.Ignore

    group = th.Group("g", [started.spec("a"), th.Spec(declines, name="no"), started.spec("b")])
    async with th.open_supervisor("s") as sup:
        child = await sup.start(group, name="g")
        assert {n: c.state for n, c in child.value.children.items()} == {
            "a": "ready",
            "no": "stopped",
            "b": "ready",
        }
        await child.stop()
    assert started.take() == "+a +b -b -a"


async def test_a_start_that_is_cancelled_undoes_what_has_started(
    autojump_clock: MockClock, started: Started
) -> None:
    group = th.Group("g", [started.spec("a"), started.spec("b", delay=10)])
    async with th.open_supervisor("s") as sup:
        with trio.move_on_after(4) as scope:
            await sup.start(group, name="g")
        assert scope.cancelled_caught
        assert sup.children == {}
    assert (trio.current_time(), started.take()) == (4, "+a -a")


async def test_a_crash_while_the_next_one_starts_is_dealt_with_afterwards(
    autojump_clock: MockClock, log: Log
) -> None:
    group = th.Group(
        "g",
        [
            th.Spec(crashes(1, after=1), name="a"),
            th.Spec(slow_to_start(5), name="b"),
        ],
    )
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(group, name="g")
        await child.value.settled()
        assert child.value.children["a"].incarnation == 2
        await child.stop()
    assert log.about("ready", "crashed", "restarting") == [
        "g/a 1 ready",
        "g/a 1 crashed",
        "g/b 1 ready",
        "g 1 ready",
        "g/a 1 restarting",
        "g/a 2 ready",
    ]


async def test_it_ends_when_its_children_have(autojump_clock: MockClock, log: Log) -> None:
    group = th.Group("g", [th.Spec(sleeps(1), name="a"), th.Spec(sleeps(2), name="b")])
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(group, name="g")
    assert trio.current_time() == 2
    assert log.about("returned") == ["g/a 1 returned", "g/b 1 returned", "g 1 returned"]


async def test_an_empty_one_ends_at_once(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.Group("g"), name="g")
    assert (trio.current_time(), log.about("returned")) == (0, ["g 1 returned"])


async def test_it_may_stay_without_children(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(th.Group("g", [th.Spec(sleeps(1))], stay=True), name="g")
        await trio.sleep(100)
        assert child.state == "ready"
        await child.stop()


# Restarts


async def test_a_restarted_group_is_built_from_its_specs(
    autojump_clock: MockClock, log: Log
) -> None:
    a_and_b = [th.Spec(forever, name="a"), th.Spec(crashes(1, after=1), name="b")]
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(th.Group("g", a_and_b, max_restarts=1), name="g")
        first = child.value
        await first.start(forever, name="added")
        await first.children["a"].stop()
        await first.children["a"].delete()
        await trio.sleep(2)
        assert list(first.children) == ["b", "added"]
        assert first.statistics().restarts == 1
        child.kill()
        await child.wait("restarting")
        await child.wait("ready")
        second = child.value
        assert second is not first
        assert list(second.children) == ["a", "b"]
        assert second.statistics().restarts == 0
        assert [c.incarnation for c in second.children.values()] == [1, 1]
        await child.stop()


async def test_its_remembered_restarts_are_forgotten(autojump_clock: MockClock, log: Log) -> None:
    group = th.Group("g", [th.Spec(crashes(3, after=1), name="a")], max_restarts=1, within=1000)
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(group, name="g")
        await trio.sleep(100)
        assert (child.incarnation, child.state) == (2, "ready")
        await child.stop()
    assert log.about("gave-up", "restarting") == [
        "g/a 1 restarting",
        "s/g over g/a gave-up",
        "g 1 restarting",
        "g/a 1 restarting",
    ]


async def test_restart_by_hand_rebuilds_it_too(autojump_clock: MockClock, started: Started) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(th.Group("g", [started.spec("a"), started.spec("b")]), name="g")
        old = child.value
        await child.restart()
        assert started.take() == "+a +b -b -a +a +b"
        assert child.value is not old
        await child.stop()
        await child.start()
        assert list(child.value.children) == ["a", "b"]
        await child.stop()


async def test_one_description_may_run_twice(autojump_clock: MockClock) -> None:
    group = th.Group("g", [th.Spec(forever, name="a")])
    async with th.open_supervisor("s") as sup:
        one = await sup.start(group, name="one")
        two = await sup.start(group, name="two")
        assert [c.value.children["a"].path for c in (one, two)] == ["s/one/a", "s/two/a"]
        await one.stop()
        assert two.value.children["a"].state == "ready"
        await two.stop()


async def test_paths_of_nested_groups(autojump_clock: MockClock, log: Log) -> None:
    inner = th.Group("i", [th.Spec(sleeps(1), name="leaf")])
    outer = th.Group("o", [th.Spec(inner, name="in"), th.Spec(forever, name="side")])
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(outer, name="out")
        inside = child.value.children["in"]
        assert isinstance(inside.value, th.Supervisor)
        assert inside.value.path == "s/out/in"
        assert inside.value.children["leaf"].path == "s/out/in/leaf"
        await inside.wait("stopped")
        await child.stop()
    assert "out/in/leaf 1 returned" in log.lines
    assert log.about("ended") == ["s/out/in ended", "s/out ended", "s ended"]


async def test_giving_up_goes_up_level_by_level(autojump_clock: MockClock, log: Log) -> None:
    inner = th.Group("i", [th.Spec(crashes(), name="leaf")], max_restarts=1)
    outer = th.Group("o", [th.Spec(inner, name="in")], max_restarts=1)
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=1, observer=log) as sup:
            sup.start_soon(outer, name="out")
    assert log.about("gave-up") == [
        *["s/out/in over out/in/leaf gave-up"] * 2,
        "s/out over out/in gave-up",
        *["s/out/in over out/in/leaf gave-up"] * 2,
        "s/out over out/in gave-up",
        "s over out gave-up",
    ]
    assert chain(caught.value) == [Boom] * 8


# What it ends with


async def test_exhausted_escalate_is_a_crash_above(autojump_clock: MockClock, log: Log) -> None:
    group = th.Group("g", [th.Spec(crashes(2), name="bad")], max_restarts=1)
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(group, name="g")
        await child.wait("restarting")
        await child.wait("ready")
        await child.stop()
    first = next(event for event in log.of(th.ChildEnded) if event.path == "s/g")
    assert isinstance(first.exit, th.Crashed)
    assert isinstance(first.exit.error, th.RestartLimitExceeded)
    assert first.exit.error.path == "s/g"


@pytest.mark.parametrize(("restart", "lives"), [("transient", 1), ("permanent", 2)])
async def test_exhausted_shutdown_is_an_end_on_purpose(
    autojump_clock: MockClock, log: Log, restart: Any, lives: int
) -> None:
    group = th.Group("g", [th.Spec(crashes(2), name="bad")], max_restarts=1, exhausted="shutdown")
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(group, name="g", restart=restart)
        await trio.sleep(1)
        assert child.incarnation == lives
        await child.stop()
    first = next(event for event in log.of(th.ChildEnded) if event.path == "s/g")
    assert first.exit == th.ShutDown()
    assert [(e.path, e.why) for e in log.of(th.GaveUp)] == [("s/g", "intensity")]


async def test_exhausted_shutdown_of_the_outermost_is_raised_with_its_cause(
    autojump_clock: MockClock, log: Log
) -> None:
    with pytest.raises(th.Shutdown) as caught:
        async with th.open_supervisor(
            "s", max_restarts=0, exhausted="shutdown", observer=log
        ) as sup:
            sup.start_soon(forever, name="other")
            sup.start_soon(crashes(), name="bad")
    assert isinstance(caught.value.__cause__, th.RestartLimitExceeded)
    assert chain(caught.value.__cause__) == [Boom]
    assert log.about("stopped") == ["other 1 stopped"]


# Significant children


async def test_any_significant(autojump_clock: MockClock, log: Log) -> None:
    group = th.Group(
        "g",
        [
            th.Spec(forever, name="a"),
            th.Spec(sleeps(2), name="plain"),
            th.Spec(sleeps(3), name="b", significant=True),
            th.Spec(sleeps(9), name="c", significant=True),
        ],
        auto_shutdown="any_significant",
    )
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(group, name="g")
    assert trio.current_time() == 3
    assert log.lines[-8:] == [
        "s/g over g/b gave-up",
        "g/c 1 stopping",
        "g/c 1 stopped",
        "g/a 1 stopping",
        "g/a 1 stopped",
        "s/g ended",
        "g 1 shutdown",
        "s ended",
    ]
    assert [e.why for e in log.of(th.GaveUp)] == ["auto_shutdown"]
    assert log.of(th.GaveUp)[0].allowed == "the end of a significant child (any_significant)"


async def test_all_significant(autojump_clock: MockClock, log: Log) -> None:
    group = th.Group(
        "g",
        [
            th.Spec(forever, name="a"),
            th.Spec(sleeps(3), name="b", significant=True),
            th.Spec(sleeps(9), name="c", significant=True),
        ],
        auto_shutdown="all_significant",
    )
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(group, name="g")
    assert trio.current_time() == 9
    assert log.about("gave-up") == ["s/g over g/c gave-up"]


@pytest.mark.parametrize("rule", ["any_significant", "all_significant"])
async def test_a_significant_one_that_is_restarted_has_not_ended(
    autojump_clock: MockClock, log: Log, rule: Any
) -> None:
    specs = [
        th.Spec(forever, name="a"),
        th.Spec(crashes(2, after=1, then=sleeps(1)), name="b", significant=True),
    ]
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.Group("g", specs, auto_shutdown=rule), name="g")
    assert trio.current_time() == 3
    assert log.about("restarting") == ["g/b 1 restarting", "g/b 2 restarting"]


async def test_a_significant_temporary_one_ends_it_by_a_crash_too(
    autojump_clock: MockClock, log: Log
) -> None:
    specs = [
        th.Spec(forever, name="a"),
        th.Spec(crashes(after=1), name="b", significant=True, restart="temporary"),
    ]
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.Group("g", specs, auto_shutdown="any_significant"), name="g")
    assert (trio.current_time(), log.about("gave-up")) == (1, ["s/g over g/b gave-up"])


async def test_a_stop_by_hand_of_a_significant_one_ends_nothing(
    autojump_clock: MockClock,
) -> None:
    specs = [th.Spec(forever, name="a"), th.Spec(forever, name="b", significant=True)]
    async with th.open_supervisor("s") as sup:
        child = await sup.start(th.Group("g", specs, auto_shutdown="any_significant"), name="g")
        await child.value.children["b"].stop()
        await trio.sleep(10)
        assert child.state == "ready"
        await child.stop()


async def test_a_significant_one_that_declines_a_restart_ends_nothing(
    autojump_clock: MockClock, log: Log
) -> None:
    async def declines_later(*, task_status: th.TaskStatus[None]) -> None:
        if trio.current_time() > 0:
            raise th.Ignore
        task_status.started()
        await trio.sleep(1)
        raise Boom

    specs = [th.Spec(sleeps(9), name="a"), th.Spec(declines_later, name="b", significant=True)]
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.Group("g", specs, auto_shutdown="any_significant"), name="g")
    assert (trio.current_time(), log.about("gave-up")) == (9, [])
    assert log.about("ignored") == ["g/b 2 ignored"]


async def test_an_outermost_supervisor_shuts_down_for_one(
    autojump_clock: MockClock, log: Log
) -> None:
    with pytest.raises(th.Shutdown) as caught:
        async with th.open_supervisor("s", auto_shutdown="any_significant", observer=log) as sup:
            sup.start_soon(slow_to_stop(1), name="a")
            sup.start_soon(sleeps(1), name="b", significant=True)
            await trio.sleep_forever()
    assert caught.value.__cause__ is None
    assert (trio.current_time(), log.about("stopped")) == (2, ["a 1 stopped"])


async def test_the_shutdown_of_a_group_may_end_the_group_around_it(
    autojump_clock: MockClock, log: Log
) -> None:
    inner = th.Group(
        "i", [th.Spec(sleeps(1), name="x", significant=True)], auto_shutdown="any_significant"
    )
    outer = th.Group(
        "o",
        [th.Spec(forever, name="a"), th.Spec(inner, name="in", significant=True)],
        auto_shutdown="all_significant",
    )
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(outer, name="out")
    assert trio.current_time() == 1
    assert log.about("gave-up", "shutdown") == [
        "s/out/in over out/in/x gave-up",
        "out/in 1 shutdown",
        "s/out over out/in gave-up",
        "out 1 shutdown",
    ]


# Strategies


async def test_one_for_all(autojump_clock: MockClock, started: Started, log: Log) -> None:
    specs = [started.spec("a"), started.spec("b", crashes(1, after=1)), started.spec("c")]
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(th.Group("g", specs, strategy="one_for_all"), name="g")
        assert started.take() == "+a +b +c"
        await trio.sleep(2)
        assert started.take() == "-b -c -a +a +b +c"
        assert child.value.statistics().restarts == 1
        await child.stop()
    assert log.about("restarting") == ["g/b 1 restarting"]


async def test_rest_for_one(autojump_clock: MockClock, started: Started, log: Log) -> None:
    specs = [started.spec("a"), started.spec("b", crashes(1, after=1)), *map(started.spec, "cd")]
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(th.Group("g", specs, strategy="rest_for_one"), name="g")
        started.take()
        await trio.sleep(2)
        assert started.take() == "-b -d -c +b +c +d"
        await child.stop()


@pytest.mark.parametrize(
    ("strategy", "again"), [("one_for_all", "abcd"), ("rest_for_one", "bcd"), ("one_for_one", "b")]
)
async def test_dynamic_children_belong_to_the_group(
    autojump_clock: MockClock, log: Log, strategy: Any, again: str
) -> None:
    async with th.open_supervisor("s", strategy=strategy, observer=log) as sup:
        await sup.start(forever, name="a")
        await sup.start(crashes(1, after=1), name="b")
        await sup.start(forever, name="c")
        sup.start_soon(forever, name="d")
        await trio.sleep(2)
        assert "".join(n for n, c in sup.children.items() if c.incarnation == 2) == again
        assert all(child.state == "ready" for child in sup.children.values())
        sup.cancel_scope.cancel()
    taken_along = [name for name in reversed(again) if name != "b"]
    stops = [event for event in log.of(th.ChildStopping) if event.time == 1]
    assert [event.path[-1] for event in stops] == taken_along
    assert {event.reason for event in stops} <= {"restart of 's/b' (Boom: number 1)"}


async def test_children_started_while_the_group_restarts_come_after_it(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", strategy="one_for_all", observer=log) as sup:
        await sup.start(slow_to_start(3), name="a")
        await sup.start(crashes(1, after=1), name="b")
        await trio.sleep(2)
        assert sup.children["a"].state == "starting"
        sup.start_soon(forever, name="c")
        await sup.start(forever, name="d")
        assert trio.current_time() == 7
        assert [c.incarnation for c in sup.children.values()] == [2, 2, 1, 1]
        sup.cancel_scope.cancel()


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_temporary_siblings_are_stopped_and_forgotten(
    autojump_clock: MockClock, strategy: Any
) -> None:
    async with th.open_supervisor("s", strategy=strategy) as sup:
        await sup.start(crashes(1, after=1), name="a")
        temporary = await sup.start(forever, name="b", restart="temporary")
        await sup.start(forever, name="c")
        await trio.sleep(2)
        assert list(sup.children) == ["a", "c"]
        assert (temporary.state, temporary.incarnation) == ("stopped", 1)
        with pytest.raises(th.StartFailed):
            await temporary.wait("ready")
        await sup.start(forever, name="b")
        sup.cancel_scope.cancel()


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_group_restart_revives_who_had_ended(
    autojump_clock: MockClock, log: Log, strategy: Any
) -> None:
    async with th.open_supervisor("s", strategy=strategy, observer=log) as sup:
        await sup.start(crashes(1, after=2), name="a")
        await sup.start(sleeps(1), name="b")
        await trio.sleep(1.5)
        assert sup.children["b"].state == "stopped"
        await trio.sleep(1)
        assert [c.incarnation for c in sup.children.values()] == [2, 2]
        sup.cancel_scope.cancel()


async def test_a_failed_start_in_a_group_restart_counts_and_is_tried_again(
    autojump_clock: MockClock, log: Log
) -> None:
    flaky = fails_from_the_second_on(2)
    specs = [th.Spec(crashes(1, after=1), name="a"), th.Spec(flaky, name="b")]
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(th.Group("g", specs, strategy="rest_for_one"), name="g")
        await trio.sleep(2)
        assert {n: c.state for n, c in child.value.children.items()} == {"a": "ready", "b": "ready"}
        assert child.incarnation == 1
        await child.stop()
    assert log.about("restarting") == ["g/a 1 restarting", "g/b 2 restarting", "g/b 3 restarting"]


def fails_from_the_second_on(times: int) -> Callable[..., Awaitable[None]]:
    lives: list[int] = []

    async def flaky(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(1)
        if 1 < len(lives) <= 1 + times:
            raise Boom
        task_status.started()
        await trio.sleep_forever()

    return flaky


async def test_one_for_all_counts_once_for_the_group(autojump_clock: MockClock) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", strategy="one_for_all", max_restarts=2) as sup:
            for name in "abc":
                sup.start_soon(forever, name=name)
            sup.start_soon(crashes(after=1), name="bad")
    assert (trio.current_time(), chain(caught.value)) == (3, [Boom] * 3)


# Needs and channel ends


async def test_needs_inside_a_group(autojump_clock: MockClock, log: Log) -> None:
    seen: list[str] = []

    async def reader(*, db: str) -> None:
        seen.append(f"reads {db}")
        await trio.sleep_forever()

    group = th.Group(
        "g",
        [
            th.Spec(resource("db", seen), name="db"),
            th.Spec(reader, name="reader", needs={"db": "db"}),
            th.Spec(forever, name="other", after=["reader"]),
        ],
    )
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(group, name="g")
        await child.value.children["db"].restart()
        reader_again = child.value.children["reader"]
        await reader_again.wait("ready")
        assert child.value.children["other"].incarnation == 1
        await child.restart()
        await trio.testing.wait_all_tasks_blocked()
        await child.stop()
    assert seen == [
        "db 1 entered",
        "reads db 1",
        "db 1 left",
        "db 2 entered",
        "reads db 2",
        "db 2 left",
        "db 3 entered",
        "reads db 3",
        "db 3 left",
    ]


async def test_a_child_whose_need_was_declined_fails_the_group(
    autojump_clock: MockClock,
) -> None:
    async def declines(*, task_status: th.TaskStatus[str]) -> None:
        raise th.Ignore

    async def reader(*, db: str) -> None:
        await trio.sleep_forever()

    specs = [th.Spec(declines, name="db"), th.Spec(reader, name="reader", needs={"db": "db"})]
    async with th.open_supervisor("s") as sup:
        with pytest.raises(th.StartFailed) as caught:
            await sup.start(th.Group("g", specs), name="g")
    assert caught.value.path == "s/g/reader"
    assert caught.value.reason == "what it needs (db='s/g/db') is stopped"


async def produce(send: th.SendChannel[int]) -> None:
    for number in range(3):
        await send.send(number)


async def test_channel_ends_of_its_children(autojump_clock: MockClock) -> None:
    got: list[int] = []

    async def consume(receive: th.ReceiveChannel[int]) -> None:
        got.extend([number async for number in receive])

    send, receive = th.open_channel(int, 0)
    group = th.Group(
        "g", [th.Spec(consume, receive, name="consume"), th.Spec(produce, send, name="produce")]
    )
    async with th.open_supervisor("s") as sup:
        child = await sup.start(group, name="g")
    assert (got, child.state) == ([0, 1, 2], "stopped")
    for call in (lambda: send.send_nowait(1), receive.receive_nowait):
        with pytest.raises(trio.ClosedResourceError):
            call()


async def test_an_end_survives_the_crashes_of_its_child(autojump_clock: MockClock) -> None:
    got: list[int] = []

    async def consume(receive: th.ReceiveChannel[int]) -> None:
        async for number in receive:
            got.append(number)
            if number == 1:
                raise Boom

    send, receive = th.open_channel(int, 0)
    specs = [th.Spec(consume, receive), th.Spec(produce, send)]
    async with th.open_supervisor("s") as sup:
        sup.start_soon(th.Group("g", specs), name="g")
    assert got == [0, 1, 2]


# Bad input


def test_two_of_one_name() -> None:
    with pytest.raises(th.DuplicateNameError, match=r"group 'g': it has two children 'forever'"):
        th.Group("g", [th.Spec(forever), th.Spec(forever)])
    with pytest.raises(th.DuplicateNameError):
        th.Group("g", [th.Spec(forever, name="a"), th.Spec(sleeps(1), name="a")])


@pytest.mark.parametrize(
    "spec",
    [
        th.Spec(forever, name="a", needs={"x": "a"}),
        th.Spec(forever, name="a", needs={"x": "later"}),
        th.Spec(forever, name="a", after=["a"]),
        th.Spec(forever, name="a", after=["later"]),
    ],
)
def test_needs_of_what_is_not_declared_before(spec: th.Spec) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        th.Group("g", [spec, th.Spec(forever, name="later")])
    assert "which is not declared before it" in caught.value.problem
    assert caught.value.cure == "declare what is needed first"
    assert caught.value.subject == "group 'g'"


def test_significant_without_auto_shutdown() -> None:
    spec = th.Spec(forever, name="a", significant=True)
    with pytest.raises(th.ConfigurationError) as caught:
        th.Group("g", [spec])
    assert (
        caught.value.problem == "child 'a' is significant, but the group never shuts down for one"
    )


async def test_significant_under_a_supervisor_without_auto_shutdown(
    autojump_clock: MockClock,
) -> None:
    async with th.open_supervisor("s") as sup:
        calls: list[Callable[..., Any]] = [sup.start, sup.start_soon]
        for call in calls:
            with pytest.raises(th.ConfigurationError, match="never shuts down for one"):
                await call(forever, significant=True)
        assert sup.children == {}


@pytest.mark.parametrize("option", ["strategy", "auto_shutdown", "exhausted"])
@pytest.mark.parametrize("word", ["sometimes", "", None, "ONE_FOR_ALL"])
async def test_unknown_words(autojump_clock: MockClock, option: str, word: Any) -> None:
    options: dict[str, Any] = {option: word}
    with pytest.raises(th.ConfigurationError) as of_group:
        th.Group("g", **options)
    with pytest.raises(th.ConfigurationError) as of_supervisor:
        async with th.open_supervisor("g", **options):
            raise AssertionError("unreachable")
    assert str(of_group.value) == str(of_supervisor.value)
    assert of_group.value.problem == f"{option}={word!r} is not known"
    assert of_group.value.cure.startswith("choose one of '")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"max_restarts": -1}, "max_restarts: -1 is not a count"),
        ({"max_restarts": True}, "max_restarts: True is not a count"),
        ({"within": 0}, "within: 0 is not a period"),
    ],
)
def test_limits(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(th.ConfigurationError, match=sentence):
        th.Group("g", **options)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": ""}, r"component '': name='' is no name"),
        ({"name": "a/b"}, r"component 'a/b': name='a/b' is no name"),
        ({"restart": "always"}, r"component 'forever': restart='always' is no restart type"),
        ({"grace": -1}, r"component 'forever': grace=-1 is no duration"),
        ({"backoff": 1}, r"component 'forever': backoff=1 is no Backoff"),
        ({"background": 1}, r"component 'forever': background=1 is no yes or no"),
        ({"significant": True, "restart": "permanent"}, r"never ends for good; make it transient"),
    ],
)
def test_options_of_a_spec(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(th.ConfigurationError, match=sentence):
        th.Spec(forever, **options)


def test_what_is_no_component() -> None:
    nothing: Any = 7
    with pytest.raises(th.ComponentTypeError, match="7 is not callable"):
        th.Spec(nothing)


def test_a_spec_is_named_by_its_function() -> None:
    assert th.Spec(forever).name == "forever"
    assert th.Spec(sleeps(1)).name == "sleeper"
    assert th.Spec(forever, name="x").name == "x"


@pytest.mark.parametrize("ends", ["shutdown", "policy"])
async def test_a_member_that_is_not_tried_again_does_not_hold_up_the_others(
    autojump_clock: MockClock, ends: str
) -> None:
    starts: list[str] = []

    async def flaky(*, task_status: th.TaskStatus[None]) -> None:
        starts.append("flaky")
        if len(starts) > 1:
            raise th.Shutdown if ends == "shutdown" else KeyError("again")
        task_status.started()
        await trio.sleep_forever()

    async def crashes_once() -> None:
        await trio.sleep(1)
        if len(starts) == 1:
            raise ValueError("once")

    with trio.fail_after(100):
        async with th.open_supervisor(strategy="one_for_all") as sup:
            await sup.start(crashes_once, name="a")
            await sup.start(flaky, name="f", restart={KeyError: "temporary"})
            last = await sup.start(trio.sleep, 3, name="c")
    assert trio.current_time() == 4
    assert last.incarnation == 2


async def test_a_policy_that_fails_itself_restarts_and_is_told(autojump_clock: MockClock) -> None:
    def policy(error: Exception) -> Any:
        raise ZeroDivisionError("in the policy")

    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor(max_restarts=1) as sup:
            sup.start_soon(_crashes, name="c", restart=policy)
    notes = caught.value.exceptions[0].__notes__
    assert any("policy of 'supervisor/c' raised ZeroDivisionError" in note for note in notes)


async def _crashes() -> None:
    await trio.sleep(1)
    raise ValueError("crash")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: th.Group("a/b"), "'a/b' is no name"),
        (lambda: th.Group("g", cancel_grace=-1), "cancel_grace=-1"),
        (lambda: th.Pool("p", th.Spec(trio.sleep), cancel_grace=-1), "cancel_grace=-1"),
        (lambda: th.Spec(trio.sleep, after="abc"), "after='abc'"),
    ],
)
def test_bad_options_are_refused_where_they_are_given(
    make: Callable[[], object], sentence: str
) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        make()
    assert sentence in str(caught.value)


@pytest.mark.parametrize(("start", "seconds"), [("in_order", 6), ("parallel", 4)])
async def test_children_start_in_order_or_at_once(
    autojump_clock: MockClock, start: th.Start, seconds: float
) -> None:
    """At once is as soon as what each one needs is ready."""
    group = th.Group(
        "g",
        [
            th.Spec(slow_to_start(2), name="a"),
            th.Spec(slow_to_start(2), name="b", after=["a"]),
            th.Spec(slow_to_start(2), name="c"),
        ],
        start=start,
    )
    async with th.open_supervisor() as sup:
        await sup.start(group)
        assert trio.current_time() == seconds
        sup.cancel_scope.cancel()


async def test_a_failure_of_one_that_starts_at_once_stops_the_others(
    autojump_clock: MockClock, log: Log
) -> None:
    async def fails(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        raise Boom

    group = th.Group("g", [th.Spec(forever, name="a"), th.Spec(fails, name="b")], start="parallel")
    async with th.open_supervisor("s", observer=log) as sup:
        with pytest.raises(th.StartFailed, match="'s/g/b'"):
            await sup.start(group)
    assert "g/a 1 stopped" in log.lines


def test_a_start_that_is_no_word_is_refused() -> None:
    loosely: Any = th.Group
    with pytest.raises(th.ConfigurationError, match=r"start='all' is not known; choose one of 'in"):
        loosely("g", start="all")
