"""Components as classes: one instance for each incarnation."""

from __future__ import annotations

import abc
import dataclasses
import functools
import itertools
import math
from collections.abc import AsyncGenerator, Callable
from typing import Any, cast

import attrs
import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import Boom, Log, chain, sleeps

SEEN: list[str] = []
"""What the components of these tests say; emptied before each."""


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN.clear()


def say(what: str) -> None:
    SEEN.append(f"{what} at {trio.current_time():g}")


class Says(th.Component):
    """A component that says what is done to it."""

    async def setup(self) -> None:
        await trio.lowlevel.checkpoint()
        say("setup")

    async def run(self) -> None:
        say("run")
        try:
            await trio.sleep_forever()
        finally:
            say("ended")

    async def teardown(self) -> None:
        await trio.lowlevel.checkpoint()
        say("teardown")


class Crashes(Says):
    """One that crashes after a second."""

    async def run(self) -> None:
        say("run")
        await trio.sleep(1)
        raise Boom("in run")


# What it is made of: each kind of class, with an argument, a default and state of its own.


class Plain(th.Component):
    def __init__(self, step: int, start: int = 10) -> None:
        self.step = step
        self.total = start

    async def run(self) -> None:
        self.total += self.step
        await trio.sleep(1)
        raise Boom


@attrs.define
class Defined(th.Component):
    step: int
    total: int = 10

    async def run(self) -> None:
        self.total += self.step
        await trio.sleep(1)
        raise Boom


@attrs.define(slots=False, eq=False)
class WithoutSlots(th.Component):
    step: int
    total: int = 10

    async def run(self) -> None:
        self.total += self.step
        await trio.sleep(1)
        raise Boom


@dataclasses.dataclass
class Data(th.Component):
    step: int
    total: int = 10

    async def run(self) -> None:
        self.total += self.step
        await trio.sleep(1)
        raise Boom


@dataclasses.dataclass(slots=True)
class SlottedData(th.Component):
    step: int
    total: int = 10

    async def run(self) -> None:
        self.total += self.step
        await trio.sleep(1)
        raise Boom


@attrs.frozen
class Frozen(th.Component):
    step: int
    totals: list[int] = attrs.field(factory=lambda: [10])

    @property
    def total(self) -> int:
        return sum(self.totals)

    async def run(self) -> None:
        self.totals.append(self.step)
        await trio.sleep(1)
        raise Boom


@pytest.mark.parametrize("cls", [Plain, Defined, WithoutSlots, Data, SlottedData, Frozen])
async def test_each_incarnation_is_an_instance_of_its_own(
    autojump_clock: MockClock, cls: Callable[..., Any]
) -> None:
    async with th.open_supervisor() as sup:
        child: th.Child[Any] = sup.start_soon(cls, 5)
        await child.wait("ready")
        first = child.value
        assert (type(first), first.total) == (cls, 15)
        await trio.sleep(1.5)
        assert child.incarnation == 2
        assert child.value is not first
        assert child.value.total == 15
        await child.stop()


async def test_a_class_without_a_constructor(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(Says, name="says")
        assert isinstance(child.value, Says)
        await trio.sleep(2)
        await child.stop()
    assert SEEN == ["setup at 0", "run at 0", "ended at 2", "teardown at 2"]
    assert log.lines == ["says 1 ready", "says 1 stopping", "says 1 stopped", "s ended"]


async def test_the_name_is_that_of_the_class(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        children = [await sup.start(Says), sup.start_soon(Says)]
        assert [child.path.rpartition("/")[2] for child in children] == ["Says", "Says-2"]
        sup.cancel_scope.cancel()


# Refused before anything starts


async def test_an_instance_is_refused(autojump_clock: MockClock) -> None:
    made = cast("Any", Says())
    message = (
        r"component 'Says': it is an instance, which would be used again after a restart, with all "
        r"it holds by then; give the class and its arguments, \(Says, arg\), not \(Says\(arg\)\)"
    )
    async with th.open_supervisor() as sup:
        with pytest.raises(th.ComponentTypeError, match=message):
            await sup.start(made)
        with pytest.raises(th.ComponentTypeError, match=message):
            sup.start_soon(made)
        assert sup.children == {}
    with pytest.raises(th.ComponentTypeError, match=message):
        th.Spec(made)
    with pytest.raises(th.ComponentTypeError, match=message):
        th.Harness().add(made)


class Callable_(th.Component):  # noqa: N801 - it is about what it can do
    async def __call__(self) -> None:
        raise AssertionError("unreachable")


async def test_an_instance_that_can_be_called_is_refused_too(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        with pytest.raises(th.ComponentTypeError, match="it is an instance"):
            await sup.start(Callable_())
        with pytest.raises(th.ComponentTypeError, match="it is an instance"):
            await sup.start(functools.partial(Callable_()))


class NotAsync(th.Component):
    def run(self) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        raise AssertionError("unreachable")


class Generates(th.Component):
    async def setup(self) -> AsyncGenerator[None]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        yield


class ChecksAtOnce(th.Component):
    def check_health(self) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        raise AssertionError("unreachable")


class TakesStatus(th.Component):
    def __init__(self, *, task_status: th.TaskStatus[None]) -> None:
        raise AssertionError("unreachable")


class Abstract(th.Component, abc.ABC):
    @abc.abstractmethod
    async def step(self) -> None: ...


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (NotAsync, r"'NotAsync': its run\(\) is no async function; write `async def run\(self\)`"),
        (Generates, r"'Generates': its setup\(\) is no async function; .* do not yield in it"),
        (ChecksAtOnce, r"'ChecksAtOnce': its check_health\(\) is no async function"),
        (TakesStatus, r"'TakesStatus': it takes a task_status, but is ready when its setup\(\)"),
        (Abstract, r"'Abstract': it is abstract: it lacks step; define that"),
    ],
)
async def test_a_class_that_cannot_be_run_is_refused(
    autojump_clock: MockClock, cls: Callable[..., Any], message: str
) -> None:
    async with th.open_supervisor() as sup:
        with pytest.raises(th.ComponentTypeError, match=message):
            sup.start_soon(cls)
        assert sup.children == {}


async def test_wrong_arguments_are_a_failed_start(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        with pytest.raises(TypeError, match="argument"):
            await sup.start(cast("Any", Plain))


# setup


class SlowToSetUp(Says):
    async def setup(self) -> None:
        await trio.sleep(3)


async def test_it_is_ready_when_setup_has_returned(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(SlowToSetUp)
        assert trio.current_time() == 3
        assert isinstance(child.value, SlowToSetUp)
        await child.stop()
    assert SEEN == ["run at 3", "ended at 3", "teardown at 3"]


class FailsToSetUp(Says):
    async def setup(self) -> None:
        await trio.sleep(1)
        raise Boom("in setup")


async def test_a_failure_of_setup_is_a_failed_start(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        with pytest.raises(Boom, match="in setup"):
            await sup.start(FailsToSetUp)
        assert sup.children == {}
    assert SEEN == []  # neither run nor teardown
    assert log.about("ready") == []


async def test_a_failure_of_setup_is_left_to_the_policy_by_start_soon(
    autojump_clock: MockClock, log: Log
) -> None:
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=2, observer=log) as sup:
            sup.start_soon(FailsToSetUp, name="c")
    assert log.about("crashed") == ["c 1 crashed", "c 2 crashed", "c 3 crashed"]
    assert SEEN == []


class Declines(Says):
    async def setup(self) -> None:
        await trio.lowlevel.checkpoint()
        raise th.Ignore


async def test_setup_may_decline_to_start(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(Declines)
        assert child.state == "stopped"
    assert SEEN == []


async def test_a_start_that_takes_too_long_says_where_it_stood(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        with pytest.raises(
            th.StartFailed, match=r"waiting at .*test_component_class.* in SlowToSetUp.setup"
        ):
            await sup.start(SlowToSetUp, start_within=2)
        assert trio.current_time() == 2
    assert SEEN == []


class CleansUpItsSetup(Says):
    async def setup(self) -> None:
        try:
            await trio.sleep(10)
        finally:
            async with th.cleanup():
                await trio.sleep(1)
                say("undone")


async def test_stopped_in_setup(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(CleansUpItsSetup, name="c")
        await trio.sleep(3)
        await child.stop()
    assert SEEN == ["undone at 4"]
    assert log.lines == ["c 1 stopping", "c 1 stopped", "s ended"]


class CannotBeStoppedInSetup(Says):
    async def setup(self) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(2)


async def test_stopped_in_setup_and_set_up_all_the_same(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(CannotBeStoppedInSetup, name="c")
        await trio.sleep(1)
        await child.stop()
    assert SEEN == ["teardown at 2"]  # run did not begin
    assert log.lines == ["c 1 stopping", "c 1 stopped", "s ended"]


async def test_a_start_that_is_cancelled(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        with trio.move_on_after(1):
            await sup.start(SlowToSetUp)
        assert sup.children == {}
    assert SEEN == []


class GivesSomething(Says):
    async def setup(self) -> None:
        await super().setup()
        return cast("None", "something")


async def test_what_setup_returns_is_not_the_value(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(GivesSomething)
        assert isinstance(child.value, GivesSomething)
        await child.stop()


# run


class Returns(Says):
    async def run(self) -> None:
        await trio.sleep(1)


async def test_it_is_done_when_run_returns(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(Returns, name="c")
    assert trio.current_time() == 1
    assert SEEN == ["setup at 0", "teardown at 1"]
    assert log.lines == ["c 1 ready", "c 1 returned", "s ended"]


class OnlyHeld(th.Component):
    async def teardown(self) -> None:
        await trio.sleep(1)
        say("teardown")


async def test_without_a_run_it_is_background(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(sleeps(5), name="worker")
        await sup.start(OnlyHeld, name="held")
    assert SEEN == ["teardown at 6"]
    assert log.about("returned", "stopping", "stopped") == [
        "worker 1 returned",
        "held 1 stopping",
        "held 1 stopped",
    ]


async def test_with_a_run_it_holds_its_supervisor_open(autojump_clock: MockClock) -> None:
    with trio.move_on_after(10):
        async with th.open_supervisor() as sup:
            await sup.start(Says)
    assert SEEN == ["setup at 0", "run at 0", "ended at 10", "teardown at 10"]


@pytest.mark.parametrize(("cls", "background"), [(OnlyHeld, False), (Says, True)])
async def test_background_is_an_option(
    autojump_clock: MockClock, cls: type[th.Component], background: bool
) -> None:
    with trio.move_on_after(10):
        async with th.open_supervisor() as sup:
            await sup.start(cls, background=background)
    assert trio.current_time() == (0 if background else 11)


@pytest.mark.parametrize(("cls", "ends"), [(OnlyHeld, 1), (Returns, 1), (Says, 10)])
async def test_a_function_may_give_a_new_instance(
    autojump_clock: MockClock, cls: type[th.Component], ends: float
) -> None:
    def make() -> Any:
        return cls()

    with trio.move_on_after(10):
        async with th.open_supervisor() as sup:
            child = await sup.start(make)
            assert isinstance(child.value, cls)
    assert trio.current_time() == ends
    assert SEEN[-1] == f"teardown at {ends}"


class Nothing(th.Component):
    """One with nothing of its own."""


async def test_a_class_with_nothing_of_its_own(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(Nothing)
        await trio.sleep(1)
        assert child.state == "ready"
    assert child.state == "stopped"


# A crash of each


class CrashesIn(Says):
    """One that crashes in one of its methods, a second after that was called, so many times."""

    def __init__(self, method: str, times: list[int]) -> None:
        self.method = method
        self.times = times

    async def _may_crash(self, method: str) -> None:
        say(method)
        if method == self.method and self.times:
            self.times.pop()
            await trio.sleep(1)
            raise Boom(f"in {method}")
        await trio.lowlevel.checkpoint()

    async def setup(self) -> None:
        await self._may_crash("setup")

    async def run(self) -> None:
        await self._may_crash("run")
        await trio.sleep(5 if self.method == "teardown" and self.times else 100)

    async def teardown(self) -> None:
        await self._may_crash("teardown")

    async def check_health(self) -> None:
        await self._may_crash("check_health")


@pytest.mark.parametrize(
    ("method", "did"),
    [
        ("setup", ["setup at 0", "setup at 1", "run at 1"]),
        ("run", ["setup at 0", "run at 0", "teardown at 1", "setup at 1", "run at 1"]),
        ("teardown", ["setup at 0", "run at 0", "teardown at 5", "setup at 6", "run at 6"]),
        (
            "check_health",
            [
                "setup at 0",
                "run at 0",
                "check_health at 6",
                "teardown at 7",
                "setup at 7",
                "run at 7",
            ],
        ),
    ],
)
async def test_a_crash_of_each_method_is_restarted_with_another_instance(
    autojump_clock: MockClock, log: Log, method: str, did: list[str]
) -> None:
    made: list[th.Component] = []

    class Kept(CrashesIn):
        async def setup(self) -> None:
            made.append(self)
            await super().setup()

    every = 6 if method == "check_health" else math.inf
    health = th.Health(check_every=every, check_within=2, failure_threshold=1)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(Kept, method, [1], name="c", health=health)
        await trio.sleep(11)
        sup.cancel_scope.cancel()
        assert did == SEEN
    first, second = made
    assert first is not second
    assert log.about("crashed", "restarting") == ["c 1 crashed", "c 1 restarting"]
    exit = log.of(th.ChildEnded)[0].exit
    assert isinstance(exit, th.Crashed)
    error = exit.error.__cause__ if method == "check_health" else exit.error
    assert str(error) == f"in {method}"


# teardown


async def test_teardown_runs_after_a_crash_before_the_restart(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(Crashes, name="c")
        await trio.sleep(1.5)
        await child.stop()
    assert SEEN == [
        "setup at 0",
        "run at 0",
        "teardown at 1",
        "setup at 1",
        "run at 1",
        "teardown at 1.5",
    ]
    assert log.about("crashed", "restarting") == ["c 1 crashed", "c 1 restarting"]


class SlowToTearDown(Says):
    def __init__(self, seconds: float, run: float = float("inf")) -> None:
        self.seconds = seconds
        self.run_for = run

    async def run(self) -> None:
        await trio.sleep(self.run_for)
        raise Boom("in run")

    async def teardown(self) -> None:
        say("begins")
        await trio.sleep(self.seconds)
        say("done")


@pytest.mark.parametrize(
    ("seconds", "seen"), [(3, ["begins at 1", "done at 4"]), (30, ["begins at 1"])]
)
async def test_teardown_has_the_grace(
    autojump_clock: MockClock, log: Log, seconds: float, seen: list[str]
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(SlowToTearDown, seconds, grace=4)
        await trio.sleep(1)
        await child.stop()
        assert trio.current_time() == min(1 + seconds, 5)
    assert SEEN[1:] == seen
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Stopped)
    assert ended.exit.killed == (seconds == 30)
    assert log.about("stuck") == []


async def test_teardown_has_the_grace_after_a_crash_too(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(SlowToTearDown, 30, 1, grace=4, restart="temporary")
        await child.wait("stopped")
        assert trio.current_time() == 5
    assert SEEN == ["setup at 0", "begins at 1"]
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert isinstance(ended.exit.error, Boom)


async def test_a_stop_shortens_a_teardown_that_is_under_way(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(SlowToTearDown, 100, 1, grace=10)
        await trio.sleep(3)
        await child.stop()
        assert trio.current_time() == 11  # the grace that it had is not prolonged
    assert SEEN == ["setup at 0", "begins at 1"]


async def test_with_grace_0_teardown_does_not_run_when_it_is_stopped(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(Says, grace=0)
        await trio.sleep(1)
        await child.stop()
    assert SEEN == ["setup at 0", "run at 0", "ended at 1"]
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Stopped)
    assert (ended.exit.error, ended.exit.killed) == (None, True)


@pytest.mark.parametrize("cls", [Crashes, Returns])
async def test_with_grace_0_teardown_does_not_run_when_it_ends_by_itself(
    autojump_clock: MockClock, cls: type[th.Component]
) -> None:
    async with th.open_supervisor() as sup:
        await sup.start(cls, grace=0, restart="temporary")
    assert trio.current_time() == 1
    assert "teardown at 1" not in SEEN


async def test_killed_it_has_no_teardown(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(Says, restart="temporary")
        await trio.sleep(1)
        child.kill()
        await child.wait("stopped")
    assert SEEN == ["setup at 0", "run at 0", "ended at 1"]
    assert child.last_error is not None


async def test_killed_in_teardown(autojump_clock: MockClock) -> None:
    async with th.open_supervisor() as sup, trio.open_nursery() as nursery:
        child = await sup.start(SlowToTearDown, 100, grace=200)
        nursery.start_soon(child.stop)
        await trio.sleep(1)
        child.kill()
        await child.wait("stopped")
        assert trio.current_time() == 1
    assert SEEN == ["setup at 0", "begins at 0"]


class SpendsItsGrace(Says):
    async def run(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await trio.sleep(100)


class CrashesLate(Says):
    async def run(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await trio.sleep(100)
            raise Boom("too late")


@pytest.mark.parametrize("cls", [SpendsItsGrace, CrashesLate])
async def test_run_may_spend_the_grace_so_that_there_is_no_teardown(
    autojump_clock: MockClock, log: Log, cls: type[th.Component]
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(cls, grace=4)
        await child.stop()
        assert trio.current_time() == 4
    assert SEEN == ["setup at 0"]
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Stopped)
    assert ended.exit.killed
    assert isinstance(ended.exit.error, Boom) == (cls is CrashesLate)  # it is not lost


class FailsToTearDown(Says):
    async def teardown(self) -> None:
        await trio.lowlevel.checkpoint()
        raise OSError("in teardown")


async def test_what_teardown_raises_while_stopped_is_reported_only(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child = await sup.start(FailsToTearDown)
        await child.stop()
        assert sup.unclean == (child.path,)
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Stopped)
    assert isinstance(ended.exit.error, OSError)


class FailsTwice(FailsToTearDown):
    async def run(self) -> None:
        await trio.sleep(1)
        raise Boom("in run")


async def test_a_crash_is_not_lost_when_teardown_raises_too(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(FailsTwice, restart="temporary")
        await child.wait("stopped")
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert isinstance(ended.exit.error, OSError)
    assert isinstance(ended.exit.error.__context__, Boom)


class ReturnsAndFails(FailsToTearDown):
    async def run(self) -> None:
        await trio.sleep(1)


async def test_what_teardown_raises_after_a_return_is_a_crash(
    autojump_clock: MockClock, log: Log
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(ReturnsAndFails, name="c", restart="temporary")
    assert log.about("returned", "crashed") == ["c 1 crashed"]


# The shield comes first


class HoldsANursery(Says):
    async def serve(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            say("served")

    async def setup(self) -> None:
        # As long as the component: left in teardown, by the same task.
        self.manager = trio.open_nursery()
        self.nursery = await self.manager.__aenter__()
        self.nursery.start_soon(self.serve)

    async def teardown(self) -> None:
        await trio.sleep(2)
        say("goodbye")
        self.nursery.cancel_scope.cancel()
        await self.manager.__aexit__(None, None, None)


async def test_what_setup_has_opened_is_not_cancelled_before_teardown(
    autojump_clock: MockClock,
) -> None:
    async with th.open_supervisor() as sup:
        child = await sup.start(HoldsANursery)
        await trio.sleep(1)
        await child.stop()
    assert SEEN == ["run at 0", "ended at 1", "goodbye at 3", "served at 3"]


class ManyTasks(Says):
    async def crash(self) -> None:
        await trio.sleep(1)
        raise Boom

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(self.crash)


async def test_run_may_open_a_nursery(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(ManyTasks, restart="temporary")
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert set(chain(ended.exit.error)) == {Boom}
    assert SEEN == ["setup at 0", "teardown at 1"]


async def test_a_cancellation_from_outside_is_an_ordered_stop(autojump_clock: MockClock) -> None:
    with trio.move_on_after(1):
        async with th.open_supervisor() as sup:
            await sup.start(SlowToTearDown, 2, name="first")
            await sup.start(SlowToTearDown, 1, name="second")
    assert SEEN[2:] == ["begins at 1", "done at 2", "begins at 2", "done at 4"]


# With the rest of supervision


@attrs.define
class Worker(th.Component):
    numbers: th.ReceiveChannel[int]
    total: int = 0

    async def run(self) -> None:
        async for number in self.numbers:
            if number < 0:
                raise Boom
            self.total += number
            SEEN.append(f"{number}, {self.total}")


@attrs.define
class Source(th.Component):
    numbers: th.SendChannel[int]
    last: int

    async def run(self) -> None:
        for number in range(1, self.last):
            await self.numbers.send(number)


async def test_channel_ends_are_handed_over_as_fresh_clones(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 10)
    async with th.open_supervisor() as sup:
        child = sup.start_soon(Worker, receive)
        await trio.testing.wait_all_tasks_blocked()
        first = child.value.numbers
        with send:
            for number in (1, 2, -1, 3):
                await send.send(number)
            await trio.testing.wait_all_tasks_blocked()
            assert child.value.numbers is not first
            assert child.value.numbers is not receive
    assert SEEN == ["1, 1", "2, 3", "3, 3"]  # nothing is left of the first total
    assert child.state == "complete"


async def test_a_pipeline_of_classes_ends_by_itself(autojump_clock: MockClock) -> None:
    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor() as sup:
        sup.start_soon(functools.partial(Source, last=4), send)
        sup.start_soon(Worker, receive)
    assert SEEN == ["1, 1", "2, 3", "3, 6"]


class Pool(th.Component):
    numbers = itertools.count(1)

    def __init__(self) -> None:
        self.number = next(Pool.numbers)

    async def run(self) -> None:
        await trio.sleep_forever()


@attrs.define(kw_only=True)
class Client(th.Component):
    pool: Pool

    async def setup(self) -> None:
        await trio.lowlevel.checkpoint()
        say(f"with {self.pool.number}")

    async def teardown(self) -> None:
        await trio.lowlevel.checkpoint()
        say(f"without {self.pool.number}")


async def test_needs_are_the_live_instances_by_keyword(autojump_clock: MockClock) -> None:
    Pool.numbers = itertools.count(1)
    async with th.open_supervisor() as sup:
        pool = await sup.start(Pool, background=True)
        client = await sup.start(Client, needs={"pool": pool})
        assert client.value.pool is pool.value
        await trio.sleep(1)
        pool.kill()
        await trio.sleep(1)
        assert client.value.pool is pool.value
        assert client.restarts == 0
    assert SEEN == ["with 1 at 0", "without 1 at 1", "with 2 at 1", "without 2 at 2"]


class Beats(Says):
    async def run(self) -> None:
        for _ in range(3):
            await trio.sleep(4)
            th.beat()
        await trio.sleep_forever()


async def test_it_is_watched_for_beats(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(Beats, health=th.Health(beat_within=5), restart="temporary")
    assert trio.current_time() == 17
    (ended,) = log.of(th.ChildEnded)
    assert isinstance(ended.exit, th.Crashed)
    assert isinstance(ended.exit.error, th.ChildSilent)
    assert "in Beats.run" in str(ended.exit.error)
    assert SEEN == ["setup at 0", "teardown at 17"]


class Feeds(Says):
    def __init__(self, numbers: th.SendChannel[int]) -> None:
        self.numbers = numbers

    async def run(self) -> None:
        for number in itertools.count(1):
            await self.numbers.send(number)
            await trio.sleep(1)


class FeedsUntilDrained(Feeds):
    async def run(self) -> None:
        with th.stop_on_drain():
            await super().run()
        await self.numbers.send(100)


@pytest.mark.parametrize(("cls", "last"), [(Feeds, "2, 3"), (FeedsUntilDrained, "100, 103")])
async def test_a_source_is_cancelled_or_told_when_its_tree_drains(
    autojump_clock: MockClock, cls: Callable[..., Any], last: str
) -> None:
    send, receive = th.open_channel(int, 5)
    async with th.open_supervisor() as sup:
        sup.start_soon(cls, send)
        sup.start_soon(Worker, receive)
        await trio.sleep(1.5)
        sup.drain()
    assert trio.current_time() == 1.5
    assert "teardown at 1.5" in SEEN
    assert [line for line in SEEN if "at" not in line][-1] == last


async def test_in_a_group(autojump_clock: MockClock) -> None:
    Pool.numbers = itertools.count(1)
    group = th.Group(
        "g",
        [
            th.Spec(Pool, name="pool"),
            th.Spec(Client, needs={"pool": "pool"}),
            th.Spec(Crashes, restart="permanent"),
        ],
        strategy="one_for_all",
    )
    async with th.open_supervisor() as sup:
        child = await sup.start(group)
        await trio.sleep(1.5)
        await child.stop()
    assert [line for line in SEEN if "with" in line] == [
        "with 1 at 0",
        "without 1 at 1",
        "with 2 at 1",
        "without 2 at 1.5",
    ]


async def test_as_the_template_of_a_pool(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(SlowToTearDown, 1)) as pool:
        one = await pool.start()
        two = await pool.start()
        assert one.value is not two.value
        await trio.sleep(1)
        await two.stop()
        await one.stop()
    assert SEEN == [
        "setup at 0",
        "setup at 0",
        "begins at 1",
        "done at 2",
        "begins at 2",
        "done at 3",
    ]


def test_in_a_harness() -> None:
    app = th.Harness("app", observer=Log())
    out, into = app.channel(int, 4)
    held = app.add(OnlyHeld)
    app.add(Worker, into, after=[held])
    app.add(functools.partial(Source, last=4), out)
    assert held.background
    app.run()
    assert SEEN[:3] == ["1, 1", "2, 3", "3, 6"]
    assert SEEN[3].startswith("teardown")
