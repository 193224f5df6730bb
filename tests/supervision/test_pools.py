"""Pools: identical children on demand, each of them restarted by itself."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trioharness as th
from tests.supervision._kit import (
    Boom,
    Log,
    chain,
    crashes,
    deaf,
    forever,
    sleeps,
    slow_to_start,
    slow_to_stop,
)


class Calls:
    """A component that notes its arguments and crashes as often as it is told to."""

    def __init__(self, crashes: int = 0) -> None:
        self.seen: list[tuple[object, ...]] = []
        self.left = crashes

    async def serve(self, *args: object, task_status: th.TaskStatus[tuple[object, ...]]) -> None:
        self.seen.append(args)
        task_status.started(args)
        if self.left:
            self.left -= 1
            await trio.sleep(1)
            raise Boom(f"with {args}")
        await trio.sleep_forever()


async def test_arguments_are_appended_to_those_of_the_template(autojump_clock: MockClock) -> None:
    calls = Calls()
    async with th.open_pool(th.Spec(calls.serve, "db", 1)) as pool:
        one = await pool.start("x", "y")
        two = await pool.start()
        assert one.value == ("db", 1, "x", "y")
        assert two.value == ("db", 1)
        pool.cancel_scope.cancel()
    assert calls.seen == [("db", 1, "x", "y"), ("db", 1)]


async def test_an_instance_restarts_alone_and_with_its_own_arguments(
    autojump_clock: MockClock, log: Log
) -> None:
    calls = Calls(crashes=2)
    async with th.open_pool(th.Spec(calls.serve, "t"), "p", observer=log) as pool:
        for name in "abc":
            await pool.start(name, name=name)
        await trio.sleep(2)
        assert {n: c.incarnation for n, c in pool.children.items()} == {"a": 2, "b": 2, "c": 1}
        assert pool.children["a"].value == ("t", "a")
        pool.cancel_scope.cancel()
    assert calls.seen[:3] == [("t", "a"), ("t", "b"), ("t", "c")]
    assert set(calls.seen[3:]) == {("t", "a"), ("t", "b")}
    assert sorted(log.about("restarting")) == ["a 1 restarting", "b 1 restarting"]


async def test_names_and_paths(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(forever), "p", max_children=7) as pool:
        children = [await pool.start() for _ in range(2)]
        children.append(await pool.start(name="mine"))
        assert [child.path for child in children] == ["p/forever-1", "p/forever-2", "p/mine"]
        assert list(pool.children) == ["forever-1", "forever-2", "mine"]
        assert pool.path == "p"
        assert repr(pool) == "<PoolSupervisor 'p': 3 of 7 instances>"
        with pytest.raises(th.ChildExists) as caught:
            await pool.start(name="mine")
        assert (caught.value.state, len(pool.children)) == ("ready", 3)
        with pytest.raises(th.ConfigurationError, match="name='a/b' is no name"):
            await pool.start(name="a/b")
        pool.cancel_scope.cancel()


async def test_the_name_of_the_template_names_the_instances(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(forever, name="client"), "p") as pool:
        taken = await pool.start(name="client-2")
        names: list[str] = []
        for _ in range(3):
            child = await pool.start()
            names.append(child.name)
            await child.stop()
        assert names == ["client-1", "client-3", "client-4"]  # none is given twice
        await taken.stop()


async def test_it_counts_its_instances(autojump_clock: MockClock) -> None:
    spec = th.Spec(crashes(1, after=1), backoff=th.Backoff(5, jitter=0))
    async with th.open_pool(spec, "p") as pool:
        assert pool.statistics() == th.SupervisorStatistics(children=0, running=0, restarts=0)
        first = await pool.start()
        await pool.start()
        await first.wait("restarting")
        assert pool.statistics() == th.SupervisorStatistics(children=2, running=1, restarts=1)
        await first.wait("ready")
        assert pool.statistics() == th.SupervisorStatistics(children=2, running=2, restarts=1)
        await first.stop()  # and is forgotten, with its restarts
        assert pool.statistics() == th.SupervisorStatistics(children=1, running=1, restarts=0)
        pool.cancel_scope.cancel()
    assert pool.statistics().running == 0


async def test_it_names_who_overran_and_whose_clean_up_raised(autojump_clock: MockClock) -> None:
    async def component(how: str) -> None:
        try:
            await trio.sleep_forever()
        finally:
            if how == "raises":
                raise Boom
            with trio.CancelScope(shield=True):
                await trio.sleep(10)

    async with th.open_pool(th.Spec(component, grace=1), "p", observer=Log()) as pool:
        for how in ("raises", "lingers"):
            await pool.start(how, name=how)
        assert (pool.overran, pool.unclean) == ((), ())
        pool.cancel_scope.cancel()
    assert (pool.overran, pool.unclean) == (("p/lingers",), ("p/raises",))


async def test_the_children_are_a_copy(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(forever)) as pool:
        await pool.start()
        before = pool.children
        await pool.start()
        assert (len(before), len(pool.children)) == (1, 2)
        pool.cancel_scope.cancel()


async def test_the_block_waits_for_all_instances(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(trio.sleep)) as pool:
        for seconds in (3, 7, 5):
            await pool.start(seconds)
    assert trio.current_time() == 7


async def test_a_pool_without_instances_ends_at_once(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_pool(th.Spec(forever), "p", observer=log):
        pass
    assert log.lines == ["p ended"]


# How many


async def test_it_is_full(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(trio.sleep), "p", max_children=2) as pool:
        await pool.start(1)
        await pool.start(2)
        with pytest.raises(th.PoolFull) as caught:
            await pool.start(3)
        assert (caught.value.path, caught.value.max_children) == ("p", 2)
        assert str(caught.value) == (
            "pool 'p' has its 2 instances; wait until one ends, or give it a larger max_children"
        )
        assert len(pool.children) == 2
        await trio.sleep(1.5)
        await pool.start(3)
        with pytest.raises(th.PoolFull):
            await pool.start(3)
    assert trio.current_time() == 4.5


@pytest.mark.parametrize("how", ["stop", "crash", "shutdown", "decline", "fail", "cancel"])
async def test_room_again_however_one_ended(autojump_clock: MockClock, how: str) -> None:
    async def component(what: str, *, task_status: th.TaskStatus[None]) -> None:
        match what:
            case "decline":
                raise th.Ignore
            case "fail":
                raise Boom
            case "cancel":
                await trio.sleep_forever()
            case _:
                task_status.started()
        match what:
            case "crash":
                raise Boom
            case "shutdown":
                raise th.Shutdown
            case _:
                await trio.sleep_forever()

    spec = th.Spec(component, restart="temporary" if how == "crash" else "transient")
    async with th.open_pool(spec, max_children=1) as pool:
        with trio.move_on_after(1):
            try:
                child = await pool.start(how)
            except Boom:
                assert how == "fail"
            else:
                if how == "stop":
                    await child.stop()
        await pool.settled()
        assert pool.children == {}
        await pool.start("again")
        with pytest.raises(th.PoolFull):
            await pool.start("again")
        pool.cancel_scope.cancel()


async def test_one_that_restarts_or_backs_off_keeps_its_place(autojump_clock: MockClock) -> None:
    spec = th.Spec(crashes(1), backoff=th.Backoff(10, jitter=0))
    async with th.open_pool(spec, max_children=1) as pool:
        child = await pool.start()
        await child.wait("restarting")
        with pytest.raises(th.PoolFull):
            await pool.start()
        await child.wait("ready")
        assert trio.current_time() == 10
        pool.cancel_scope.cancel()


async def test_one_that_still_starts_counts(autojump_clock: MockClock) -> None:
    full: list[float] = []
    async with th.open_pool(th.Spec(slow_to_start(5)), max_children=1) as pool:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pool.start)
            await trio.sleep(1)
            try:
                await pool.start()
            except th.PoolFull:
                full.append(trio.current_time())
        pool.cancel_scope.cancel()
    assert full == [5]


# What is left of those that ended


@pytest.mark.parametrize("restart", ["transient", "temporary"])
async def test_ended_instances_are_forgotten(autojump_clock: MockClock, restart: Any) -> None:
    async with th.open_pool(th.Spec(trio.sleep, restart=restart)) as pool:
        child = await pool.start(1, name="a")
        await trio.sleep(2)
        assert (pool.children, child.state) == ({}, "stopped")
        with pytest.raises(th.StartFailed, match="it has ended and was forgotten"):
            await child.restart()
        with pytest.raises(th.StartFailed):
            await child.wait("ready")
        await child.stop()
        assert (await pool.start(1, name="a")).state == "ready"


async def test_a_stopped_instance_is_forgotten_too(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(slow_to_stop(2))) as pool:
        child = await pool.start(name="a")
        await child.stop()
        assert (trio.current_time(), pool.children) == (2, {})
        await pool.start(name="a")
        pool.cancel_scope.cancel()


async def test_many_come_and_go(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(trio.sleep), max_children=9) as pool:
        for number in range(200):
            await pool.start(8.5)
            await trio.sleep(1)
            assert len(pool.children) == min(number + 1, 8)


async def test_one_that_declines_is_given_back_and_forgotten(
    autojump_clock: MockClock, log: Log
) -> None:
    async def declines(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(2)
        raise th.Ignore

    async with th.open_pool(th.Spec(declines), "p", observer=log) as pool:
        child = await pool.start()
        assert (child.state, pool.children) == ("stopped", {})
    assert log.lines == ["declines-1 1 ignored", "p ended"]


async def test_a_failed_start_is_the_callers(autojump_clock: MockClock, log: Log) -> None:
    async def fails(*, task_status: th.TaskStatus[None]) -> None:
        await trio.sleep(1)
        raise Boom("no")

    async with th.open_pool(th.Spec(fails), "p", max_restarts=0, observer=log) as pool:
        with pytest.raises(Boom, match="no"):
            await pool.start()
        assert pool.children == {}
    assert log.about("restarting", "gave-up") == []


# Stopping


async def test_all_are_told_at_once(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_pool(th.Spec(slow_to_stop(3)), "p", observer=log) as pool:
        for name in "abc":
            await pool.start(name=name)
        await trio.sleep(1)
        pool.cancel_scope.cancel()
    assert trio.current_time() == 4
    assert log.times("stopping") == [1, 1, 1]
    assert log.times("stopped") == [4, 4, 4]


async def test_they_share_one_grace(autojump_clock: MockClock, log: Log) -> None:
    ends = itertools.cycle([1, 2, 100])

    async def stubborn() -> None:
        seconds = next(ends)
        try:
            await trio.sleep_forever()
        finally:
            async with th.cleanup():
                await trio.sleep(seconds)

    async with th.open_pool(th.Spec(stubborn, grace=4), "p", observer=log) as pool:
        for _ in range(6):
            await pool.start()
        pool.cancel_scope.cancel()
    assert sorted(log.times("stopped")) == [1, 1, 2, 2, 4, 4]


async def test_the_cancel_grace_is_for_all_of_them(autojump_clock: MockClock) -> None:
    spec = th.Spec(slow_to_stop(100), grace=50)
    async with th.open_pool(spec, cancel_grace=3) as pool:
        for _ in range(5):
            await pool.start()
        pool.cancel_scope.cancel()
    assert trio.current_time() == 3


async def test_a_deaf_one_is_waited_for_and_reported(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_pool(th.Spec(deaf(20), grace=2), "p", observer=log) as pool:
        await pool.start(name="a")
        await pool.start(name="b")
        pool.cancel_scope.cancel()
    assert trio.current_time() == 20
    assert sorted(log.about("stuck")) == ["a 1 stuck", "b 1 stuck"]


async def test_after_the_end_it_takes_no_more(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(sleeps(1)), "p") as pool:
        child = await pool.start()
    assert child.state == "stopped"
    for call in (pool.start, pool.settled):
        with pytest.raises(th.SupervisorClosed):
            await call()


async def test_an_error_of_the_body_stops_them(autojump_clock: MockClock, log: Log) -> None:
    with pytest.raises(Boom):
        async with th.open_pool(th.Spec(slow_to_stop(1)), "p", observer=log) as pool:
            await pool.start()
            await pool.start()
            raise Boom
    assert (trio.current_time(), log.times("stopped")) == (1, [1, 1])


# Giving up


async def test_the_limit_is_shared(autojump_clock: MockClock, log: Log) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_pool(
            th.Spec(crashes(after=1)), "p", max_restarts=3, observer=log
        ) as pool:
            for _ in range(4):
                await pool.start()
    assert caught.value.path == "p"
    assert chain(caught.value) == [Boom] * 4
    assert len(log.about("restarting")) == 3


async def test_the_limit_forgets_with_time(autojump_clock: MockClock) -> None:
    async with th.open_pool(
        th.Spec(crashes(5, after=10, then=sleeps(0))), max_restarts=1, within=9
    ) as pool:
        await pool.start()
    assert trio.current_time() == 50


# As a component


async def test_its_value_is_its_supervisor(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(th.Pool("inner", th.Spec(trio.sleep)), name="p")
        pool: th.PoolSupervisor = child.value
        assert isinstance(pool, th.PoolSupervisor)
        assert pool.path == "s/p"
        assert (await pool.start(1, name="a")).path == "s/p/a"
        await trio.sleep(5)
        assert child.state == "ready"
        await child.stop()
        with pytest.raises(th.SupervisorClosed):
            await pool.start(1)


async def test_restarted_it_begins_empty(autojump_clock: MockClock, log: Log) -> None:
    spec = th.Spec(crashes(3, after=1))
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(th.Pool("p", spec, max_restarts=1, max_children=1), name="p")
        first = child.value
        await first.start()
        await child.wait("restarting")
        await child.wait("ready")
        assert child.value is not first
        assert (child.incarnation, dict(child.value.children)) == (2, {})
        await child.value.start()
        await trio.sleep(10)
        assert child.state == "ready"
        await child.stop()
    assert log.about("gave-up") == ["s/p over p/crasher-1 gave-up"]


async def test_exhausted_shutdown(autojump_clock: MockClock, log: Log) -> None:
    pool = th.Pool("p", th.Spec(crashes(after=1)), max_restarts=0, exhausted="shutdown")
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(pool, name="p")
        await child.value.start()
        await child.wait("stopped")
    assert log.about("shutdown", "restarting") == ["p 1 shutdown"]


@pytest.mark.parametrize(("rule", "end"), [("any_significant", 2), ("all_significant", 5)])
async def test_significant_instances(
    autojump_clock: MockClock, log: Log, rule: Any, end: float
) -> None:
    pool = th.Pool("p", th.Spec(trio.sleep, significant=True), auto_shutdown=rule)
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(pool, name="p")
        for seconds in (2, 5, 3):
            await child.value.start(seconds)
    assert trio.current_time() == end
    assert log.about("shutdown") == ["p 1 shutdown"]


async def test_pools_in_a_group(autojump_clock: MockClock, log: Log) -> None:
    async def accept(*, workers: th.PoolSupervisor) -> None:
        for seconds in (1, 2):
            await workers.start(seconds)
        await trio.sleep(5)

    group = th.Group(
        "g",
        [
            th.Spec(th.Pool("workers", th.Spec(trio.sleep)), name="workers"),
            th.Spec(accept, name="accept", needs={"workers": "workers"}, significant=True),
        ],
        strategy="rest_for_one",
        auto_shutdown="any_significant",
    )
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(group, name="g")
    assert trio.current_time() == 5
    assert log.about("returned") == [
        "g/workers/sleep-1 1 returned",
        "g/workers/sleep-2 1 returned",
        "g/accept 1 returned",
    ]


# Channel ends


async def test_ends_of_the_template_and_of_an_instance(autojump_clock: MockClock) -> None:
    async def work(results: th.SendChannel[str], jobs: th.ReceiveChannel[int]) -> None:
        async for number in jobs:
            await results.send(f"{number}")

    send_results, results = th.open_channel(str, 10)
    async with th.open_pool(th.Spec(work, th.as_is(send_results))) as pool:
        for start in (10, 20):
            send, jobs = th.open_channel(int, 10)
            await pool.start(jobs)
            for number in range(start, start + 3):
                await send.send(number)
            send.close()
    send_results.close()
    assert sorted([text async for text in results]) == ["10", "11", "12", "20", "21", "22"]


async def test_the_end_of_an_instance_outlives_its_crash(autojump_clock: MockClock) -> None:
    got: list[int] = []

    async def work(jobs: th.ReceiveChannel[int]) -> None:
        async for number in jobs:
            got.append(number)
            if number == 1:
                raise Boom

    send, jobs = th.open_channel(int, 10)
    async with th.open_pool(th.Spec(work)) as pool:
        await pool.start(jobs)
        for number in range(4):
            await send.send(number)
        send.close()
    assert got == [0, 1, 2, 3]


# Calls from inside


async def test_an_instance_may_start_another(autojump_clock: MockClock, log: Log) -> None:
    async def work(left: int) -> None:
        if left:
            await pool.start(left - 1)

    async with th.open_pool(th.Spec(work), "p", observer=log) as pool:
        await pool.start(2)
    assert len(log.about("returned")) == 3


async def test_not_while_it_starts_itself(autojump_clock: MockClock) -> None:
    async def work(*, task_status: th.TaskStatus[None]) -> None:
        with pytest.raises(th.WouldDeadlock):
            await pool.start()
        task_status.started()

    async with th.open_pool(th.Spec(work)) as pool:
        await pool.start()


async def test_a_cancelled_start_leaves_nothing(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(slow_to_start(10)), max_children=1) as pool:
        with trio.move_on_after(1):
            await pool.start()
        assert (trio.current_time(), pool.children) == (1, {})
        await pool.start()
        pool.cancel_scope.cancel()


# Bad input


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, False])
async def test_no_count(autojump_clock: MockClock, value: Any) -> None:
    with pytest.raises(th.ConfigurationError) as caught:
        th.Pool("p", th.Spec(forever), max_children=value)
    assert str(caught.value) == (
        f"pool 'p': max_children={value!r} is no count; give 1 or more, or None"
    )
    with pytest.raises(th.ConfigurationError, match="max_children"):
        async with th.open_pool(th.Spec(forever), "p", max_children=value):
            raise AssertionError("unreachable")


@pytest.mark.parametrize("template", [forever, None, "forever", [th.Spec(forever)]])
async def test_no_template(autojump_clock: MockClock, template: Any) -> None:
    with pytest.raises(th.ConfigurationError, match=r"is no template; give Spec\(component"):
        th.Pool("p", template)
    with pytest.raises(th.ConfigurationError, match="is no template"):
        async with th.open_pool(template):
            raise AssertionError("unreachable")


@pytest.mark.parametrize(
    "template", [th.Spec(forever, needs={"a": "b"}), th.Spec(forever, after=["b"])]
)
def test_instances_have_no_needs(template: th.Spec) -> None:
    with pytest.raises(th.ConfigurationError, match="instances have no order; give it arguments"):
        th.Pool("p", template)


async def test_significant_without_auto_shutdown(autojump_clock: MockClock) -> None:
    template = th.Spec(forever, significant=True)
    with pytest.raises(th.ConfigurationError, match="the pool never shuts down for one"):
        th.Pool("p", template)
    with pytest.raises(th.ConfigurationError, match="the pool never shuts down for one"):
        async with th.open_pool(template, "p"):
            raise AssertionError("unreachable")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"auto_shutdown": "sometimes"}, "auto_shutdown='sometimes' is not known"),
        ({"exhausted": "panic"}, "exhausted='panic' is not known"),
        ({"max_restarts": -1}, "max_restarts: -1 is not a count"),
        ({"within": 0}, "within: 0 is not a period"),
    ],
)
def test_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(th.ConfigurationError, match=sentence):
        th.Pool("p", th.Spec(forever), **options)


def test_it_has_no_public_constructor() -> None:
    cls: Any = th.PoolSupervisor
    with pytest.raises(TypeError, match="no public constructor"):
        cls()


async def test_wrong_arguments_are_the_callers_error(autojump_clock: MockClock) -> None:
    async with th.open_pool(th.Spec(forever)) as pool:
        call: Callable[..., Awaitable[object]] = pool.start
        with pytest.raises(TypeError):
            await call("one too many")
        assert pool.children == {}
