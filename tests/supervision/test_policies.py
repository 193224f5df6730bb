"""What is asked for beyond a restart type: policies, ends on purpose, parking, calls by hand."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
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
    forever,
    line,
    sleeps,
    slow_to_start,
    slow_to_stop,
)

# Policies by error


def raises(*errors: Exception) -> Callable[[], Awaitable[None]]:
    """Return a component that raises one after the other, a second after each start."""
    left = list(errors)

    async def raiser() -> None:
        await trio.sleep(1)
        if left:
            raise left.pop(0)

    return raiser


class Lost(ConnectionError): ...


POLICY: dict[type[Exception], Any] = {
    ConnectionError: "permanent",
    LookupError: "temporary",
    ValueError: "transient",
}

POLICIES: list[tuple[list[Exception], int]] = [
    ([ConnectionError()], 2),
    ([Lost(), ConnectionError()], 3),
    ([ValueError(), Lost()], 3),
    ([TypeError()], 2),
    ([KeyError(), ConnectionError()], 1),
    ([ConnectionError(), KeyError(), ConnectionError()], 2),
    ([ExceptionGroup("", [Lost(), ConnectionError()])], 2),
    ([ExceptionGroup("", [KeyError(), IndexError()])], 1),
    ([ExceptionGroup("", [KeyError(), TypeError()])], 2),
    ([], 1),
]


@pytest.mark.parametrize(("errors", "lives"), POLICIES)
async def test_a_restart_type_for_each_error(
    autojump_clock: MockClock, errors: list[Exception], lives: int
) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(raises(*errors), name="c", restart=POLICY)
    assert (child.incarnation, child.restarts) == (lives, lives - 1)
    assert trio.current_time() == lives


@pytest.mark.parametrize(("errors", "lives"), POLICIES)
async def test_the_same_as_a_function(
    autojump_clock: MockClock, errors: list[Exception], lives: int
) -> None:
    asked: list[Exception] = []

    def policy(error: Exception) -> Any:
        asked.append(error)
        temporary = all(issubclass(kind, LookupError) for kind in chain(error))
        return "temporary" if temporary else "permanent"

    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(raises(*errors), name="c", restart=policy)
    assert child.incarnation == lives
    assert asked == errors[: len(asked)]
    assert len(asked) == min(lives, len(errors))


async def test_a_policy_is_asked_about_a_kill(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(forever, name="c", restart={th.ChildKilled: "temporary"})
        child.kill()
        await child.wait("stopped")
        assert child.restarts == 0


async def test_a_child_that_a_policy_left_down_stays_known(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        component = raises(KeyError())
        child = await sup.start(component, name="c", restart={KeyError: "temporary"})
        await child.wait("stopped")
        assert list(sup.children) == ["c"]
        await child.start()
        assert child.incarnation == 2


async def test_a_policy_in_a_spec(autojump_clock: MockClock, log: Log) -> None:
    spec = th.Spec(raises(Lost(), KeyError()), name="c", restart=POLICY)
    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(th.Group("g", [spec]), name="g")
    assert log.about("restarting") == ["g/c 1 restarting"]
    assert trio.current_time() == 2


@pytest.mark.parametrize(
    "policy",
    [
        {ConnectionError: "always"},
        {"ConnectionError": "permanent"},
        {ConnectionError(): "permanent"},
        {BaseException: "permanent"},
        {KeyboardInterrupt: "permanent"},
        {int: "permanent"},
        {ConnectionError: None},
        7,
        None,
        "always",
    ],
)
async def test_no_policy(autojump_clock: MockClock, policy: Any) -> None:
    async with th.open_supervisor("s") as sup:
        calls: list[Callable[..., Any]] = [sup.start, sup.start_soon]
        for call in calls:
            with pytest.raises(th.ConfigurationError) as caught:
                await call(forever, restart=policy)
            assert caught.value.problem == f"restart={policy!r} is no restart type"
            assert "give one for each type of exception" in caught.value.cure
        assert sup.children == {}


# Declining to start


async def declines(*, task_status: th.TaskStatus[str]) -> None:
    await trio.sleep(1)
    raise th.Ignore


def declines_after(times: int) -> Callable[..., Awaitable[None]]:
    """Return a component that declines to start once it has run so often."""
    lives: list[int] = []

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        if len(lives) == times:
            raise th.Ignore
        lives.append(1)
        task_status.started()
        await trio.sleep(1)
        raise Boom

    return component


@pytest.mark.parametrize("restart", ["transient", "permanent"])
async def test_one_that_declines_is_stopped_and_kept(
    autojump_clock: MockClock, log: Log, restart: Any
) -> None:
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child = await sup.start(declines, name="c", restart=restart)
        assert (child.state, child.incarnation, child.last_error) == ("stopped", 1, None)
        assert list(sup.children) == ["c"]
        with pytest.raises(th.ChildNotReady):
            _ = child.value
        await child.start()
        assert (child.state, child.incarnation) == ("stopped", 2)
    assert log.lines == ["c 1 ignored", "c 2 ignored", "s ended"]
    assert log.of(th.ChildEnded)[0].ready is False


async def test_a_temporary_one_that_declines_is_forgotten(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(declines, name="c", restart="temporary")
        assert (child.state, sup.children) == ("stopped", {})


async def test_started_soon_it_holds_nothing_open(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        sup.start_soon(declines, name="c", restart="permanent")
    assert (trio.current_time(), log.lines) == (1, ["c 1 ignored", "s ended"])


async def test_it_may_decline_a_restart(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        child: th.Child[Any] = await sup.start(declines_after(2), name="c", restart="permanent")
        await child.wait("stopped")
        assert child.incarnation == 3
    assert log.about("restarting", "ignored") == [
        "c 1 restarting",
        "c 2 restarting",
        "c 3 ignored",
    ]


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_declining_in_a_group_restart_is_no_failed_attempt(
    autojump_clock: MockClock, log: Log, strategy: Any
) -> None:
    async with th.open_supervisor("s", strategy=strategy, observer=log) as sup:
        await sup.start(crashes(1, after=0.5), name="a")
        await sup.start(declines_after(1), name="b")
        await sup.start(forever, name="c")
        await trio.sleep(3)
        assert {n: (c.state, c.incarnation) for n, c in sup.children.items()} == {
            "a": ("ready", 2),
            "b": ("stopped", 2),
            "c": ("ready", 2),
        }
        sup.cancel_scope.cancel()
    assert log.about("restarting") == ["a 1 restarting"]


async def test_a_restart_by_hand_may_be_declined(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child: th.Child[Any] = await sup.start(declines_after(1), name="c")
        await child.restart()
        assert (child.state, child.incarnation) == ("stopped", 2)


async def test_after_it_is_ready_that_is_a_crash(autojump_clock: MockClock, log: Log) -> None:
    async def late() -> None:
        await trio.sleep(1)
        raise th.Ignore

    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=1, observer=log) as sup:
            sup.start_soon(late, name="c")
    assert chain(caught.value) == [th.Ignore] * 2
    assert log.about("crashed", "ignored") == ["c 1 crashed", "c 2 crashed"]


async def test_a_context_manager_may_decline_to_be_entered(autojump_clock: MockClock) -> None:
    @contextlib.asynccontextmanager
    async def manager() -> AsyncGenerator[None]:
        if trio.current_time() < 100:
            raise th.Ignore
        yield

    async with th.open_supervisor("s", max_restarts=0) as sup:
        child = await sup.start(manager, name="c")
        assert child.state == "stopped"


async def test_what_needs_one_that_declined_cannot_start(autojump_clock: MockClock) -> None:
    async def reader(*, db: str) -> None:
        await trio.sleep_forever()

    async with th.open_supervisor("s") as sup:
        db = await sup.start(declines, name="db")
        with pytest.raises(th.StartFailed) as caught:
            await sup.start(reader, name="r", needs={"db": db})
    assert caught.value.reason == "what it needs (db='s/db') is stopped"


async def test_declining_while_it_is_stopped_is_a_stop(autojump_clock: MockClock, log: Log) -> None:
    async def component(*, task_status: th.TaskStatus[None]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise th.Ignore

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(component, name="c")
        await child.wait("starting")
        await child.stop()
        assert child.state == "stopped"
    assert log.about("stopped", "ignored", "crashed") == ["c 1 stopped"]


# Ending on purpose


def shuts_down(term: object = None, *, after: float = 1) -> Callable[[], Awaitable[None]]:
    async def component() -> None:
        await trio.sleep(after)
        raise th.Shutdown(term)

    return component


@pytest.mark.parametrize(
    ("restart", "again"), [("permanent", True), ("transient", False), ("temporary", False)]
)
async def test_only_a_permanent_one_is_restarted(
    autojump_clock: MockClock, log: Log, restart: Any, again: bool
) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(shuts_down("done"), name="c", restart=restart)
        await trio.sleep(1.5)
        sup.cancel_scope.cancel()
    assert log.of(th.ChildEnded)[0].exit == th.ShutDown("done")
    assert log.about("restarting") == (["c 1 restarting"] if again else [])
    assert [event.because for event in log.of(th.ChildRestarting)] == (
        ["it ended on purpose"] if again else []
    )


async def test_a_permanent_one_spends_its_restarts(autojump_clock: MockClock) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=1) as sup:
            sup.start_soon(shuts_down(), name="c", restart="permanent")
    assert chain(caught.value) == [th.UnexpectedReturn] * 2


async def test_a_policy_is_not_asked_about_it(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(
            shuts_down(), name="c", restart={th.Shutdown: "permanent", Exception: "permanent"}
        )
    assert child.restarts == 0


async def test_before_it_is_ready_and_started_soon(autojump_clock: MockClock, log: Log) -> None:
    async def component(*, task_status: th.TaskStatus[None]) -> None:
        raise th.Shutdown("early")

    async with th.open_supervisor("s", observer=log) as sup:
        sup.start_soon(component, name="c")
    event = log.of(th.ChildEnded)[0]
    assert (event.exit, event.ready) == (th.ShutDown("early"), False)
    assert log.lines == ["c 1 shutdown", "s ended"]


async def test_in_a_restart(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", observer=log) as sup:
        await sup.start(crashes(1, then=shuts_down()), name="c")
    assert log.about("crashed", "restarting", "shutdown") == [
        "c 1 crashed",
        "c 1 restarting",
        "c 2 shutdown",
    ]


async def test_while_it_is_stopped_that_is_a_stop(autojump_clock: MockClock, log: Log) -> None:
    async def component() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise th.Shutdown("late")

    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(component, name="c", restart="permanent")
        await child.stop("enough")
    assert [event.exit for event in log.of(th.ChildEnded)] == [th.Stopped("enough")]


async def test_out_of_a_context_manager(autojump_clock: MockClock, log: Log) -> None:
    @contextlib.asynccontextmanager
    async def manager() -> AsyncGenerator[None]:
        raise th.Shutdown("not today")
        yield

    async with th.open_supervisor("s", observer=log) as sup:
        child = sup.start_soon(manager, name="c")
        await child.wait("stopped")
    assert [event.exit for event in log.of(th.ChildEnded)] == [th.ShutDown("not today")]


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_on_purpose_takes_nobody_along(
    autojump_clock: MockClock, log: Log, strategy: Any
) -> None:
    async with th.open_supervisor("s", strategy=strategy, observer=log) as sup:
        await sup.start(shuts_down(), name="a")
        await sup.start(sleeps(3), name="b")
    assert log.about("shutdown", "returned", "stopped") == ["a 1 shutdown", "b 1 returned"]


# Parking


def known(log: Log) -> list[str]:
    """All lines but those of parking, which the kit has none for."""
    return [line(event) for event in log.events if not isinstance(event, th.ChildParked)]


async def test_a_parked_child_stays_down_and_the_others_go_on(
    autojump_clock: MockClock, log: Log
) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor(
            "s", max_restarts=2, within=10, exhausted="park", observer=log
        ) as sup:
            bad = sup.start_soon(crashes(after=1), name="bad")
            other = sup.start_soon(sleeps(20), name="other")
            assert await bad.wait("parked") == "parked"
            assert (trio.current_time(), bad.state, bad.restarts) == (3, "parked", 2)
            assert bad.last_error is not None
            assert bad.last_error.startswith("Boom: number 3")
            await trio.sleep(10)
            assert (other.state, bad.incarnation) == ("ready", 3)
    assert trio.current_time() == 20
    assert log.of(th.ChildParked) == [
        th.ChildParked(path="s/bad", incarnation=3, time=3, allowed="2 restarts in 10 s")
    ]
    assert log.of(th.GaveUp) == []
    assert known(log)[-2:] == ["other 1 returned", "s ended"]
    assert caught.value.path == "s"
    assert [str(error) for error in caught.value.exceptions] == [
        "number 1",
        "number 2",
        "number 3",
    ]
    assert caught.value.exceptions[0].__notes__ == ["s/bad, incarnation 1, 2.000 s before the last"]


async def test_a_parked_child_holds_nothing_open(autojump_clock: MockClock) -> None:
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=0, exhausted="park") as sup:
            sup.start_soon(crashes(after=4), name="bad")
    assert trio.current_time() == 4


async def test_the_errors_of_all_that_are_parked(autojump_clock: MockClock) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor("s", max_restarts=0, exhausted="park") as sup:
            sup.start_soon(raises(KeyError()), name="a")
            sup.start_soon(crashes(after=2), name="b")
            sup.start_soon(sleeps(3), name="c")
    assert chain(caught.value) == [KeyError, Boom]


async def test_parking_gives_the_others_all_restarts_again(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s", max_restarts=1, within=1000, exhausted="park") as sup:
        bad = await sup.start(crashes(2, after=1), name="bad")
        other = await sup.start(crashes(1, after=5, then=sleeps(1)), name="other")
        await bad.wait("parked")
        await other.wait("stopped")
        assert other.incarnation == 2
        await bad.delete()


async def test_a_restart_by_hand_revives(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", max_restarts=1, exhausted="park", observer=log) as sup:
        child = sup.start_soon(crashes(2, after=1), name="c")
        await child.wait("parked")
        await trio.sleep(5)
        await child.restart()
        assert (child.state, child.incarnation, child.restarts) == ("ready", 3, 1)
        await child.stop()
        assert child.state == "stopped"
    assert known(log).count("c 3 ready") == 1


async def test_a_start_by_hand_revives_too(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s", max_restarts=0, exhausted="park") as sup:
        child = sup.start_soon(crashes(1, then=sleeps(3)), name="c")
        await child.wait("parked")
        await child.start()
    assert trio.current_time() == 3


async def test_parked_again(autojump_clock: MockClock, log: Log) -> None:
    with pytest.raises(th.RestartLimitExceeded) as caught:
        async with th.open_supervisor(
            "s", max_restarts=1, within=1000, exhausted="park", observer=log
        ) as sup:
            child = sup.start_soon(crashes(after=1), name="c")
            await child.wait("parked")
            await child.restart()
            await child.wait("parked")
            assert child.incarnation == 4
    assert [event.incarnation for event in log.of(th.ChildParked)] == [2, 4]
    assert [str(error) for error in caught.value.exceptions] == ["number 3", "number 4"]


@pytest.mark.parametrize("how", ["delete", "start", "stop"])
async def test_what_becomes_of_the_errors(autojump_clock: MockClock, how: str) -> None:
    """They are raised at the end, unless somebody has answered them: a stop is no answer."""

    async def body() -> None:
        async with th.open_supervisor("s", max_restarts=0, exhausted="park") as sup:
            child = sup.start_soon(crashes(1, then=sleeps(1)), name="c")
            await child.wait("parked")
            await getattr(child, how)()

    if how == "stop":
        with pytest.raises(th.RestartLimitExceeded):
            await body()
    else:
        await body()


async def test_dependents_wait(autojump_clock: MockClock, log: Log) -> None:
    seen: list[int] = []

    async def db(*, task_status: th.TaskStatus[int]) -> None:
        seen.append(len(seen))
        task_status.started(len(seen))
        await trio.sleep(2)
        if len(seen) < 3:
            raise Boom
        await trio.sleep_forever()

    async def reader(*, db: int) -> None:
        seen.append(db * 100)
        await trio.sleep_forever()

    async with th.open_supervisor("s", max_restarts=0, exhausted="park", observer=log) as sup:
        parked = await sup.start(db, name="db")
        one = await sup.start(reader, name="one", needs={"db": parked})
        other = await sup.start(forever, name="other")
        await parked.wait("parked")
        await one.wait("waiting")
        late = sup.start_soon(reader, name="late", needs={"db": parked})
        await trio.sleep(10)
        assert (one.state, late.state, other.state) == ("waiting", "waiting", "ready")
        assert other.incarnation == 1
        await parked.restart()
        await one.wait("ready")
        await late.wait("ready")
        assert (one.incarnation, late.incarnation, one.restarts) == (2, 1, 0)
        sup.cancel_scope.cancel()
    stopping = log.of(th.ChildStopping)[0]
    assert (stopping.path, stopping.reason) == ("s/one", "'s/db', which it needs, is parked")


async def test_dependents_that_wait_hold_nothing_open(autojump_clock: MockClock, log: Log) -> None:
    async def reader(*, db: None) -> None:
        await trio.sleep_forever()

    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=0, exhausted="park", observer=log) as sup:
            db = await sup.start(crashes(after=2), name="db")
            await sup.start(reader, name="r", needs={"db": db})
    assert trio.current_time() == 2
    assert known(log)[-4:] == ["db 1 crashed", "r 1 stopping", "r 1 stopped", "s ended"]


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_parked_under_a_group_strategy(
    autojump_clock: MockClock, log: Log, strategy: Any
) -> None:
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor(
            "s", strategy=strategy, max_restarts=1, exhausted="park", observer=log
        ) as sup:
            await sup.start(crashes(after=1), name="bad")
            other = await sup.start(sleeps(10), name="other")
            await sup.children["bad"].wait("parked")
            await trio.sleep(1)
            assert (other.state, other.incarnation) == ("ready", 2)
    assert trio.current_time() == 11


async def test_a_group_that_parks(autojump_clock: MockClock, log: Log) -> None:
    group = th.Group(
        "g",
        [th.Spec(crashes(1, after=1), name="bad"), th.Spec(sleeps(3), name="good")],
        max_restarts=0,
        exhausted="park",
    )
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(group, name="g")
        await trio.sleep(2)
        assert child.value.children["bad"].state == "parked"
        await child.wait("restarting")
        await child.wait("ready")
        await child.stop()
    assert [event.path for event in log.of(th.ChildParked)] == ["s/g/bad"]
    first = next(event for event in log.of(th.ChildEnded) if event.path == "s/g")
    assert isinstance(first.exit, th.Crashed)
    assert chain(first.exit.error) == [Boom]


async def test_a_pool_parks_its_instances(autojump_clock: MockClock, log: Log) -> None:
    pool = th.Pool("p", th.Spec(crashes(1, after=1)), max_restarts=0, exhausted="park")
    async with th.open_supervisor("s", observer=log) as sup:
        child = await sup.start(pool, name="p")
        instance = await child.value.start(name="a")
        await instance.wait("parked")
        assert list(child.value.children) == ["a"]
        await instance.restart()
        assert instance.state == "ready"
        await child.stop()


async def test_what_the_body_raises_comes_with_the_errors(autojump_clock: MockClock) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with th.open_supervisor("s", max_restarts=0, exhausted="park") as sup:
            await sup.start_soon(crashes(), name="c").wait("parked")
            raise KeyError
    assert sorted(kind.__name__ for kind in chain(caught.value)) == ["Boom", "KeyError"]


async def test_cancelled_with_one_parked(autojump_clock: MockClock) -> None:
    with pytest.raises(th.RestartLimitExceeded):
        async with th.open_supervisor("s", max_restarts=0, exhausted="park") as sup:
            await sup.start_soon(crashes(), name="c").wait("parked")
            sup.cancel_scope.cancel()


# Start by hand


async def test_start_after_a_stop_and_after_an_end(autojump_clock: MockClock, log: Log) -> None:
    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child: th.Child[Any] = await sup.start(slow_to_start(2), name="c")
        await child.stop()
        await child.start()
        assert (trio.current_time(), child.value, child.restarts) == (4, 2, 0)
        await child.stop()
        ended = await sup.start(sleeps(1), name="e")
        await ended.wait("stopped")
        await ended.start()
        assert (ended.state, ended.incarnation) == ("ready", 2)
    assert log.about("restarting") == []


async def test_a_failed_start_is_the_callers_and_leaves_it_stopped(
    autojump_clock: MockClock, log: Log
) -> None:
    lives: list[int] = []

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        lives.append(1)
        if len(lives) == 2:
            raise Boom
        task_status.started()
        await trio.sleep_forever()

    async with th.open_supervisor("s", max_restarts=0, observer=log) as sup:
        child = await sup.start(component, name="c")
        await child.stop()
        with pytest.raises(Boom):
            await child.start()
        assert (child.state, child.incarnation) == ("stopped", 2)
        assert list(sup.children) == ["c"]
        await child.start()
        assert (child.state, child.incarnation) == ("ready", 3)
        await child.stop()
    assert log.about("restarting", "gave-up") == []


async def test_a_failed_start_by_hand_holds_nothing_open(autojump_clock: MockClock) -> None:
    async def component(*, task_status: th.TaskStatus[None]) -> None:
        if trio.current_time() > 0:
            raise Boom
        task_status.started()
        await trio.sleep(1)

    async with th.open_supervisor("s") as sup:
        child = await sup.start(component, name="c")
        await child.wait("stopped")
        with pytest.raises(Boom):
            await child.start()
    assert trio.current_time() == 1


@pytest.mark.parametrize("call", ["start", "delete"])
async def test_not_stopped(autojump_clock: MockClock, call: str) -> None:
    async with th.open_supervisor("s") as sup:
        ready = await sup.start(forever, name="ready")
        backs_off = sup.start_soon(crashes(1), name="b", backoff=th.Backoff(9, jitter=0))
        waits = sup.start_soon(needs_value, name="w", needs={"value": backs_off})
        await trio.sleep(1)
        for child, state in ((ready, "ready"), (backs_off, "restarting"), (waits, "waiting")):
            with pytest.raises(th.ChildNotStopped) as caught:
                await getattr(child, call)()
            assert (caught.value.path, caught.value.state) == (child.path, state)
            assert str(caught.value) == f"{child.path!r} is {state}; stop it first"
            assert child.state == state
        sup.cancel_scope.cancel()


async def needs_value(*, value: None) -> None:
    await trio.sleep_forever()


async def test_one_that_gave_up_its_channel_ends_is_complete(autojump_clock: MockClock) -> None:
    async def source(send: th.SendChannel[int]) -> None:
        await trio.sleep(1)

    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s") as sup:
        child = await sup.start(source, send, name="c")
        await child.wait("complete")
        for call in (child.start, child.restart):
            with pytest.raises(th.ChildComplete) as caught:
                await call()
            assert caught.value.path == "s/c"
        await child.delete()
        assert sup.children == {}
    receive.close()


@pytest.mark.parametrize("call", ["start", "delete", "restart"])
async def test_after_the_supervisor_has_ended(autojump_clock: MockClock, call: str) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(sleeps(1), name="c")
    with pytest.raises(th.SupervisorClosed):
        await getattr(child, call)()


@pytest.mark.parametrize("call", ["start", "delete", "restart", "stop"])
async def test_a_call_on_a_sibling_while_it_starts(autojump_clock: MockClock, call: str) -> None:
    seen: list[str] = []

    async def component(*, task_status: th.TaskStatus[None]) -> None:
        try:
            await getattr(sibling, call)()
        except th.WouldDeadlock as error:
            seen.append(f"{error.path} {error.wanted}")
        task_status.started()

    async with th.open_supervisor("s") as sup:
        sibling = await sup.start(forever, name="sibling")
        await sibling.stop()
        await sup.start(component, name="c")
    assert seen == [f"s/c {call} a child"]


async def test_a_start_whose_need_is_gone(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        db = await sup.start(forever, name="db")
        reader = await sup.start(needs_value, name="r", needs={"value": db})
        await db.stop()
        for call in (reader.start, reader.restart):
            with pytest.raises(th.StartFailed) as caught:
                await call()
            assert caught.value.reason == "what it needs (value='s/db') is stopped"
        await db.start()
        await reader.start()
        assert reader.state == "ready"
        sup.cancel_scope.cancel()


async def test_start_in_a_drain(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        stopped = await sup.start(forever, name="c")
        await stopped.stop()
        await sup.start(slow_to_stop(1), name="slow")
        sup.drain()
        for call in (stopped.start, stopped.restart):
            with pytest.raises(th.SupervisorClosed):
                await call()


async def test_a_cancelled_start_goes_on(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child: th.Child[Any] = await sup.start(slow_to_start(3), name="c")
        await child.stop()
        with trio.move_on_after(1) as scope:
            await child.start()
        assert scope.cancelled_caught
        assert child.state == "starting"
        await child.wait("ready")
        await child.stop()


# Delete by hand


async def test_a_deleted_child_is_gone_and_its_name_free(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        first = await sup.start(forever, name="c")
        await first.stop()
        with pytest.raises(th.ChildExists) as caught:
            await sup.start(forever, name="c")
        assert caught.value.state == "stopped"
        await first.delete()
        assert sup.children == {}
        with pytest.raises(th.ChildNotFound) as gone:
            await first.delete()
        assert gone.value.path == "s/c"
        second = await sup.start(forever, name="c")
        assert (second.incarnation, first.incarnation) == (1, 1)
        with pytest.raises(th.ChildNotFound):
            await first.delete()
        assert list(sup.children) == ["c"]
        await second.stop()


async def test_delete_closes_its_channel_ends(autojump_clock: MockClock) -> None:
    async def source(send: th.SendChannel[int]) -> None:
        await trio.sleep_forever()

    send, receive = th.open_channel(int, 1)
    async with th.open_supervisor("s") as sup:
        child = await sup.start(source, send, name="c")
        await child.stop()
        with pytest.raises(trio.WouldBlock):
            receive.receive_nowait()
        await child.delete()
        with pytest.raises(trio.EndOfChannel):
            await receive.receive()


async def test_a_forgotten_child_cannot_be_deleted(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = await sup.start(sleeps(1), name="c", restart="temporary")
        await child.wait("stopped")
        with pytest.raises(th.ChildNotFound):
            await child.delete()


# Looking


async def test_a_child_by_its_name(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        one = await sup.start(forever, name="c")
        found = await sup.child("c")
        assert (found.path, found.state, found.value) == (one.path, "ready", None)
        await found.stop()
        assert one.state == "stopped"
        with pytest.raises(th.ChildNotFound) as caught:
            await sup.child("d")
        assert str(caught.value) == "there is no child 's/d', or no longer; start a new one"


async def test_it_waits_for_what_is_under_way(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup, trio.open_nursery() as nursery:
        child = await sup.start(slow_to_stop(3), name="c")
        nursery.start_soon(child.stop)
        await trio.sleep(1)
        assert sup.children["c"].state == "stopping"
        assert (await sup.child("c")).state == "stopped"
        assert trio.current_time() == 3
        nursery.start_soon(start_slowly, sup)
        await trio.sleep(1)
        assert (await sup.child("new")).state == "ready"
        assert trio.current_time() == 8
        await sup.settled()
        assert trio.current_time() == 8
        sup.cancel_scope.cancel()


async def start_slowly(sup: th.Supervisor) -> None:
    await sup.start(slow_to_start(5), name="new")


async def test_settled_waits_for_a_restart_of_the_group(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s", strategy="one_for_all") as sup:
        await sup.start(slow_to_start(2), name="a")
        await sup.start(crashes(1, after=1), name="b")
        await trio.sleep(2)
        await sup.settled()
        assert trio.current_time() == 5
        assert all(child.state == "ready" for child in sup.children.values())
        sup.cancel_scope.cancel()


async def test_settled_does_not_wait_for_a_back_off(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        child = sup.start_soon(crashes(1), name="c", backoff=th.Backoff(10, jitter=0))
        await trio.sleep(1)
        await sup.settled()
        assert (trio.current_time(), child.state) == (1, "restarting")
        sup.cancel_scope.cancel()


async def test_looking_is_a_checkpoint(autojump_clock: MockClock) -> None:
    async with th.open_supervisor("s") as sup:
        for look in (sup.settled, lambda: sup.child("c")):
            with trio.testing.assert_checkpoints(), contextlib.suppress(th.ChildNotFound):
                await look()
            with trio.CancelScope() as scope:
                scope.cancel()
                await look()
            assert scope.cancelled_caught


async def test_looking_too_late(autojump_clock: MockClock) -> None:
    seen: list[float] = []

    async def look(sup: th.Supervisor) -> None:
        await trio.sleep(1)
        for ask in (sup.settled, lambda: sup.child("c")):
            try:
                await ask()
            except th.SupervisorClosed:
                seen.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        async with th.open_supervisor("s") as sup:
            await sup.start(slow_to_stop(3), name="c")
            nursery.start_soon(look, sup)
            nursery.start_soon(sup.children["c"].stop)
            await trio.sleep(2)
            sup.cancel_scope.cancel()
    assert seen == [2, 2]
