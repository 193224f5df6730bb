"""Health checks: when they run, what follows from their failures, and what ends them."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import trioharness as th
from tests.supervision._kit import Boom, Log, forever, resource, sleeps, slow_to_start


@attrs.define
class Check:
    """A check that notes when it was called, and fails as often as it is told."""

    failures: float = 0
    takes: float = 0.0
    values: list[object] = attrs.field(factory=list[object])
    times: list[float] = attrs.field(factory=list[float])

    async def __call__(self, value: object) -> None:
        self.values.append(value)
        self.times.append(trio.current_time())
        await trio.sleep(self.takes)
        if len(self.times) <= self.failures:
            raise Boom(f"number {len(self.times)}")


def checked(check: Callable[[Any], Awaitable[None]], **figures: Any) -> th.Health:
    return th.Health(check=check, **{"check_every": 10, "check_within": 2, **figures})


def crash_of(log: Log) -> Exception:
    """The error of the first crash."""
    exit = next(event.exit for event in log.of(th.ChildEnded))
    assert isinstance(exit, th.Crashed)
    return exit.error


async def test_it_is_called_with_the_value_one_period_after_the_last_one_ended(
    autojump_clock: MockClock,
) -> None:
    check = Check(takes=1)
    async with th.open_supervisor() as sup:
        child = await sup.start(resource("db", []), health=checked(check))
        await trio.sleep(35)
        assert check.times == [10, 21, 32]
        assert check.values == ["db 1"] * 3
        assert child.health().condition == "healthy"
        sup.cancel_scope.cancel()


async def test_it_waits_until_the_component_is_ready(autojump_clock: MockClock) -> None:
    check = Check()
    async with th.open_supervisor() as sup:
        sup.start_soon(slow_to_start(100), health=checked(check))
        await trio.sleep(115)
        sup.cancel_scope.cancel()
    assert (check.times, check.values) == ([110], [1])


async def test_a_component_that_is_never_ready_is_never_checked(autojump_clock: MockClock) -> None:
    async def never(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(100)

    check = Check()
    async with th.open_supervisor() as sup:
        sup.start_soon(never, restart="temporary", health=checked(check))
        fails = sup.start_soon(never, name="w", health=checked(check))
        await trio.sleep(50)
        await fails.stop()
    assert check.times == []


async def test_failures_make_it_degraded_and_not_ready_until_a_check_passes(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(forever, name="w", health=checked(Check(failures=2)))
        await trio.sleep(5)
        assert child.health().ready
        await trio.sleep(6)
        assert child.health() == th.ChildHealth(
            path="s/w",
            state=th.State.READY,
            condition=th.Condition.DEGRADED,
            reason="its health check failed: Boom: number 1",
            since=10,
            started=True,
            ready=False,
        )
        await trio.sleep(10)
        health = child.health()
        assert health.reason == "its health check failed 2 times in a row: Boom: number 2"
        assert health.since == 10
        assert health.live
        assert str(sup.health()).startswith("'s' is degraded, not ready\n")
        assert "w  ready, degraded: its health check failed 2" in str(sup.tree())
        await trio.sleep(10)
        assert (child.health().condition, child.health().ready) == ("healthy", True)
        sup.cancel_scope.cancel()
    assert log.about("unwell", "well", "crashed") == ["w 1 unwell", "w 1 unwell", "w 1 well"]
    assert log.of(th.ChildChecked)[0] == th.ChildChecked(
        path="s/w", incarnation=1, time=10, failures=1, failure_threshold=3, error="Boom: number 1"
    )


async def test_so_many_failures_in_a_row_are_a_crash(autojump_clock: MockClock, log: Log) -> None:
    check = Check(failures=3)
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(resource("db", []), name="db", health=checked(check))
        await trio.sleep(35)
        health = child.health()
        assert (health.condition, health.ready) == ("degraded", True)
        assert health.reason == "back for only 5 s: ChildUnhealthy: " + str(crash_of(log))
        await trio.sleep(10)
        sup.cancel_scope.cancel()
    assert log.lines[:7] == [
        "db 1 ready",
        "db 1 unwell",
        "db 1 unwell",
        "db 1 unwell",
        "db 1 crashed",
        "db 1 restarting",
        "db 2 ready",
    ]
    assert log.times("crashed") == [30]
    assert check.times == [10, 20, 30, 40]
    assert check.values == ["db 1"] * 3 + ["db 2"]
    error = crash_of(log)
    assert isinstance(error, th.ChildUnhealthy)
    assert (error.path, error.failures, error.reason) == ("s/db", 3, "Boom: number 3")
    assert isinstance(error.__cause__, Boom)
    assert str(error) == "'s/db' failed its health check 3 times in a row: Boom: number 3"


async def test_one_failure_may_be_enough(autojump_clock: MockClock, log: Log) -> None:
    health = checked(Check(failures=1), failure_threshold=1)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(forever, name="w", restart={th.ChildUnhealthy: "temporary"}, health=health)
    assert log.times("crashed") == [10]
    assert str(crash_of(log)) == "'s/w' failed its health check once: Boom: number 1"


async def test_failures_that_are_not_in_a_row_do_not_add_up(
    autojump_clock: MockClock, log: Log
) -> None:
    numbers = iter(range(1000))

    async def every_third_passes(_: object) -> None:
        await trio.lowlevel.checkpoint()
        if next(numbers) % 3 < 2:
            raise Boom

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(forever, name="w", health=checked(every_third_passes))
        await trio.sleep(605)
        sup.cancel_scope.cancel()
    assert log.about("crashed") == []
    assert (len(log.about("unwell")), len(log.about("well"))) == (40, 20)


async def test_one_that_does_not_return_in_time_is_cancelled_and_has_failed(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(forever, name="w", health=checked(Check(takes=math.inf)))
        await trio.sleep(13)
        health = child.health()
        assert health.reason == "its health check failed: TooSlowError: no answer within 2 s"
        assert health.since == 12
        await trio.sleep(25)
        sup.cancel_scope.cancel()
    assert log.times("unwell") == [12, 24, 36]
    assert log.times("crashed") == [36]
    error = crash_of(log)
    assert isinstance(error, th.ChildUnhealthy)
    assert isinstance(error.__cause__, trio.TooSlowError)


async def test_what_a_late_one_raises_is_not_counted_once_more(
    autojump_clock: MockClock, log: Log
) -> None:
    async def raises_late(_: object) -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Boom

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(forever, name="w", health=checked(raises_late))
        await trio.sleep(23)
        assert "failed: TooSlowError" in child.health().reason
        sup.cancel_scope.cancel()
    assert log.times("unwell") == [12]


async def test_one_that_cannot_be_cancelled_fails_once_a_period_and_ends_the_component(
    autojump_clock: MockClock, log: Log
) -> None:
    async def deaf(_: object) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(100)

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(forever, name="w", health=checked(deaf), grace=5)
        await trio.sleep(40)
        assert (child.state, child.health().live) == ("stopping", False)
        assert child.health().reason.startswith("stuck, its grace is over and it runs on: 's/w' ")
        await trio.sleep(75)
        sup.cancel_scope.cancel()
    assert log.times("unwell") == [12, 22, 32]
    assert log.times("stuck") == [38]
    assert log.times("crashed") == [110]  # it has ended when the last that it had begun has
    assert [event.incarnation for event in log.of(th.ChildReady)] == [1, 2]


async def test_one_that_cannot_be_cancelled_may_come_back(
    autojump_clock: MockClock, log: Log
) -> None:
    async def deaf(_: object) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(15)

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(forever, name="w", health=checked(deaf, failure_threshold=2))
        await trio.sleep(36)
        sup.cancel_scope.cancel()
    assert log.times("unwell") == [12, 22]
    assert log.times("crashed") == [25]


async def test_one_that_waits_for_a_thread_fails_in_time(mock_clock: MockClock, log: Log) -> None:
    gate = threading.Event()

    async def asks(_: object) -> None:
        await trio.to_thread.run_sync(gate.wait)

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(forever, name="w", health=checked(asks))
        for _ in range(4):
            await wait_all_tasks_blocked(0.01)
            mock_clock.jump(10)
        await wait_all_tasks_blocked(0.01)
        gate.set()
        sup.cancel_scope.cancel()
    assert len(log.about("unwell")) == 3
    assert log.about("stopped", "crashed") == ["w 1 stopped"]


@pytest.mark.parametrize("kind", ["function", "manager", "class"])
@pytest.mark.parametrize("deed", ["stop", "kill", "cancel"])
async def test_a_stop_ends_a_check_at_once(autojump_clock: MockClock, kind: str, deed: str) -> None:
    seen: list[str] = []

    async def check(_: object) -> None:
        try:
            await trio.sleep_forever()
        finally:
            seen.append(f"check ended at {trio.current_time():g}")

    async def function() -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await clean_up()

    async def clean_up() -> None:
        await trio.sleep(3)
        seen.append("cleaned up")

    @contextlib.asynccontextmanager
    async def manager() -> AsyncGenerator[None]:
        yield
        await clean_up()

    class Class(th.Component):
        async def teardown(self) -> None:
            await clean_up()

    component = {"function": function, "manager": manager, "class": Class}[kind]
    async with th.open_supervisor() as sup:
        health = checked(check, check_within=100)
        child: th.Child[Any] = await sup.start(component, health=health, background=False)
        await trio.sleep(15)
        match deed:
            case "stop":
                await child.stop()
                assert trio.current_time() == 18
            case "kill":
                child.kill()
                await child.wait("restarting")
                assert seen == ["check ended at 15"]
                sup.cancel_scope.cancel()
            case _:
                sup.cancel_scope.cancel()
    assert seen[0] == "check ended at 15"
    assert deed == "kill" or "cleaned up" in seen


async def test_it_ends_with_the_component(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        health = checked(Check(takes=math.inf), check_within=100)
        sup.start_soon(sleeps(15), name="w", health=health)
    assert trio.current_time() == 15
    assert log.lines == ["w 1 ready", "w 1 returned", "s ended"]


async def test_an_error_of_the_component_is_the_error_it_raised(
    autojump_clock: MockClock, log: Log
) -> None:
    error = Boom("as it is")

    async def crashes() -> None:
        await trio.sleep(15)
        raise error

    async with th.open_supervisor("s", observer=log) as sup:
        health = checked(Check(takes=math.inf), check_within=100)
        sup.start_soon(crashes, restart="temporary", health=health)
    assert crash_of(log) is error


async def test_in_a_drain_nothing_follows_from_it(autojump_clock: MockClock, log: Log) -> None:
    async def consumer(numbers: th.ReceiveChannel[int]) -> None:
        async for _ in numbers:
            await trio.sleep(100)

    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor("s", observer=log) as sup:
        with send:
            await send.send(1)
        sup.start_soon(consumer, receive, name="c", health=checked(Check(failures=math.inf)))
        await trio.sleep(1)
        sup.drain()
        assert not sup.health().ready
    assert len(log.about("unwell")) == 9
    assert log.about("crashed") == []


async def test_an_observer_may_stop_what_is_not_well(autojump_clock: MockClock) -> None:
    told: list[th.Event] = []

    def observer(event: th.Event) -> None:
        told.append(event)
        if isinstance(event, th.ChildChecked):
            sup.cancel_scope.cancel()

    async with th.open_supervisor("s", observer=observer) as sup:
        health = checked(Check(failures=1), failure_threshold=1)
        sup.start_soon(forever, health=health)
    assert [type(event) for event in told if isinstance(event, th.ChildEnded)] == [th.ChildEnded]
    assert trio.current_time() == 10


async def test_a_slow_check_of_what_is_being_stopped_is_nobodys_concern(
    autojump_clock: MockClock, log: Log
) -> None:
    async def deaf(_: object) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(3)
        raise Boom

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(forever, name="w", health=checked(deaf))
        await trio.sleep(11)
        await child.stop()
    assert log.about("unwell", "crashed") == []
    assert trio.current_time() == 13


def not_async(_: object) -> bool:
    return True


async def says_no(_: object) -> bool:
    await trio.lowlevel.checkpoint()
    return False


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (says_no, "TypeError: it returned False; raise to say that something is wrong"),
        (not_async, "TypeError: "),
    ],
)
async def test_what_is_no_check_fails(
    autojump_clock: MockClock, log: Log, check: Any, why: str
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(forever, restart="temporary", health=checked(check))
    assert log.times("crashed") == [30]
    assert log.of(th.ChildChecked)[0].error.startswith(why)


@pytest.mark.parametrize("kind", ["alone", "in a group"])
async def test_an_internal_error_of_trio_is_no_failed_check(kind: str) -> None:
    async def breaks(_: object) -> None:
        await trio.lowlevel.checkpoint()
        error = trio.TrioInternalError("the run is broken")
        raise error if kind == "alone" else ExceptionGroup("", [Boom(), error])

    with pytest.raises(BaseExceptionGroup) as caught:
        async with th.open_supervisor(observer=lambda _: None) as sup:
            sup.start_soon(forever, health=checked(breaks, check_every=0.001))
    assert caught.value.subgroup(trio.TrioInternalError) is not None


async def test_what_is_no_crash_goes_through(autojump_clock: MockClock) -> None:
    async def leaves(_: object) -> None:
        await trio.lowlevel.checkpoint()
        raise SystemExit(3)

    with pytest.raises(BaseExceptionGroup) as caught:
        async with th.open_supervisor(observer=lambda _: None) as sup:
            sup.start_soon(forever, health=checked(leaves))
    assert caught.value.subgroup(SystemExit) is not None


@attrs.define
class Server(th.Component):
    """A component that can be made ill from outside."""

    replies: Iterator[bool]
    asked: list[tuple[float, Server]]

    async def check_health(self) -> None:
        self.asked.append((trio.current_time(), self))
        await trio.lowlevel.checkpoint()
        if not next(self.replies, True):
            raise Boom("no reply")


def make_server(replies: Iterator[bool], asked: list[tuple[float, Server]]) -> Server:
    return Server(replies, asked)


@pytest.mark.parametrize("component", [Server, make_server], ids=["class", "factory"])
async def test_a_class_is_checked_by_itself_each_ten_seconds(
    autojump_clock: MockClock, log: Log, component: Any
) -> None:
    asked: list[tuple[float, Server]] = []
    replies = iter([True, False, False, False])
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(component, replies, asked, name="server")
        first = child.value
        await trio.sleep(51)
        second = child.value
        sup.cancel_scope.cancel()
    assert first is not second
    assert asked == [*((float(time), first) for time in (10, 20, 30, 40)), (50, second)]
    assert log.times("crashed") == [40]
    assert isinstance(crash_of(log), th.ChildUnhealthy)


async def test_the_figures_of_a_class_are_those_of_its_health(
    autojump_clock: MockClock, log: Log
) -> None:
    asked: list[tuple[float, Server]] = []
    health = th.Health(check_every=3, failure_threshold=1)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(
            Server, iter([True, False]), asked, restart="temporary", health=health, background=False
        )
    assert [time for time, _ in asked] == [3, 6]
    assert log.times("crashed") == [6]


async def test_a_check_that_is_given_comes_before_that_of_the_class(
    autojump_clock: MockClock,
) -> None:
    asked: list[tuple[float, Server]] = []
    check = Check()
    async with th.open_supervisor() as sup:
        child = await sup.start(Server, iter(()), asked, health=checked(check))
        await trio.sleep(11)
        assert (asked, check.values) == ([], [child.value])
        sup.cancel_scope.cancel()


async def test_a_class_that_works_is_checked_beside_its_run(
    autojump_clock: MockClock, log: Log
) -> None:
    class Works(th.Component):
        async def run(self) -> None:
            await trio.sleep(95)

        async def check_health(self) -> None:
            await trio.sleep(0.5)

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(Works)
    assert log.lines == ["Works 1 ready", "Works 1 returned", "s ended"]
    assert trio.current_time() == 95


async def test_a_check_is_no_beat_and_silence_is_seen_as_well(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        health = checked(Check(), beat_within=25)
        sup.start_soon(forever, restart="temporary", health=health)
    assert log.times("crashed") == [25]
    assert isinstance(crash_of(log), th.ChildSilent)


async def test_in_groups_and_pools_and_further_up(autojump_clock: MockClock) -> None:
    spec = th.Spec(forever, name="w", health=checked(Check(failures=2)))
    async with th.open_supervisor("s") as sup:
        group = await sup.start(th.Group("g", [spec]), name="g")
        pool = (await sup.start(th.Pool("p", spec), name="p")).value
        await pool.start()
        await trio.sleep(11)
        health = sup.health()
        assert [child.path for child in health.children] == ["s/g/w", "s/p/w-1"]
        assert (health.condition, health.started, health.ready, health.live) == (
            "degraded",
            True,
            False,
            True,
        )
        assert group.health().reason.startswith("'s/g/w' inside of it: its health check failed")
        assert (group.health().ready, group.health().started) == (False, True)
        assert pool.health().ready is False
        sup.cancel_scope.cancel()


async def test_a_check_of_a_supervisor_is_given_it(autojump_clock: MockClock, log: Log) -> None:
    async def is_busy(workers: th.Supervisor) -> None:
        await trio.lowlevel.checkpoint()
        if not workers.children:
            raise Boom("nobody works")

    group = th.Group("g", stay=True)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(group, name="g", restart="temporary", health=checked(is_busy))
    assert log.of(th.ChildChecked)[-1].error == "Boom: nobody works"


async def test_every_kind_of_component_can_be_checked(autojump_clock: MockClock, log: Log) -> None:
    async def work() -> None:
        await trio.lowlevel.checkpoint()

    check = Check()
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.every(1, work), health=checked(check))
        await trio.sleep(11)
        sup.cancel_scope.cancel()
    assert check.values == [None]


async def test_without_checks_nobody_watches(autojump_clock: MockClock) -> None:
    class Plain(th.Component):
        async def run(self) -> None:
            await trio.sleep_forever()

    async with th.open_supervisor() as sup:
        await wait_all_tasks_blocked()
        tasks = trio.lowlevel.current_statistics().tasks_living
        await sup.start(Plain, health=th.Health(check_every=5))
        await wait_all_tasks_blocked()
        statistics = trio.lowlevel.current_statistics()
        assert statistics.tasks_living == tasks + 1
        assert statistics.seconds_to_next_deadline == math.inf
        sup.cancel_scope.cancel()


async def test_who_checks_is_gone_when_the_component_has_ended(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        await wait_all_tasks_blocked()
        tasks = trio.lowlevel.current_statistics().tasks_living
        child = await sup.start(resource("db", []), health=checked(Check()))
        await trio.sleep(25)
        await child.stop()
        await wait_all_tasks_blocked()
        statistics = trio.lowlevel.current_statistics()
        assert (statistics.tasks_living, statistics.seconds_to_next_deadline) == (tasks, math.inf)


async def test_checks_for_never_are_none(autojump_clock: MockClock) -> None:
    check = Check()
    async with th.open_supervisor() as sup:
        sup.start_soon(forever, health=checked(check, check_every=math.inf))
        await trio.sleep(10**6)
        sup.cancel_scope.cancel()
    assert check.times == []


async def test_one_that_passes_when_its_component_was_told_to_end_tells_nothing(
    autojump_clock: MockClock,
) -> None:
    log = Log()
    answers: Iterator[Callable[[], None]]

    async def check(_value: object) -> None:
        next(answers)()

    def fails() -> None:
        raise Boom("not well")

    async with th.open_supervisor(observer=log) as sup:
        child = await sup.start(forever, name="w", restart="temporary", health=checked(check))
        answers = iter([fails, child.kill])
        await trio.sleep(20)
    assert log.of(th.ChildEnded)
    assert [event.failures for event in log.of(th.ChildChecked)] == [1]
